"""A booking moves to another time: the same booking, the same bill, one more link in its chain (AP-05, AP-08)."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F

from hospital.kit import sweeps
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging import services as messaging
from hospital.organisation import services as organisation
from hospital.people.models import Patient

from .. import errors, parameters, policy
from ..models import Booking, BookingMove, Channel, Period, Place, StopCase
from ..selectors.doctors import fees_at
from ..states import ACTIVE_BOOKING, STOP_CASE, BookingStatus, SessionStatus, StopCaseStatus
from . import booking as bookings
from .overrides import Aside, let_pass
from .places import place_give_back, place_take
from .stops import case_begin


@entry
def booking_move(*, actor: Actor, booking_id: int, period_id: int, at: datetime) -> Booking:
    """The patient takes another time with the same doctor; what was paid goes along.

    Raises NotFound, NotCancellable (not booked), CancelTooLate (AP-05), NoMoreMoves, OtherPrice, and what a hold
    refuses. A patient whose clinic was stopped may take any doctor of the same price, at any hour (AP-08).
    """
    return booking_move_within(actor=actor, booking_id=booking_id, period_id=period_id, at=at)


@within
def booking_move_within(
    *, actor: Actor, booking_id: int, period_id: int, at: datetime, aside: Aside | None = None
) -> Booking:
    """`booking_move`, in the order of locks of a hold: patient, period, booking, place. `aside`: what staff set aside,
    kept by the caller."""
    patient_id = Booking.objects.filter(pk=booking_id).values_list("patient_id", flat=True).first()
    period = Period.objects.select_related("session__department").filter(pk=period_id).first()
    if patient_id is None or period is None:
        raise NotFound
    policy.must_act_for(actor, patient_id)
    Patient.objects.select_for_update(no_key=True).filter(pk=patient_id).values_list("pk", flat=True).get()
    before = Booking.objects.select_related("department", "charge", "session").get(pk=booking_id)
    because = "stopped" if policy.is_stopped(before) else "patient"
    _may_move(before, period, because=because, at=at, aside=aside)
    channel = Channel(before.channel) if because == "patient" else Channel.APP
    try:
        with transaction.atomic():
            taken = place_take(period_id, at=at, channel=channel if channel != Channel.WAITING else Channel.APP)
            if taken is None:
                raise errors.PeriodFull
            bookings.still_open(period)
            booking = bookings.locked(pk=booking_id)
            if booking is None or booking.status != BookingStatus.BOOKED:
                raise errors.NotCancellable
            if because == "stopped":
                case_begin(booking, at=at)  # who chooses before the sweep came by is counted as who chose after it
            _chain(booking, period, number=taken.number, because=because, at=at)
            place_give_back(booking.place_id, booking_id=booking.pk, free_from=bookings.offered_again(booking, at))
            Place.objects.filter(pk=taken.place_id).update(booking_id=booking.pk)
            _care_ends(booking, actor=actor, at=at)
            _write(booking, period, place_id=taken.place_id, number=taken.number, pool=taken.pool)
    except IntegrityError as error:
        bookings.refuse(error)
    after = bookings.locked(pk=booking_id)
    assert after is not None
    _told(after, actor=actor, at=at)
    return after


def _may_move(booking: Booking, period: Period, *, because: str, at: datetime, aside: Aside | None = None) -> None:
    session = period.session
    if not policy.can_be_moved(booking):
        raise errors.NotCancellable
    if session.status != SessionStatus.OPEN:
        raise errors.SessionClosed
    if period.starts_at <= at or period.pk == booking.period_id:
        raise errors.PeriodOver
    bookings.must_be_released(period, Channel.APP, at)
    if because == "patient":
        if at > policy.cancel_until(booking, at):
            let_pass(aside, errors.CancelTooLate())
        limit = parameters.MOVES.at(at, booking.department.campus_id)
        if booking.moves >= limit:
            let_pass(aside, errors.NoMoreMoves(limit=limit))
        if session.doctor_id != booking.doctor_id:
            raise errors.OtherPrice
    if session.kind != booking.kind or not same_price(booking, period, at=at):
        raise errors.OtherPrice
    others = Booking.objects.filter(patient_id=booking.patient_id, date=session.date, status__in=ACTIVE_BOOKING)
    bookings.within_departments(
        set(others.exclude(pk=booking.pk).values_list("department_id", flat=True)), period,
        limit=parameters.DEPARTMENTS_PER_DAY.at(at, session.department.campus_id), aside=aside,
    )  # fmt: skip


def same_price(booking: Booking, period: Period, *, at: datetime) -> bool:
    """The bill goes along only where the new visit costs what was paid (PAY-16)."""
    session = period.session
    fee = fees_at([session.fee_item], [session.department.campus_id], at=at)(
        session.fee_item, session.department.campus_id
    )
    return fee == (booking.charge.amount if booking.charge is not None else 0)


@within
def _chain(booking: Booking, period: Period, *, number: int, because: str, at: datetime) -> None:
    BookingMove.objects.create(
        booking=booking, order=booking.moves + 1, old_period_id=booking.period_id, old_doctor_id=booking.doctor_id,
        old_number=booking.number, new_period=period, new_doctor_id=period.session.doctor_id, because=because, at=at,
    )  # fmt: skip


@within
def _care_ends(booking: Booking, *, actor: Actor, at: datetime) -> None:
    """The doctor left behind may no longer open the record for this visit (MR-12)."""
    began = booking.booked_at or booking.created_at
    organisation.care_relation_open(
        actor=actor, patient_id=booking.patient_id, because="appointments.booking", because_id=booking.pk,
        starts_at=began, ends_at=max(at, began + timedelta(microseconds=1)), staff_id=booking.doctor_id,
        department_id=booking.department_id,
    )  # fmt: skip


@within
def _write(booking: Booking, period: Period, *, place_id: int, number: int, pool: str) -> None:
    session = period.session
    Booking.objects.filter(pk=booking.pk).update(
        place_id=place_id, period=period, session=session, doctor_id=session.doctor_id, pool=pool, number=number,
        department_id=session.department_id, date=session.date, half_day=session.half_day,
        during=DateTimeTZRange(period.starts_at, period.ends_at), moves=F("moves") + 1,
    )  # fmt: skip


@within
def _told(booking: Booking, *, actor: Actor, at: datetime) -> None:
    for case in StopCase.objects.filter(booking=booking, status=StopCaseStatus.OPEN).exclude(session=booking.session):
        STOP_CASE.move(case, StopCaseStatus.MOVED, actor=actor, at=at, ended_at=at)
        messaging.message_withdraw(key=f"booking.stopped:{booking.pk}", at=at)
    bookings.care_begins(booking, actor=actor, at=at)
    for kind in ("booking.booked", "booking.reminder", "booking.moved"):
        messaging.message_withdraw(key=f"{kind}:{booking.pk}", at=at)
    bookings.tell(booking, "booking.moved", at=at)
    bookings.remind(booking, at=at)
    sweeps.wake(bookings.WAITING_SWEEP)
