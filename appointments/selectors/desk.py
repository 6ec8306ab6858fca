"""What the window and the telephone desk may see: the patient before them, that patient's bookings, and what is free."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.organisation.selectors import staff_search

from .. import kinds, policy
from ..models import Booking, Channel, DeskTurn, Override, Period, Place, Pool, Session
from ..pools import BEFORE_RELEASE, OWN_POOL
from ..states import BookingStatus, SessionStatus
from .doctors import fees_at
from .free import is_free

_DOCTORS, _SESSIONS, _DAYS = 10, 12, 28
_SHIFT = timedelta(hours=12)
_SHOWN = [BookingStatus.HELD, BookingStatus.BOOKED, BookingStatus.CHECKED_IN]


@dataclass(frozen=True, slots=True)
class DeskChoice:
    """A session as the desk offers it: the times with a place for this channel, first to last."""

    session: Session
    periods: list[Period]  # free ones
    all_periods: list[Period]
    fee: int | None
    may_add: bool  # an extra place, by who asks


def desk_turn(actor: Actor, turn_id: int, *, at: datetime) -> tuple[DeskTurn, Actor]:
    """The patient at this desk, and the member of staff as one who acts for this patient alone. Raises NotFound."""
    policy.must_serve(actor)
    rows = DeskTurn.objects.select_related("patient")
    turn = rows.filter(pk=turn_id, staff_id=actor.own_staff_id, opened_at__lte=at, ends_at__gt=at).first()
    if turn is None:
        raise NotFound
    return turn, replace(actor, patient_ids=frozenset({turn.patient_id}))


@entry
def desk_turn_for(actor: Actor, turn_id: int, *, at: datetime) -> tuple[DeskTurn, list[Booking]]:
    """The patient at this desk and the bookings that stand. Raises NotFound."""
    turn, acting = desk_turn(actor, turn_id, at=at)
    rows = Booking.objects.select_related("doctor", "department__campus", "session", "charge")
    found = list(rows.filter(patient_id__in=acting.patient_ids, status__in=_SHOWN, during__endswith__gt=at)[:50])
    record(actor, "booking.desk_read", at=at, subject=turn, patient_id=turn.patient_id)
    return turn, sorted(found, key=lambda booking: booking.starts_at)


@entry
def desk_booking_for(actor: Actor, turn_id: int, booking_id: int, *, at: datetime) -> tuple[DeskTurn, Booking]:
    """One booking of the patient at this desk, whatever became of it. Raises NotFound."""
    turn, acting = desk_turn(actor, turn_id, at=at)
    rows = Booking.objects.select_related("doctor", "department__campus", "session", "charge", "patient")
    booking = rows.filter(pk=booking_id, patient_id__in=acting.patient_ids).first()
    if booking is None:
        raise NotFound
    record(actor, "booking.desk_read", at=at, subject=booking, patient_id=turn.patient_id)
    return turn, booking


def desk_turns_now(actor: Actor, *, at: datetime) -> list[DeskTurn]:
    """Who is at this desk now: one is served, another waits on the line."""
    rows = DeskTurn.objects.filter(staff_id=actor.own_staff_id, ends_at__gt=at).select_related("patient")
    return list(rows.order_by("-pk")[:8])


def last_channel(actor: Actor, *, at: datetime) -> str:
    """By which way the last patient of this shift came: who sits at the telephone needn't say it for each call."""
    rows = DeskTurn.objects.filter(staff_id=actor.own_staff_id, opened_at__gt=at - _SHIFT)
    return rows.order_by("-pk").values_list("channel", flat=True).first() or ""


def desk_choices(actor: Actor, text: str, channel: Channel, *, at: datetime) -> list[DeskChoice]:
    """Sessions of the doctors that `text` may mean, those with a place first, the earliest first; four queries."""
    doctors = staff_search(text, at=at, limit=_DOCTORS) if text.strip() else []
    return session_choices(actor, [doctor.pk for doctor in doctors], channel, at=at)


def session_choices(actor: Actor, doctor_ids: list[int], channel: Channel, *, at: datetime) -> list[DeskChoice]:
    own = OWN_POOL.get(channel, Pool.COMMON)
    today = clock.business_day(at)
    released = Q() if channel in BEFORE_RELEASE else Q(releases_at=None) | Q(releases_at__lte=at)
    some = Place.objects.filter(is_free(at, own=own), session_id=OuterRef("pk"), period__starts_at__gt=at)
    sessions = list(
        Session.objects.filter(
            released, doctor_id__in=doctor_ids, status=SessionStatus.OPEN, during__endswith__gt=at,
            date__range=(today, today + timedelta(days=_DAYS)),
            kind__in=[name for name, kind in kinds.registered().items() if kind.comes],
        )
        .select_related("doctor", "department__campus")
        .annotate(some=Exists(some))
        .order_by("-some", "during", "pk")[:_SESSIONS]
    )  # fmt: skip
    free = set(
        Place.objects.filter(is_free(at, own=own), session__in=sessions, period__starts_at__gt=at).values_list(
            "period_id", flat=True
        )
    )
    periods: dict[int, list[Period]] = {}
    for period in Period.objects.filter(session__in=sessions, starts_at__gt=at).order_by("starts_at"):
        periods.setdefault(period.session_id, []).append(period)
    fee = fees_at({one.fee_item for one in sessions}, {one.department.campus_id for one in sessions}, at=at)
    return [
        DeskChoice(
            one, [period for period in periods.get(one.pk, []) if period.pk in free], periods.get(one.pk, []),
            fee(one.fee_item, one.department.campus_id), policy.may_add_extra(actor, one),
        )
        for one in sessions
    ]  # fmt: skip


@entry
def overrides_for(actor: Actor, *, at: datetime) -> list[Override]:
    """Rules that staff set aside, newest first: the auditor reads all, a head those of the department (AP-07)."""
    rows = Override.objects.select_related("staff", "booking__patient", "booking__doctor", "booking__department")
    if not actor.is_any(Role.AUDITOR):
        rows = rows.filter(department_id__in=actor.department_ids)
    found = list(rows.order_by("-at", "-pk")[:200])
    record(actor, "booking.overrides", at=at)
    return found
