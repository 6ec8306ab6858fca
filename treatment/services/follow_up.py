"""Follow-up: forms that come by themselves after a course, and alarms when an answer is bad (T9)."""

from datetime import datetime, timedelta

from hospital.audit.services import record
from hospital.forms.models import Response
from hospital.forms.services import response_start
from hospital.kit.actor import Actor, Role, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging.services import message_send, message_withdraw, patient_tell
from hospital.organisation.models import Staff

from ..models import Alarm, Course, FollowUpTask, Session
from ..parameters import ANSWER_DAYS, CALL_AGAIN_HOURS
from ..states import ALARM, TASK, AlarmStatus, TaskStatus

HOUSE = system("treatment.follow_up")


@within
def plan_begin(course: Course, *, at: datetime) -> None:
    """Write down every form of the item's plan, each on its day."""
    plan = course.item.follow_up
    if plan is None:
        return
    for days in plan.offsets:
        task, created = FollowUpTask.objects.get_or_create(
            course=course,
            questionnaire=plan.questionnaire,
            offset_days=days,
            defaults={"patient_id": course.patient_id, "due_at": at + timedelta(days=days)},
        )
        if created:
            TASK.begin(task, actor=HOUSE, at=at)


def follow_ups_ask(*, at: datetime) -> int:
    """The sweep: ask what is due; let lapse what nobody answered in time."""
    due = FollowUpTask.objects.filter(status=TaskStatus.WAITING, due_at__lte=at).order_by("due_at", "pk")
    done = sum(_ask(task_id=pk, at=at) for pk in due.values_list("pk", flat=True)[:500])
    limit = at - timedelta(days=ANSWER_DAYS.at(at))
    late = FollowUpTask.objects.filter(status=TaskStatus.ASKED, asked_at__lt=limit).order_by("pk")
    return done + sum(_lapse(task_id=pk, at=at) for pk in late.values_list("pk", flat=True)[:500])


def _claimed(task_id: int, status: TaskStatus) -> FollowUpTask | None:
    rows = FollowUpTask.objects.select_for_update(no_key=True, skip_locked=True)
    return rows.filter(pk=task_id, status=status).first()


@entry
def _ask(*, task_id: int, at: datetime) -> int:
    task = _claimed(task_id, TaskStatus.WAITING)
    if task is None:
        return 0
    response = response_start(
        actor=HOUSE,
        questionnaire=task.questionnaire,
        patient_id=task.patient_id,
        because="treatment.follow_up",
        because_id=task.pk,
        at=at,
    )
    TASK.move(task, TaskStatus.ASKED, actor=HOUSE, at=at, asked_at=at, response_id=response.pk)
    patient_tell(
        key=f"treatment.follow_up:{task.pk}",
        patient_id=task.patient_id,
        kind="treatment.follow_up",
        at=at,
        context={"days": task.offset_days, "task_id": task.pk},
        url=f"/forms/{response.pk}/",
    )
    return 1


@entry
def _lapse(*, task_id: int, at: datetime) -> int:
    task = _claimed(task_id, TaskStatus.ASKED)
    if task is None:
        return 0
    TASK.move(task, TaskStatus.LAPSED, actor=HOUSE, at=at)
    message_withdraw(key=f"treatment.follow_up:{task.pk}", at=at)
    return 1


def follow_up_answered(response_id: int, at: datetime) -> None:
    """The form was handed in (a notice of hospital.forms): close the task, and raise an alarm for a bad answer."""
    response = Response.objects.get(pk=response_id)
    task = FollowUpTask.objects.select_for_update(no_key=True).get(response_id=response_id)
    if TASK.allows(task.status, TaskStatus.ANSWERED):
        TASK.move(task, TaskStatus.ANSWERED, actor=HOUSE, at=at, answered_at=at)
        message_withdraw(key=f"treatment.follow_up:{task.pk}", at=at)
    if response.alarms:
        words = [f"{alarm['question']}：{alarm['answer']}" for alarm in response.alarms]
        alarm_raise(
            patient_id=response.patient_id,
            department_id=task.course.department_id,
            words=words,
            response=response,
            at=at,
        )


@within
def alarm_raise(
    *,
    patient_id: int,
    department_id: int,
    words: list[str],
    at: datetime,
    response: Response | None = None,
    session: Session | None = None,
) -> None:
    """Tell the case managers of the department, else of the house; once per handed-in form or session."""
    source = {"response_id": response.pk} if response else {"session": session}
    alarm, created = Alarm.objects.get_or_create(
        **source, defaults={"patient_id": patient_id, "department_id": department_id, "words": words, "raised_at": at}
    )
    if not created:
        return
    ALARM.begin(alarm, actor=HOUSE, at=at)
    managers = Staff.objects.filter(posts__role=Role.CASE_MANAGER, suspended_at=None).distinct()
    near = managers.filter(posts__department_id=department_id)
    for staff in near if near.exists() else managers:
        message_send(
            key=f"treatment.alarm:{alarm.pk}:{staff.account_id}",
            account_id=staff.account_id,
            kind="treatment.alarm",
            at=at,
            context={"count": len(words)},
            patient_id=patient_id,
            url="/staff/follow-up/",
        )


def _alarm(actor: Actor, alarm_id: int) -> Alarm:
    alarm = Alarm.objects.select_for_update(no_key=True, of=("self",)).filter(pk=alarm_id).first()
    if alarm is None or not actor.is_any(Role.CASE_MANAGER):
        raise NotFound
    return alarm


@entry
def alarm_take(*, actor: Actor, alarm_id: int, at: datetime) -> None:
    """This case manager calls now; the others needn't."""
    alarm = _alarm(actor, alarm_id)
    ALARM.move(alarm, AlarmStatus.TAKEN, actor=actor, at=at, taken_at=at, taken_by_id=actor.own_staff_id)
    record(actor, "treatment.alarm_taken", at=at, subject=alarm, patient_id=alarm.patient_id)


@entry
def alarm_unreached(*, actor: Actor, alarm_id: int, at: datetime) -> None:
    """Nobody answered: the alarm comes back, to be called again some hours later."""
    alarm = _alarm(actor, alarm_id)
    again = at + timedelta(hours=CALL_AGAIN_HOURS.at(at))
    ALARM.move(alarm, AlarmStatus.UNREACHED, actor=actor, at=at, tries=alarm.tries + 1, call_again_at=again)
    record(actor, "treatment.alarm_unreached", at=at, subject=alarm, patient_id=alarm.patient_id)


@entry
def alarm_handle(*, actor: Actor, alarm_id: int, what_was_done: str, at: datetime) -> None:
    """The case manager has called, and says what came of it."""
    alarm = _alarm(actor, alarm_id)
    ALARM.move(
        alarm,
        AlarmStatus.HANDLED,
        actor=actor,
        at=at,
        handled_at=at,
        handled_by_id=actor.own_staff_id,
        what_was_done=what_was_done,
    )
    message_withdraw(key=f"treatment.alarm:{alarm.pk}", at=at)
    record(actor, "treatment.alarm_handled", at=at, subject=alarm, patient_id=alarm.patient_id)
