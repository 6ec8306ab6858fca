"""What holds a course up and who lets it go on: questions, holds, reviews, interruptions (TR-04, TR-05, TR-08, TR-09)."""

from collections.abc import Mapping
from datetime import date, datetime

from hospital.audit.services import record
from hospital.forms.models import Response
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging.services import message_send, message_withdraw
from hospital.organisation.workdays import Calendar

from .. import errors, policy
from ..models import (
    Assessment,
    Category,
    Course,
    Hold,
    HoldReason,
    Interruption,
    Review,
    Screening,
    Session,
    Way,
)
from ..parameters import PROLONGED_DAYS
from ..selectors.safety import review_due
from ..states import COURSE, HOLD, INTERRUPTION, HoldStatus, InterruptionStatus, SessionStatus
from .locks import course_locked, session_locked

HOUSE = system("treatment.safety")


# --- questions and holds ---------------------------------------------------------------------------------------


@entry
def session_screen(*, actor: Actor, session_id: int, answers: Mapping[str, bool], at: datetime) -> Screening:
    """The questions before a session were asked (TR-05). One yes holds the course until its doctor lets it go on."""
    course, session = session_locked(actor, session_id)
    if session.status != SessionStatus.ARRIVED:
        raise errors.NotArrived
    if set(answers) != set(course.item.questions):
        raise errors.QuestionsOpen
    if Screening.objects.filter(session=session).exists():
        raise errors.QuestionsAnswered
    asked = [(question, answers[question]) for question in course.item.questions]
    written = Screening.objects.create(session=session, staff_id=actor.own_staff_id, answers=asked, at=at)
    yes = [question for question, answer in asked if answer]
    if yes:
        hold_raise(course, HoldReason.CONTRAINDICATION, source=f"screening:{written.pk}", words="；".join(yes), at=at)
    record(actor, "treatment.screen", at=at, subject=session, patient_id=course.patient_id)
    return written


@within
def hold_raise(course: Course, reason: HoldReason, *, source: str, words: str, at: datetime) -> None:
    """Stop the course where it is and tell its doctor at once; the same source holds it once."""
    hold, created = Hold.objects.get_or_create(
        course=course, source=source, defaults={"reason": reason, "words": words[:500], "raised_at": at}
    )
    if not created:
        return
    HOLD.begin(hold, actor=HOUSE, at=at)
    message_send(
        key=f"treatment.hold:{hold.pk}",
        account_id=course.doctor.account_id,
        kind="treatment.hold",
        at=at,
        context={},
        patient_id=course.patient_id,
        url=f"/staff/treatment/courses/{course.pk}/",
    )


@entry
def hold_release(*, actor: Actor, hold_id: int, because: str, at: datetime) -> None:
    """The doctor of the course lets it go on, and says why (TR-04, TR-05)."""
    hold = Hold.objects.select_for_update(no_key=True, of=("self",)).select_related("course").filter(pk=hold_id).first()
    if hold is None or not policy.is_its_doctor(actor, hold.course):
        raise NotFound
    HOLD.move(
        hold, HoldStatus.RELEASED, actor=actor, at=at, reason=because,
        released_at=at, released_by_id=actor.own_staff_id, released_because=because,
    )  # fmt: skip
    message_withdraw(key=f"treatment.hold:{hold.pk}", at=at)
    record(actor, "treatment.hold_release", at=at, subject=hold, patient_id=hold.course.patient_id, reason=because)


def assessment_done(response_id: int, at: datetime) -> None:
    """The form was handed in; an answer that alarms holds the course (TR-04: worse, stop, tell the doctor)."""
    Assessment.objects.filter(response_id=response_id, done_at=None).update(done_at=at)
    assessment = Assessment.objects.select_related("course").filter(response_id=response_id).first()
    response = Response.objects.get(pk=response_id)
    if assessment is None or not response.alarms or COURSE.is_final(assessment.course.status):
        return
    words = "；".join(f"{alarm['question']}：{alarm['answer']}" for alarm in response.alarms)
    hold_raise(assessment.course, HoldReason.ASSESSMENT, source=f"assessment:{response_id}", words=words, at=at)


@entry
def review_write(*, actor: Actor, course_id: int, finding: str, at: datetime) -> Review:
    """The doctor saw the patient during the course (TR-09)."""
    course = course_locked(course_id)
    if not policy.is_its_doctor(actor, course):
        raise NotFound
    if not policy.can_be_given(course):
        raise errors.OrderStopped
    written = Review.objects.create(course=course, doctor_id=actor.own_staff_id, finding=finding, at=at)
    record(actor, "treatment.review", at=at, subject=course, patient_id=course.patient_id)
    return written


@entry
def category_set(*, actor: Actor, course_id: int, category: int, at: datetime) -> None:
    """The doctor says how much a pause would harm (TR-08)."""
    course = course_locked(course_id)
    if not policy.is_its_doctor(actor, course) or category not in Category.values:
        raise NotFound
    course.category = category
    course.save(update_fields=["category"])
    record(actor, "treatment.category", at=at, subject=course, patient_id=course.patient_id, reason=str(category))
    interruption_watch(course, at=at)


# --- interruptions ---------------------------------------------------------------------------------------------


def days_late(course: Course) -> int:
    """By how many working days the course ends later than it was first placed; what isn't booked counts a day each."""
    if course.planned_end is None:
        return 0
    live = course.sessions.filter(status__in=[SessionStatus.BOOKED, SessionStatus.ARRIVED, SessionStatus.DONE])
    last = live.order_by("-day").values_list("day", flat=True).first() or course.planned_end
    homeless = course.planned - live.count()
    return _workdays_between(course.planned_end, last) + homeless


def _workdays_between(first: date, last: date) -> int:
    """Working days after `first` up to and with `last`."""
    if last <= first:
        return 0
    calendar = Calendar(first, last)
    days = (date.fromordinal(number) for number in range(first.toordinal() + 1, last.toordinal() + 1))
    return sum(calendar.is_workday(day) for day in days)


@within
def interruption_watch(course: Course, *, at: datetime) -> None:
    """Open a case when the course ends later than its category bears (TR-08); call it after sessions moved."""
    if not course.item.review_days and not course.item.releases:
        return  # a pause harms courses of radiation, not of exercise
    limit = PROLONGED_DAYS[course.category].at(at)
    late = days_late(course)
    if late <= limit or course.interruptions.filter(days__gte=late).exists():
        return
    if course.interruptions.exclude(status=InterruptionStatus.SIGNED).exists():
        return
    case = Interruption.objects.create(course=course, days=late, limit=limit, opened_at=at)
    INTERRUPTION.begin(case, actor=HOUSE, at=at)
    message_send(
        key=f"treatment.interruption:{case.pk}",
        account_id=course.doctor.account_id,
        kind="treatment.interruption",
        at=at,
        context={"days": late, "limit": limit},
        patient_id=course.patient_id,
        url=f"/staff/treatment/courses/{course.pk}/",
    )


@entry
def interruption_decide(*, actor: Actor, interruption_id: int, way: str, words: str, at: datetime) -> None:
    """The doctor says how the lost days are made up for (TR-08)."""
    case = _case(interruption_id)
    if not policy.is_its_doctor(actor, case.course) or way not in Way.values:
        raise NotFound
    INTERRUPTION.move(
        case, InterruptionStatus.DECIDED, actor=actor, at=at, reason=words,
        way=way, words=words, decided_by_id=actor.own_staff_id, decided_at=at,
    )  # fmt: skip
    message_withdraw(key=f"treatment.interruption:{case.pk}", at=at)
    record(actor, "treatment.interruption_decide", at=at, subject=case, patient_id=case.course.patient_id)


@entry
def interruption_check(*, actor: Actor, interruption_id: int, agreed: bool, at: datetime) -> None:
    """The physicist agrees, and the decision holds; or gives it back to the doctor (TR-08)."""
    case = _case(interruption_id)
    if not policy.works_there(actor, case.course):
        raise NotFound
    if case.decided_by_id == actor.own_staff_id:
        raise errors.SamePerson
    if agreed:
        INTERRUPTION.move(
            case, InterruptionStatus.SIGNED, actor=actor, at=at, checked_by_id=actor.own_staff_id, checked_at=at
        )
    else:
        INTERRUPTION.move(case, InterruptionStatus.OPEN, actor=actor, at=at)
    record(actor, "treatment.interruption_check", at=at, subject=case, patient_id=case.course.patient_id)


def _case(interruption_id: int) -> Interruption:
    rows = Interruption.objects.select_for_update(no_key=True, of=("self",)).select_related("course")
    case = rows.filter(pk=interruption_id).first()
    if case is None:
        raise NotFound
    return case


def allows(course: Course, way: Way) -> bool:
    """A decision that both have signed lets the course be given in this way (TR-07, TR-08)."""
    return course.interruptions.filter(status=InterruptionStatus.SIGNED, way=way).exists()


def may_go_on(course: Course, session: Session, at: datetime) -> None:
    """What is asked before each session besides fee and releases: questions, holds, the doctor's review, the case."""
    if course.item.questions and not Screening.objects.filter(session=session).exists():
        raise errors.QuestionsOpen
    if course.holds.filter(status=HoldStatus.OPEN).exists():
        raise errors.OnHold
    if review_due(course, at=at):
        raise errors.ReviewDue
