"""Courses: begun by an order, paid, placed on a machine as a whole, moved, stopped."""

import hashlib
from datetime import date, datetime, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_noop

from billing.services import LineSpec, refund_request
from emr import services as emr
from emr.models import Order
from emr.selectors import order_get
from hospital.audit.services import record
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging.services import message_withdraw, patient_tell
from hospital.organisation.services import care_relation_open
from hospital.organisation.workdays import Calendar

from .. import errors, placement, policy
from ..models import Assessment, Clearance, ClearanceKind, Course, Machine, Session, TreatmentItem, Way
from ..parameters import CARE_DAYS_AFTER
from ..selectors.calendar import days_of, hours_of, is_blocked, last_day
from ..selectors.fees import fee_is_paid, sessions_paid
from ..states import COURSE, LIVE_SESSION, OPEN_SESSION, CourseStatus, SessionStatus
from .locks import course_locked, queue_at
from .placing import cancel, insert, remind
from .safety import allows, interruption_watch

HOUSE = system("treatment")


@entry
def course_order(
    *, actor: Actor, encounter_id: int, item: TreatmentItem, sessions: int, indication: str, at: datetime
) -> Order:
    """The treating doctor orders so many sessions of an item; the course begins when the order's notice arrives."""
    return emr.order_place(
        actor=actor,
        encounter_id=encounter_id,
        kind="treatment",
        items=[emr.ItemSpec(item.code, sessions)],
        indication=indication,
        at=at,
    )


# --- what the order does ---------------------------------------------------------------------------------------


@within
def course_begin(order_id: int, at: datetime) -> None:
    """An order of treatment was placed: one course for each of its items. Repeating it changes nothing."""
    order = order_get(order_id)
    for line in order.items.all():
        item = TreatmentItem.objects.get(code=line.code)
        course, created = Course.objects.get_or_create(
            order=order,
            item=item,
            defaults={
                "patient_id": order.patient_id,
                "doctor_id": order.doctor_id,
                "department_id": item.department_id,
                "planned": line.quantity,
                "created_at": at,
            },
        )
        if created:
            COURSE.begin(course, actor=HOUSE, at=at)


@within
def course_paid(order_id: int, at: datetime) -> None:
    """The first fee check (TR-01): the order's charge is paid, the course may be placed."""
    for course in Course.objects.select_for_update(no_key=True).filter(order_id=order_id).order_by("pk"):
        if course.status != CourseStatus.ORDERED:
            continue
        COURSE.move(course, CourseStatus.PAID, actor=HOUSE, at=at, paid_at=at)
        every = course.item.assess_every if course.item.assessment_form else 0
        wanted = policy.assessments_wanted(course.planned, every)
        Assessment.objects.bulk_create([Assessment(course=course, before=number) for number in wanted])
        care_relation_open(
            actor=HOUSE,
            patient_id=course.patient_id,
            because="treatment.course",
            because_id=course.pk,
            starts_at=at,
            ends_at=at + timedelta(days=CARE_DAYS_AFTER.at(at)),
            department_id=course.department_id,
        )
        patient_tell(
            key=f"treatment.to_place:{course.pk}",
            patient_id=course.patient_id,
            kind="treatment.to_place",
            at=at,
            context={"item": course.item.name, "planned": course.planned},
            url=f"/treatment/{course.pk}/",
        )


@within
def course_cancelled(order_id: int, at: datetime) -> None:
    """The order was taken back or stopped: what isn't given isn't given any more."""
    for course in Course.objects.select_for_update(no_key=True).filter(order_id=order_id).order_by("pk"):
        if course.status in {CourseStatus.ORDERED, CourseStatus.PAID, CourseStatus.PLACED}:
            _end(course, CourseStatus.CANCELLED, actor=HOUSE, at=at, reason=gettext_noop("order cancelled"))
        elif course.status == CourseStatus.RUNNING:
            _end(course, CourseStatus.STOPPED, actor=HOUSE, at=at, reason=gettext_noop("order stopped"))


# --- releases --------------------------------------------------------------------------------------------------


@entry
def clearance_give(*, actor: Actor, course_id: int, kind: str, at: datetime) -> None:
    """Release a course: the patient agrees, the doctor approves the plan, a colleague checks it (TR-03, TR-06)."""
    course = course_locked(course_id)
    if kind not in ClearanceKind.values or not policy.may_release(actor, course, kind):
        raise NotFound
    if COURSE.is_final(course.status):
        raise errors.OrderStopped
    if kind in policy.FOUR_EYES:
        others = course.clearances.filter(kind__in=policy.FOUR_EYES - {kind}, staff_id=actor.own_staff_id)
        if others.exists():
            raise errors.SamePerson
    if kind == ClearanceKind.PHYSICIAN and not course.order.encounter.diagnoses.exists():
        raise errors.DiagnosisMissing
    text = course.item.consent_text if kind == ClearanceKind.CONSENT else ""
    Clearance.objects.get_or_create(
        course=course,
        kind=kind,
        defaults={
            "account_id": actor.account_id,
            "staff_id": actor.staff_id,
            "at": at,
            "text_digest": hashlib.sha256(text.encode()).hexdigest() if text else "",
        },
    )
    record(actor, "treatment.release", at=at, subject=course, patient_id=course.patient_id, reason=kind)


# --- placing ---------------------------------------------------------------------------------------------------


@entry
def course_place(
    *, actor: Actor, course_id: int, machine_id: int, hour: time, first_day: date, at: datetime
) -> list[Session]:
    """Place the whole course on one machine at one hour of successive working days (T3).

    Raises NotPaid, CourseAlreadyPlaced, HourNotOffered, OutOfCourse, and HourTaken when someone else was faster: the
    exclusion constraints over machine and patient have the last word.
    """
    course = course_locked(course_id)
    if not policy.may_place(actor, course):
        raise NotFound
    if course.status != CourseStatus.PAID:
        raise errors.NotPaid if course.status == CourseStatus.ORDERED else errors.CourseAlreadyPlaced
    must_be_paid(course, given=0)
    machine = queue_at(Machine.objects.filter(pk=machine_id, items=course.item, is_active=True)).first()
    if machine is None or hour not in set(placement.hours_of(hours_of(machine), course.item.minutes)):
        raise errors.HourNotOffered
    days = days_of(course, first_day, at)
    spans = [placement.span(day, hour, course.item.minutes) for day in days]
    if is_blocked(machine, spans):
        raise errors.HourTaken
    sessions = [
        Session(
            course=course,
            patient_id=course.patient_id,
            machine=machine,
            number=number,
            of=course.planned,
            day=day,
            during=DateTimeTZRange(*span),
        )
        for number, (day, span) in enumerate(zip(days, spans, strict=True), start=1)
    ]
    insert(sessions, actor=actor, at=at)
    COURSE.move(
        course, CourseStatus.PLACED, actor=actor, at=at, machine=machine, hour=hour, placed_at=at, planned_end=days[-1]
    )
    emr.order_schedule(actor=HOUSE, order_id=course.order_id, at=at)
    message_withdraw(key=f"treatment.to_place:{course.pk}", at=at)
    patient_tell(
        key=f"treatment.placed:{course.pk}",
        patient_id=course.patient_id,
        kind="treatment.placed",
        at=at,
        context={
            "item": course.item.name,
            "planned": course.planned,
            "day": f"{days[0]:%Y-%m-%d}",
            "hour": f"{hour:%H:%M}",
            "room": machine.room,
        },
        url=f"/treatment/{course.pk}/",
    )
    for session in sessions:
        remind(course, session, at)
    record(actor, "treatment.place", at=at, subject=course, patient_id=course.patient_id)
    return sessions


def must_be_paid(course: Course, *, given: int) -> None:
    """A fee check (TR-01): one more than `given` is paid for and not promised back."""
    if not fee_is_paid(course, given=given):
        raise errors.NotPaid


# --- moving and stopping ---------------------------------------------------------------------------------------


@entry
def session_move(*, actor: Actor, session_id: int, day: date, hour: time, at: datetime) -> Session:
    """Give one session another time on its machine, or make up for a missed one; its number stays (T3)."""
    found = Session.objects.filter(pk=session_id).first()
    if found is None:
        raise NotFound
    course = course_locked(found.course_id)
    session = Session.objects.select_for_update(no_key=True, of=("self",)).get(pk=session_id)
    if not policy.may_place(actor, course):
        raise NotFound
    if not policy.can_be_given(course):
        raise errors.OrderStopped
    if not policy.may_still_move(session, at, by_patient=actor.acts_for(course.patient_id)):
        raise errors.TooLateToMove
    session.machine = queue_at(Machine.objects.filter(pk=session.machine_id)).get()
    part, (start, end) = _new_place(course, session, day, hour, at)
    if session.status == SessionStatus.BOOKED:
        cancel(session, actor=actor, at=at, reason=gettext_noop("moved"))
    moved = Session(
        course=course,
        patient_id=course.patient_id,
        machine=session.machine,
        number=session.number,
        of=session.of,
        day=day,
        part=part,
        during=DateTimeTZRange(start, end),
    )
    insert([moved], actor=actor, at=at)
    remind(course, moved, at)
    interruption_watch(course, at=at)
    record(actor, "treatment.move", at=at, subject=moved, patient_id=course.patient_id)
    return moved


def _new_place(course: Course, session: Session, day: date, hour: time, at: datetime) -> tuple[int, placement.Span]:
    """Which session of its day it becomes, and when; refused where the rhythm of the course forbids it (TR-07)."""
    if hour not in set(placement.hours_of(hours_of(session.machine), course.item.minutes)):
        raise errors.HourNotOffered
    start, end = placement.span(day, hour, course.item.minutes)
    if start <= at or day > last_day(course):
        raise errors.OutOfCourse
    if not Calendar(day, day).is_workday(day) and not allows(course, Way.WEEKEND):
        raise errors.NotAWorkday
    part = _part_of_day(course, session, day, (start, end))
    if is_blocked(session.machine, [(start, end)]):
        raise errors.HourTaken
    return part, (start, end)


def _part_of_day(course: Course, session: Session, day: date, span: placement.Span) -> int:
    """1, or 2 beside a session of the same day: only by a signed decision, and hours apart (TR-07)."""
    others = list(course.sessions.filter(day=day, status__in=LIVE_SESSION).exclude(pk=session.pk))
    if not others:
        return 1
    if len(others) > 1 or not allows(course, Way.TWICE_DAILY):
        raise errors.DayTaken
    gap = timedelta(hours=course.item.min_gap_hours)
    if span[0] < others[0].ends_at + gap and others[0].starts_at < span[1] + gap:
        raise errors.GapTooShort(hours=course.item.min_gap_hours)
    return 3 - others[0].part


@entry
def course_stop(*, actor: Actor, course_id: int, at: datetime, reason: str) -> Course:
    """The doctor stops a course; what was paid and not given goes back (TR-02, PAY-09)."""
    course = course_locked(course_id)
    if not policy.is_its_doctor(actor, course):
        raise NotFound
    if course.status != CourseStatus.RUNNING:
        raise errors.OrderStopped
    _end(course, CourseStatus.STOPPED, actor=actor, at=at, reason=reason)
    charge_id, code = course.order.charge_id, course.item.price_code
    unused = sessions_paid(course) - course.done
    emr.order_stop(actor=actor, order_id=course.order_id, at=at, reason=reason)
    if charge_id and unused > 0:
        refund_request(
            actor=HOUSE,
            charge_id=charge_id,
            at=at,
            reason=reason,
            key=f"treatment.stop:{course.pk}",
            lines=[LineSpec(code, unused)],
        )
    return course


def _end(course: Course, status: CourseStatus, *, actor: Actor, at: datetime, reason: str) -> None:
    for session in course.sessions.select_for_update(no_key=True).filter(status__in=OPEN_SESSION).order_by("pk"):
        cancel(session, actor=actor, at=at, reason=reason)
    message_withdraw(key=f"treatment.to_place:{course.pk}", at=at)
    COURSE.move(course, status, actor=actor, at=at, reason=reason, ended_at=at, end_reason=reason)
    record(actor, f"treatment.{status.value}", at=at, subject=course, patient_id=course.patient_id, reason=reason)
