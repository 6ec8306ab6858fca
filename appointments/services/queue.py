"""Check-in and queue calling (AP-10, AP-11): one line per session, one patient in the room.

Whatever changes who is in the room locks the session first: the room is the scarce thing.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet

import emr.services
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, StaleMove
from hospital.kit.transactions import entry, within

from .. import errors, parameters, policy
from ..kinds import get as kind_named
from ..models import Booking, Channel, Session, Ticket, TicketLane
from ..states import BOOKING, IN_ROOM_TICKET, TICKET, BookingStatus, SessionStatus, TicketStatus

ENCOUNTER_BECAUSE = "appointments.booking"


@entry
def booking_check_in(*, actor: Actor, booking_id: int, at: datetime) -> Ticket:
    """The patient stands here: a place in the queue (AP-10). Checking in again answers the same ticket.

    Raises NotFound, TooEarly, TooLate, StaleMove (not booked).
    """
    policy.must_check_in(actor)
    rows = Booking.objects.select_for_update(no_key=True, of=("self",)).select_related("session__department")
    booking = rows.filter(pk=booking_id).first()
    if booking is None or not kind_named(booking.kind).comes:
        raise NotFound
    existing = Ticket.objects.filter(booking=booking).first()
    if existing is not None:
        return existing
    session, campus_id = booking.session, booking.session.department.campus_id
    starts_at = booking.starts_at
    opens_at = starts_at - timedelta(minutes=parameters.CHECK_IN_EARLY.at(at, campus_id))
    if at < opens_at:
        raise errors.TooEarly(opens=_moment(opens_at, at))
    if session.status != SessionStatus.OPEN or at >= session.ends_at:
        raise errors.TooLate
    late = at > starts_at + timedelta(minutes=parameters.CHECK_IN_LATE.at(at, campus_id))
    BOOKING.move(booking, BookingStatus.CHECKED_IN, actor=actor, at=at, checked_in_at=at)
    ticket = Ticket.objects.create(
        booking=booking, session=session, lane=_lane(booking), is_late=late,
        line_at=_end_of_hour(at) if late else starts_at, created_at=at,
    )  # fmt: skip
    TICKET.begin(ticket, actor=actor, at=at)
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


def _session(actor: Actor, session_id: int) -> Session:
    session = Session.objects.select_for_update(no_key=True).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    policy.must_run_queue(actor, session)
    return session


def _ticket(actor: Actor, ticket_id: int) -> Ticket:
    session_id = Ticket.objects.filter(pk=ticket_id).values_list("session_id", flat=True).first()
    if session_id is None:
        raise NotFound
    _session(actor, session_id)
    return Ticket.objects.select_related("booking", "session").get(pk=ticket_id)


@entry
def ticket_call(
    *, actor: Actor, session_id: int, at: datetime, ticket_id: int | None = None, reason: str = ""
) -> Ticket:
    """Call the next patient, or a certain one with a reason, which is kept with who did it (AP-11).

    Raises NotFound, RoomOccupied, QueueEmpty, ReasonNeeded when a certain one isn't the next.
    """
    session = _session(actor, session_id)
    if session.tickets.filter(status__in=IN_ROOM_TICKET).exists():
        raise errors.RoomOccupied
    line = list(_line(session)[:1] if ticket_id is None else _line(session))
    if not line:
        raise errors.QueueEmpty
    ticket = line[0]
    if ticket_id is not None and ticket.pk != ticket_id:
        if not reason.strip():
            raise errors.ReasonNeeded
        ticket = next((one for one in line if one.pk == ticket_id), ticket)
        if ticket.pk != ticket_id:
            raise StaleMove
    TICKET.move(
        ticket, TicketStatus.CALLED, actor=actor, at=at, reason=reason[:500], calls=ticket.calls + 1, called_at=at
    )
    return ticket


def _line(session: Session) -> QuerySet[Ticket]:
    return session.tickets.filter(status=TicketStatus.WAITING).order_by("lane", "line_at", "pk")


@entry
def ticket_recall(*, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """Call the called patient once more: the screen shows it anew."""
    ticket = _ticket(actor, ticket_id)
    if ticket.status != TicketStatus.CALLED:
        raise StaleMove
    Ticket.objects.filter(pk=ticket.pk).update(calls=ticket.calls + 1, called_at=at)
    ticket.refresh_from_db()
    return ticket


@entry
def ticket_pass(*, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """The called patient isn't there: back by some positions, the second time to the end (AP-10)."""
    ticket = _ticket(actor, ticket_id)
    lane, line_at = _after_miss(ticket, at)
    TICKET.move(
        ticket, TicketStatus.WAITING, actor=actor, at=at, reason="not there", misses=ticket.misses + 1, lane=lane,
        line_at=line_at,
    )  # fmt: skip
    return ticket


@within
def _after_miss(ticket: Ticket, at: datetime) -> tuple[int, datetime]:
    if ticket.misses >= 1:
        return TicketLane.LAST, at
    back = parameters.MISSED_BACK.at(at)
    ahead = list(_line(ticket.session)[:back])
    if not ahead:
        return ticket.lane, ticket.line_at
    last = ahead[-1]
    return last.lane, last.line_at + timedelta(microseconds=1)


@entry
def ticket_start(*, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """The called patient sits with the doctor: the encounter opens here, not earlier, so that a patient who was
    called and never came has none."""
    ticket = _ticket(actor, ticket_id)
    if not actor.is_any(Role.DOCTOR) or actor.staff_id is None:
        raise NotFound
    booking = ticket.booking
    TICKET.move(ticket, TicketStatus.SERVING, actor=actor, at=at, serving_at=at)
    BOOKING.move(booking, BookingStatus.SEEN, actor=actor, at=at)
    encounter = emr.services.encounter_open(
        actor=actor, patient_id=booking.patient_id, kind="O", department_id=booking.department_id,
        doctor_id=actor.staff_id, because=ENCOUNTER_BECAUSE, because_id=booking.pk, at=at,
    )  # fmt: skip
    Ticket.objects.filter(pk=ticket.pk).update(encounter_id=encounter.pk)
    ticket.encounter_id = encounter.pk
    return ticket


@entry
def ticket_finish(*, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """The patient leaves the room: the encounter closes, the next one may be called."""
    ticket = _ticket(actor, ticket_id)
    TICKET.move(ticket, TicketStatus.FINISHED, actor=actor, at=at, finished_at=at)
    if ticket.encounter_id is not None:
        emr.services.encounter_close(actor=actor, encounter_id=ticket.encounter_id, at=at)
    return ticket
