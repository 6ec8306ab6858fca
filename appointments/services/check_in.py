"""Check-in: by the card at a desk or a kiosk, or by the own phone near the campus (AP-10)."""

from datetime import datetime, timedelta

from hospital.kit import clock
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within

from .. import errors, geo, parameters, policy, selectors
from ..kinds import get as kind_named
from ..models import Booking, CampusPoint, Channel, CheckInBy, Kiosk, Priority, Ticket, TicketLane
from ..states import BOOKING, TICKET, BookingStatus, SessionStatus, TicketStatus


@entry
def booking_check_in(*, actor: Actor, booking_id: int, at: datetime, priority: str = "") -> Ticket:
    """The patient stands here: a place in the queue (AP-10). Checking in again answers the same ticket; who was sent
    to an exam is back in line.

    Raises NotFound, TooEarly, TooLate, StaleMove (not booked).
    """
    policy.must_check_in(actor)
    return _check_in(actor, _locked(booking_id), by=CheckInBy.DESK, at=at, priority=Priority(priority))


@entry
def booking_check_in_here(*, actor: Actor, booking_id: int, position: geo.Position, at: datetime) -> Ticket:
    """`booking_check_in` by the patient's own phone, when it is near the campus.

    Raises NotFound, NotFromHere, PositionTooRough, TooFar, and what booking_check_in raises.
    """
    booking = _locked(booking_id)
    policy.must_act_for(actor, booking.patient_id)
    point = CampusPoint.objects.filter(campus_id=booking.department.campus_id).first()
    if point is None:
        raise errors.NotFromHere
    if position.accuracy > geo.ROUGHEST:
        raise errors.PositionTooRough
    distance = geo.metres(point.latitude, point.longitude, position.latitude, position.longitude)
    if distance - position.accuracy > point.radius:
        raise errors.TooFar(distance=f"{distance / 1000:.1f} km" if distance >= 1000 else f"{distance:.0f} m")
    return _check_in(actor, booking, by=CheckInBy.PHONE, at=at)


@entry
def booking_check_in_at_kiosk(*, kiosk: Kiosk, patient_id: int, booking_id: int, at: datetime) -> Ticket:
    """`booking_check_in` by the patient whose card this kiosk has just read. Raises OtherCampus besides."""
    booking = _locked(booking_id)
    if booking.patient_id != patient_id:
        raise NotFound
    if booking.department.campus_id != kiosk.campus_id:
        raise errors.OtherCampus(campus=booking.department.campus.name)
    return _check_in(system(f"appointments.kiosk.{kiosk.pk}"), booking, by=CheckInBy.KIOSK, at=at)


def _locked(booking_id: int) -> Booking:
    rows = Booking.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "session", "department__campus", "patient"
    )
    booking: Booking | None = rows.filter(pk=booking_id).first()
    if booking is None or not kind_named(booking.kind).comes:
        raise NotFound
    return booking


@within
def _check_in(
    actor: Actor, booking: Booking, *, by: CheckInBy, at: datetime, priority: Priority = Priority.NONE
) -> Ticket:
    existing = Ticket.objects.select_related("session").filter(booking=booking).first()
    if existing is not None:
        return _back(actor, existing, at=at) if existing.status == TicketStatus.AWAY else existing
    session, campus_id, starts_at = booking.session, booking.department.campus_id, booking.starts_at
    opens_at = starts_at - timedelta(minutes=parameters.CHECK_IN_EARLY.at(at, campus_id))
    if at < opens_at:
        raise errors.TooEarly(opens=_moment(opens_at, at))
    if session.status != SessionStatus.OPEN or at >= session.ends_at:
        raise errors.TooLate
    late = at > starts_at + timedelta(minutes=parameters.CHECK_IN_LATE.at(at, campus_id))
    BOOKING.move(booking, BookingStatus.CHECKED_IN, actor=actor, at=at, checked_in_at=at)
    ticket = Ticket.objects.create(
        booking=booking, session=session, lane=_lane(booking), by=by, is_late=late, created_at=at,
        line_at=_end_of_hour(at) if late else starts_at, priority=priority or _by_age(booking, at),
    )  # fmt: skip
    TICKET.begin(ticket, actor=actor, at=at)
    _expect(ticket, at)
    return ticket


def _expect(ticket: Ticket, at: datetime) -> None:
    """What the patient is told at check-in is kept beside what then happens, so that its error is measured; and who
    is near the front already needs no push."""
    line = selectors.queue_position(ticket, at=at)
    ticket.expected_at = at + timedelta(minutes=line.minutes)
    ticket.near_told_at = at if line.ahead <= parameters.NEAR.at(at) else None
    ticket.save(update_fields=["expected_at", "near_told_at"])


@within
def _back(actor: Actor, ticket: Ticket, *, at: datetime) -> Ticket:
    """AP-11 回诊: back with the result on the same day, among the appointments."""
    if ticket.session.status != SessionStatus.OPEN:
        raise errors.TooLate
    TICKET.move(
        ticket, TicketStatus.WAITING, actor=actor, at=at, reason="back from the exam", lane=TicketLane.RETURN,
        line_at=at, not_before_turn=0, misses=0, is_late=False, near_told_at=None,
    )  # fmt: skip
    return ticket


def _moment(moment: datetime, at: datetime) -> str:
    local = clock.local(moment)
    return f"{local:%H:%M}" if local.date() == clock.business_day(at) else f"{local:%F %H:%M}"


def _end_of_hour(at: datetime) -> datetime:
    """AP-10: who is late goes to the end of the present hour."""
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _lane(booking: Booking) -> TicketLane:
    """AP-11: an appointment goes before who took a number at the hospital on the same day."""
    walked_in = booking.channel in {Channel.DESK, Channel.KIOSK}
    same_day = clock.business_day(booking.created_at) == booking.date
    return TicketLane.WALK_IN if walked_in and same_day else TicketLane.APPOINTMENT


def _by_age(booking: Booking, at: datetime) -> Priority:
    born, today = booking.patient.birth_date, clock.business_day(at)
    if born is None:
        return Priority.NONE
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return Priority.ELDERLY if age >= parameters.PRIORITY_AGE.at(at) else Priority.NONE
