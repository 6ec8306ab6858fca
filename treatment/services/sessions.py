"""One session: arrive, be identified, be paid for, be given, be written down (T5, TR-01..TR-06)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils.translation import gettext

from emr import services as emr
from hospital.audit.services import record
from hospital.forms.services import response_start
from hospital.kit import clock
from hospital.kit.actor import Actor, Role, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.messaging.services import message_send, message_withdraw, patient_tell
from hospital.organisation.models import Staff

from .. import errors, policy
from ..models import Assessment, ClearanceKind, Course, HoldReason, Session, SessionRecord
from ..parameters import ADVERSE_GRADE, MISSED_AFTER_HOURS
from ..selectors.courses import assessment_due
from ..states import COURSE, SESSION, CourseStatus, SessionStatus
from .courses import HOUSE, must_be_paid
from .follow_up import alarm_raise, plan_begin
from .locks import course_locked, session_locked
from .safety import hold_raise, interruption_watch, may_go_on

FEATURES = frozenset({"card", "birth_date", "name", "phone"})  # by which a patient may be identified (TR-06)


@entry
def session_check_in(*, actor: Actor, session_id: int, patient_id: int, at: datetime) -> Session:
    """The patient of the scanned card has arrived for this session (AP-10)."""
    course, session = session_locked(actor, session_id)
    if session.patient_id != patient_id or not policy.may_check_in(session, at):
        raise errors.WrongPatient
    if not policy.can_be_given(course):
        raise errors.OrderStopped
    SESSION.move(session, SessionStatus.ARRIVED, actor=actor, at=at, arrived_at=at)
    message_withdraw(key=f"treatment.reminder:{session.pk}", at=at)
    record(actor, "treatment.check_in", at=at, subject=session, patient_id=session.patient_id)
    return session


@entry
def assessment_begin(*, actor: Actor, assessment_id: int, at: datetime) -> int:
    """Open the form of an assessment; answers the id of its response."""
    assessment = Assessment.objects.select_for_update(no_key=True).filter(pk=assessment_id).first()
    if assessment is None:
        raise NotFound
    course = assessment.course
    if not (policy.works_there(actor, course) or policy.is_its_doctor(actor, course)):
        raise NotFound
    response = response_start(
        actor=actor,
        questionnaire=course.item.assessment_form,
        patient_id=course.patient_id,
        because="treatment.assessment",
        because_id=assessment.pk,
        at=at,
    )
    if assessment.response_id != response.pk:
        assessment.response_id = response.pk
        assessment.save(update_fields=["response_id"])
    return int(response.pk)


@entry
def session_execute(
    *,
    actor: Actor,
    session_id: int,
    identified_by: Collection[str],
    at: datetime,
    second_therapist_id: int | None = None,
    dose_cgy: int | None = None,
    remark: str = "",
    adverse_event: str = "",
    adverse_grade: int | None = None,
) -> SessionRecord:
    """Give a session: fee, releases, identity and assessment are checked once more, then it is written for ever.

    Raises NotArrived, OrderStopped, NotPaid (the second fee check), AllGiven, ConsentMissing, ClearanceMissing,
    IdentityNotConfirmed, SamePerson, AssessmentDue, QuestionsOpen, OnHold, ReviewDue.
    """
    course, session = session_locked(actor, session_id)
    if session.status != SessionStatus.ARRIVED:
        raise errors.NotArrived
    if not policy.can_be_given(course):
        raise errors.OrderStopped
    if course.done >= course.planned:
        raise errors.AllGiven
    must_be_paid(course, given=course.done)
    _must_be_released(course)
    _must_be_identified(actor, course, set(identified_by), second_therapist_id)
    if assessment_due(course, session.number) is not None:
        raise errors.AssessmentDue
    may_go_on(course, session, at)
    written = SessionRecord.objects.create(
        session=session,
        machine=session.machine,
        therapist_id=actor.own_staff_id,
        second_therapist_id=second_therapist_id,
        identified_by=",".join(sorted(identified_by)),
        dose_cgy=dose_cgy,
        remark=remark,
        adverse_event=adverse_event,
        adverse_grade=adverse_grade,
        at=at,
    )
    SESSION.move(session, SessionStatus.DONE, actor=actor, at=at, ended_at=at)
    grave = adverse_grade is not None and adverse_grade >= ADVERSE_GRADE.at(at)
    _count(course, actor, at)
    record(actor, "treatment.execute", at=at, subject=session, patient_id=course.patient_id)
    if grave:
        _alarm(course, session, written, at)
    if adverse_event or grave:
        _tell_doctor(course, session, at)
    return written


def _must_be_released(course: Course) -> None:
    given = set(course.clearances.values_list("kind", flat=True))
    missing = policy.missing_releases(course, given)
    if ClearanceKind.CONSENT in missing:
        raise errors.ConsentMissing
    if missing:
        raise errors.ClearanceMissing(missing="、".join(str(ClearanceKind(kind).label) for kind in missing))


def _must_be_identified(actor: Actor, course: Course, features: set[str], second_id: int | None) -> None:
    if len(features & FEATURES) < 2:
        raise errors.IdentityNotConfirmed
    if not course.item.two_therapists:
        return
    posted = Staff.objects.filter(
        pk=second_id or 0, posts__department_id=course.department_id, posts__role__in=[Role.THERAPIST, Role.NURSE]
    )
    if second_id == actor.staff_id or not posted.exists():
        raise errors.SamePerson


def _count(course: Course, actor: Actor, at: datetime) -> None:
    course.done += 1
    course.save(update_fields=["done"])
    if course.status == CourseStatus.PLACED:
        COURSE.move(course, CourseStatus.RUNNING, actor=actor, at=at)
        emr.order_collect(actor=HOUSE, order_id=course.order_id, at=at)
    if course.done == course.planned:
        COURSE.move(course, CourseStatus.FINISHED, actor=actor, at=at, ended_at=at)
        if not course.order.courses.exclude(status=CourseStatus.FINISHED).exists():
            emr.order_close(actor=HOUSE, order_id=course.order_id, at=at)
        plan_begin(course, at=at)
        patient_tell(
            key=f"treatment.finished:{course.pk}",
            patient_id=course.patient_id,
            kind="treatment.finished",
            at=at,
            context={"item": course.item.name, "planned": course.planned},
            url=f"/treatment/{course.pk}/",
        )


def _alarm(course: Course, session: Session, written: SessionRecord, at: datetime) -> None:
    """A grave reaction: nothing more is given until the doctor lets it, and the case manager calls (TR-04, T5)."""
    grade = gettext("Reaction of grade %(grade)d: %(words)s") % {
        "grade": written.adverse_grade, "words": written.adverse_event,
    }  # fmt: skip
    alarm_raise(patient_id=course.patient_id, department_id=course.department_id, words=[grade], session=session, at=at)
    if not COURSE.is_final(course.status):
        hold_raise(course, HoldReason.ADVERSE, source=f"record:{written.pk}", words=grade, at=at)


def _tell_doctor(course: Course, session: Session, at: datetime) -> None:
    message_send(
        key=f"treatment.adverse:{session.pk}",
        account_id=course.doctor.account_id,
        kind="treatment.adverse",
        at=at,
        context={"number": session.number},
        patient_id=course.patient_id,
        url=f"/staff/treatment/courses/{course.pk}/",
    )


def sessions_mark_missed(*, at: datetime) -> int:
    """The sweep: booked sessions whose time is past were missed; the patient is asked to choose another day."""
    limit = at - timedelta(hours=MISSED_AFTER_HOURS.at(at))
    late = Session.objects.filter(status=SessionStatus.BOOKED, during__endswith__lt=limit).order_by("pk")
    return sum(_mark_missed(session_id=pk, at=at) for pk in late.values_list("pk", flat=True)[:500])


@entry
def _mark_missed(*, session_id: int, at: datetime) -> int:
    course = course_locked(Session.objects.values_list("course_id", flat=True).get(pk=session_id))
    rows = Session.objects.select_for_update(no_key=True, of=("self",)).select_related("course__item")
    session = rows.filter(pk=session_id, status=SessionStatus.BOOKED).first()
    if session is None:
        return 0
    SESSION.move(session, SessionStatus.MISSED, actor=system("treatment.missed"), at=at, ended_at=at)
    message_withdraw(key=f"treatment.reminder:{session.pk}", at=at)
    patient_tell(
        key=f"treatment.missed:{session.pk}",
        patient_id=session.patient_id,
        kind="treatment.missed",
        at=at,
        context={
            "item": session.course.item.name,
            "number": session.number,
            "day": f"{clock.local(session.starts_at):%m-%d}",
        },
        url=f"/treatment/{session.course_id}/",
    )
    interruption_watch(course, at=at)
    return 1
