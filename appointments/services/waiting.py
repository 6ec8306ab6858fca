"""The waiting list (候补, AP-07): in order, one offer per place, each offer an ordinary hold that ends in time.

Whoever offers holds all lines of that doctor first, so that two sweeps never offer past somebody; then it takes
patient, period, place as every hold does. An offer that isn't taken goes to the next.
"""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from hospital.kit import clock
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound, Problem
from hospital.kit.transactions import entry, within
from hospital.messaging import services as messaging
from hospital.people.models import Patient

from .. import errors, kinds, parameters, policy
from ..models import Booking, Channel, Period, Place, Waiting
from ..states import LIVE_WAITING, WAITING, BookingStatus, SessionStatus, WaitingStatus
from .booking import WAITING_SWEEP, booking_hold_within

_HOUSE = "appointments.waiting"
# The least time between an offer and the visit: to pay and to travel.
_LEAD = timedelta(hours=1)
# Said of one time, another may still do; every other refusal ends the waiting.
_ANOTHER_TIME = (errors.PeriodFull, errors.SessionClosed, errors.OnePerHalfDay, errors.TimeOverlap, errors.NotReleased,
                 errors.TooManyDepartments, errors.PeriodOver)  # fmt: skip


@within
def waiting_enter_within(
    *, actor: Actor, patient_id: int, doctor_id: int, first: date, last: date, at: datetime, half_day: str = ""
) -> Waiting:
    """ "Tell me when": wait for a place at the hospital. Raises NotFound, AlreadyWaiting, TooManyLines."""
    policy.must_act_for(actor, patient_id)
    patient: Patient | None = Patient.objects.select_for_update(no_key=True).filter(pk=patient_id).first()
    if patient is None or last < first or last < clock.business_day(at):
        raise NotFound
    policy.must_be_proved(patient.verified_at is not None)
    live = Waiting.objects.filter(patient_id=patient_id, status__in=LIVE_WAITING)
    limit = parameters.WAITING_LINES.at(at)
    if live.count() >= limit:
        raise errors.TooManyLines(limit=limit)
    try:
        with transaction.atomic():
            made = Waiting.objects.create(
                patient_id=patient_id, account_id=actor.account_id, doctor_id=doctor_id, first=first, last=last,
                half_day=half_day, created_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise errors.AlreadyWaiting from error
    WAITING.begin(made, actor=actor, at=at)
    return made


waiting_enter = entry(waiting_enter_within)


@entry
def waiting_withdraw(*, actor: Actor, waiting_id: int, at: datetime) -> None:
    """The patient waits no more. Raises NotFound, StaleMove when a place is offered just now."""
    row = Waiting.objects.filter(pk=waiting_id).first()
    if row is None:
        raise NotFound
    policy.must_act_for(actor, row.patient_id)
    WAITING.move(row, WaitingStatus.WITHDRAWN, actor=actor, at=at, ended_at=at)


def waiting_work_off(*, at: datetime) -> int:
    """The sweep: what became of offers, who waited in vain, and new offers, doctor by doctor."""
    done = _settle(at=at) + _over(at=at)
    for doctor_id in _doctors_with_hope(at):
        while _offer_next(doctor_id=doctor_id, at=at):
            done += 1
    return done


def _settle(*, at: datetime) -> int:
    ended = Waiting.objects.filter(status=WaitingStatus.OFFERED).exclude(booking__status=BookingStatus.HELD)
    return sum(_settle_one(waiting_id=pk, at=at) for pk in ended.order_by("pk").values_list("pk", flat=True)[:500])


@entry
def _settle_one(*, waiting_id: int, at: datetime) -> int:
    row = Waiting.objects.select_for_update(no_key=True, of=("self",)).select_related("booking").get(pk=waiting_id)
    if row.status != WaitingStatus.OFFERED or row.booking is None or row.booking.status == BookingStatus.HELD:
        return 0
    taken = row.booking.status not in {BookingStatus.EXPIRED, BookingStatus.CANCELLED}
    messaging.message_withdraw(key=f"waiting.offered:{row.pk}", at=at)
    if taken:
        WAITING.move(row, WaitingStatus.FILLED, actor=system(_HOUSE), at=at, ended_at=at)
    else:
        _lapse(row, why="not-taken", at=at)
    return 1


def _over(*, at: datetime) -> int:
    """Whose last day has come: nothing can be offered any more."""
    rows = Waiting.objects.filter(status=WaitingStatus.WAITING, last__lt=clock.business_day(at + _LEAD))
    return sum(_over_one(waiting_id=pk, at=at) for pk in rows.order_by("pk").values_list("pk", flat=True)[:500])


@entry
def _over_one(*, waiting_id: int, at: datetime) -> int:
    row = Waiting.objects.select_for_update(no_key=True).get(pk=waiting_id)
    if row.status != WaitingStatus.WAITING:
        return 0
    _lapse(row, why="over", at=at)
    return 1


@within
def _lapse(row: Waiting, *, why: str, at: datetime) -> None:
    WAITING.move(row, WaitingStatus.LAPSED, actor=system(_HOUSE), at=at, ended_at=at, why=why[:60])
    messaging.patient_tell(
        key=f"waiting.over:{row.pk}", patient_id=row.patient_id, kind="waiting.over", at=at,
        context={"doctor": row.doctor.name}, url=f"/doctors/{row.doctor_id}/",
    )  # fmt: skip


def _offerable(at: datetime) -> Q:
    """Periods that may be offered: of our own clinics, released, far enough ahead, with a place for the waiting list."""
    places = Place.objects.filter(Q(pool="common") | Q(common_from__lte=at), period=OuterRef("pk"), booking=None)
    here = [name for name, kind in kinds.registered().items() if kind.comes]
    return (Q(Exists(places), session__status=SessionStatus.OPEN, session__kind__in=here, starts_at__gt=at + _LEAD)) & (
        Q(session__releases_at=None) | Q(session__releases_at__lte=at)
    )


def _doctors_with_hope(at: datetime) -> list[int]:
    waiting = Waiting.objects.filter(
        status=WaitingStatus.WAITING, doctor=OuterRef("session__doctor"), first__lte=OuterRef("session__date"),
        last__gte=OuterRef("session__date"),
    )  # fmt: skip
    periods = Period.objects.filter(Exists(waiting)).filter(_offerable(at))
    return sorted(set(periods.values_list("session__doctor_id", flat=True)))


@entry
def _offer_next(*, doctor_id: int, at: datetime) -> bool:
    """Offer one place to the first in line for whom there is one; False when nobody can be offered anything."""
    line = Waiting.objects.select_for_update(no_key=True, of=("self",)).select_related("doctor")
    for row in line.filter(doctor_id=doctor_id, status=WaitingStatus.WAITING).order_by("pk"):
        periods = Period.objects.filter(
            session__doctor_id=doctor_id, session__date__range=(row.first, row.last)
        ).filter(_offerable(at))
        if row.half_day:
            periods = periods.filter(session__half_day=row.half_day)
        if _offered(row, list(periods.order_by("starts_at", "pk")[:20]), at=at):
            return True
    return False


@within
def _offered(row: Waiting, periods: list[Period], *, at: datetime) -> bool:
    for period in periods:
        try:
            with transaction.atomic():
                booking = booking_hold_within(
                    actor=system(_HOUSE), patient_id=row.patient_id, period_id=period.pk, at=at, channel=Channel.WAITING
                )
        except _ANOTHER_TIME:
            continue
        except Problem as problem:  # this patient may have no place at all: the next in line may
            _lapse(row, why=problem.code, at=at)
            return True
        if Waiting.objects.filter(booking=booking).exists():
            continue  # their own hold of the same time
        _tell_offer(row, booking, at=at)
        return True
    return False


@within
def _tell_offer(row: Waiting, booking: Booking, *, at: datetime) -> None:
    WAITING.move(row, WaitingStatus.OFFERED, actor=system(_HOUSE), at=at, booking=booking, offered_at=at)
    if booking.status != BookingStatus.HELD or booking.held_until is None:
        return  # it costs nothing and is booked: that message is on its way
    messaging.patient_tell(
        key=f"waiting.offered:{row.pk}", patient_id=row.patient_id, kind="waiting.offered", at=at,
        context={
            "booking_id": booking.pk, "doctor": row.doctor.name, "department": booking.department.name,
            "date": f"{booking.date:%F}", "time": f"{clock.local(booking.starts_at):%H:%M}",
            "until": f"{clock.local(booking.held_until):%H:%M}",
        },
        url=f"/visits/{booking.pk}/",
    )  # fmt: skip


__all__ = ["WAITING_SWEEP", "waiting_enter", "waiting_withdraw", "waiting_work_off"]
