"""What the week roster doesn't say: an extra session, another doctor for one (替诊), a copied week, days closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_noop

from hospital.kit import clock
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.organisation.models import Department, Staff

from .. import errors, policy
from ..models import Booking, Closure, HalfDay, Period, Session
from ..states import SESSION, BookingStatus, SessionStatus
from .booking import booking_cancel_within, care_begins, tell
from .pools import sessions_allot
from .roster import session_stop

_FILL = """
WITH made AS (
    INSERT INTO appointments_period (session_id, starts_at, ends_at, capacity)
    SELECT %(session)s, starts_at, starts_at + make_interval(mins => %(minutes)s), %(places)s
    FROM generate_series(%(first)s, %(end)s - make_interval(mins => %(minutes)s), make_interval(mins => %(minutes)s)) AS starts_at
    RETURNING id, session_id, starts_at, capacity
)
INSERT INTO appointments_place (period_id, session_id, seat, capacity, number)
SELECT id, session_id, seat, capacity, row_number() OVER (ORDER BY starts_at, seat)
FROM made CROSS JOIN generate_series(1, capacity) AS seat
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """An extra session as the administration writes it; times are local, minutes of a period 5 to 60 (AP-09)."""

    doctor_id: int
    department_id: int
    day: date
    starts: time
    ends: time
    kind: str
    level: str
    minutes: int
    places: int
    fee_item: str
    room: str = ""


@entry
def session_add(*, actor: Actor, plan: Plan, at: datetime) -> Session:
    """An extra session beside the week roster. Raises NotFound, PeriodOver, DoctorBusy."""
    policy.must_run_rosters(actor, plan.department_id)
    return _add(plan, actor=actor, at=at)


@within
def _add(plan: Plan, *, actor: Actor, at: datetime) -> Session:
    first, end = clock.at_local(plan.day, plan.starts), clock.at_local(plan.day, plan.ends)
    if first <= at or end < first + timedelta(minutes=plan.minutes):
        raise errors.PeriodOver
    half = HalfDay.MORNING if plan.starts.hour < 12 else HalfDay.AFTERNOON if plan.starts.hour < 18 else HalfDay.EVENING
    try:
        with transaction.atomic():
            session = Session.objects.create(
                doctor_id=plan.doctor_id, department_id=plan.department_id, room=plan.room, date=plan.day, half_day=half,
                during=DateTimeTZRange(first, end), kind=plan.kind, level=plan.level, fee_item=plan.fee_item,
                status=SessionStatus.OPEN,
            )  # fmt: skip
    except IntegrityError as error:
        raise errors.DoctorBusy from error
    SESSION.begin(session, actor=actor, at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL,
            {"session": session.pk, "minutes": plan.minutes, "places": plan.places, "first": first, "end": end},
        )
    sessions_allot([session.pk], at=at)
    return session


@entry
def session_substitute(*, actor: Actor, session_id: int, doctor_id: int, at: datetime) -> int:
    """Another doctor takes the session; its bookings stand and their patients are told (替诊). Answers how many.

    Raises NotFound, SessionClosed, DoctorBusy.
    """
    session = Session.objects.select_for_update(no_key=True).filter(pk=session_id).first()
    doctor = Staff.objects.filter(pk=doctor_id, suspended_at=None).first()
    if session is None or doctor is None:
        raise NotFound
    policy.must_run_rosters(actor, session.department_id)
    if session.status != SessionStatus.OPEN:
        raise errors.SessionClosed
    if session.doctor_id == doctor_id:
        raise errors.DoctorBusy
    old = session.doctor_id
    try:
        with transaction.atomic():
            Session.objects.filter(pk=session_id).update(
                doctor_id=doctor_id, instead_of_id=session.instead_of_id or old
            )
    except IntegrityError as error:
        raise errors.DoctorBusy from error
    # Who is taking a place this moment is waited for, as when a session is stopped (roster.session_stop).
    list(session.places.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    live = [BookingStatus.HELD, BookingStatus.BOOKED, BookingStatus.CHECKED_IN]
    rows = session.bookings.filter(status__in=live).select_for_update(no_key=True).order_by("pk")
    return sum(_served_by(booking, doctor_id, actor=actor, at=at) for booking in rows)


@within
def _served_by(booking: Booking, doctor_id: int, *, actor: Actor, at: datetime) -> int:
    try:
        with transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(doctor_id=doctor_id)
    except IntegrityError:  # this patient has a booking with that doctor in this half-day already
        booking_cancel_within(
            actor=system("appointments.substitute"), booking_id=booking.pk, reason=gettext_noop("another doctor"), at=at
        )
        return 1
    again = Booking.objects.select_related("session", "doctor", "department").get(pk=booking.pk)
    if again.status != BookingStatus.HELD:
        care_begins(again, actor=actor, at=at)
        tell(again, "booking.substitute", at=at)
    return 1


def week_copy(*, actor: Actor, department_id: int, monday: date, to_monday: date, at: datetime) -> int:
    """Make the open sessions of one week again in another, where the doctor isn't busy; answers how many were made."""
    policy.must_run_rosters(actor, department_id)
    rows = Session.objects.filter(
        department_id=department_id, date__range=(monday, monday + timedelta(days=6)), status=SessionStatus.OPEN
    )
    made = 0
    for session in rows.order_by("during"):
        made += _copy(session, session.date + (to_monday - monday), actor=actor, at=at)
    return made


@entry
def _copy(session: Session, day: date, *, actor: Actor, at: datetime) -> int:
    period = Period.objects.filter(session=session).order_by("starts_at").first()
    if period is None or Session.objects.filter(doctor_id=session.doctor_id, date=day, half_day=session.half_day):
        return 0
    minutes = int((period.ends_at - period.starts_at).total_seconds() // 60)
    plan = Plan(
        session.doctor_id, session.department_id, day, clock.local(session.starts_at).time(),
        clock.local(session.ends_at).time(), session.kind, session.level, minutes, period.capacity, session.fee_item,
        session.room,
    )  # fmt: skip
    try:
        _add(plan, actor=actor, at=at)
    except (errors.DoctorBusy, errors.PeriodOver):
        return 0
    return 1


def clinic_stop(
    *, actor: Actor, department: Department, doctor_id: int | None, first: date, last: date, half_day: str, reason: str,
    at: datetime,
) -> int:  # fmt: skip
    """One action: nothing more is made for these days, what was made is stopped, its bookings are worked off (AP-08).

    Answers how many bookings that concerns. Killed in the middle, the sweep stops the rest (closures_enforce).
    """
    policy.must_run_rosters(actor, department.pk)
    closure_id = _close(
        department_id=department.pk, doctor_id=doctor_id, first=first, last=last, half_day=half_day, reason=reason,
        by_id=actor.staff_id, at=at,
    )  # fmt: skip
    return _enforce([closure_id], actor=actor, at=at)[1]


@entry
def _close(
    *, department_id: int, doctor_id: int | None, first: date, last: date, half_day: str, reason: str,
    by_id: int | None, at: datetime,
) -> int:  # fmt: skip
    return Closure.objects.create(
        department_id=department_id, doctor_id=doctor_id, first=first, last=last, half_day=half_day,
        reason=reason[:200], by_id=by_id, created_at=at,
    ).pk  # fmt: skip


def closures_enforce(*, at: datetime) -> int:
    """The sweep: sessions of closed days that are still open are stopped; answers how many."""
    live = Closure.objects.filter(ended_at=None, last__gte=clock.business_day(at))
    return _enforce(list(live.values_list("pk", flat=True)), actor=system("appointments.closures"), at=at)[0]


def _enforce(closure_ids: Sequence[int], *, actor: Actor, at: datetime) -> tuple[int, int]:
    stopped = concerned = 0
    for closure in Closure.objects.filter(pk__in=closure_ids).order_by("pk"):
        rows = Session.objects.filter(
            date__range=(closure.first, closure.last), status=SessionStatus.OPEN, during__endswith__gt=at
        )
        if closure.department_id is not None:
            rows = rows.filter(department_id=closure.department_id)
        if closure.doctor_id is not None:
            rows = rows.filter(doctor_id=closure.doctor_id)
        if closure.half_day:
            rows = rows.filter(half_day=closure.half_day)
        for session_id in rows.order_by("pk").values_list("pk", flat=True):
            concerned += session_stop(actor=actor, session_id=session_id, reason=closure.reason, at=at)
            stopped += 1
    return stopped, concerned


__all__ = ["Plan", "clinic_stop", "closures_enforce", "session_add", "session_substitute", "week_copy"]
