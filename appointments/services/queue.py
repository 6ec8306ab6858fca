"""Queue calling (AP-10, AP-11): one line per session, one patient in the room. Who stands first: appointments/line.py.

Whatever changes who is in the room locks the session first: the room is the scarce thing.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

import emr.services
from hospital.audit.services import record
from hospital.kit.actor import Actor, Role, system
from hospital.kit.problems import NotFound, StaleMove
from hospital.kit.transactions import entry, within
from hospital.messaging import services as messaging

from .. import errors, parameters, policy, selectors
from ..models import Priority, Session, Ticket, TicketLane, Triage
from ..states import BOOKING, IN_ROOM_TICKET, TICKET, BookingStatus, SessionStatus, TicketStatus
from .booking import booking_cancel_within

ENCOUNTER_BECAUSE = "appointments.booking"


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
    """Call the next patient, or a certain one with a reason, which is kept with who did it (AP-11). The called patient
    is told by phone, and who has only three before them now is asked to come near (A5).

    Raises NotFound, RoomOccupied, QueueEmpty, ReasonNeeded when a certain one isn't the next.
    """
    session = _session(actor, session_id)
    if session.tickets.filter(status__in=IN_ROOM_TICKET).exists():
        raise errors.RoomOccupied
    past, line = selectors.line_of(session, at=at)
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
        ticket, TicketStatus.CALLED, actor=actor, at=at, reason=reason[:500], calls=ticket.calls + 1, called_at=at,
        first_called_at=ticket.first_called_at or at, turn=past.turns + 1, not_before_turn=0,
    )  # fmt: skip
    messaging.message_withdraw(key=f"queue.near:{ticket.pk}", at=at)
    _tell(ticket, "queue.called", time=f"{past.turns + 1}", at=at)
    _settle_near(session, at=at)
    return ticket


def _settle_near(session: Session, *, at: datetime) -> None:
    """Whoever has at most three before them, who is in the room included, is told once; whom others were put before
    meanwhile, so that it isn't true any more, is untold and told again when it is. The caller holds the session."""
    line = selectors.line_of(session, at=at)[1]
    occupied = session.tickets.filter(status__in=IN_ROOM_TICKET).exists()
    limit = max(0, parameters.NEAR.at(at) + 1 - occupied)
    far = [one.pk for one in line[limit:] if one.near_told_at is not None]
    for pk in far:
        messaging.message_withdraw(key=f"queue.near:{pk}", at=at)
    Ticket.objects.filter(pk__in=far).update(near_told_at=None)
    near = [one for one in line[:limit] if one.near_told_at is None]
    Ticket.objects.filter(pk__in=[one.pk for one in near]).update(near_told_at=at)
    for one in near:
        _tell(one, "queue.near", time=at.isoformat(), at=at)


def _tell(ticket: Ticket, kind: str, *, time: str, at: datetime) -> None:
    """`time`: when this became true, the turn of the line or the moment; at another it may become true again."""
    booking = ticket.booking
    messaging.patient_tell(
        key=f"{kind}:{ticket.pk}:{time}", patient_id=booking.patient_id, kind=kind, at=at,
        url=f"/visits/{booking.pk}/",
        context={"ticket_id": ticket.pk, "room": ticket.session.room, "number": booking.number,
                 "calls": ticket.calls},
    )  # fmt: skip


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
    back = parameters.MISSED_BACK.at(at)
    last = ticket.misses >= 1
    TICKET.move(
        ticket, TicketStatus.WAITING, actor=actor, at=at, reason="not there", misses=ticket.misses + 1,
        lane=TicketLane.LAST if last else ticket.lane, line_at=at if last else ticket.line_at,
        not_before_turn=0 if last else (ticket.turn or 0) + back + 1,
    )  # fmt: skip
    messaging.message_withdraw(key=f"queue.called:{ticket.pk}", at=at)
    _settle_near(ticket.session, at=at)
    return ticket


@entry
def ticket_start(*, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """The called patient sits with the doctor: the encounter opens here, not earlier, so that a patient who was
    called and never came has none."""
    ticket = _ticket(actor, ticket_id)
    if not actor.is_any(Role.DOCTOR) or actor.staff_id is None:
        raise NotFound
    booking = ticket.booking
    TICKET.move(ticket, TicketStatus.SERVING, actor=actor, at=at, serving_at=at)
    messaging.message_withdraw(key=f"queue.called:{ticket.pk}", at=at)
    if ticket.encounter_id is not None:  # back from the exam: the same visit goes on
        return ticket
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


@entry
def ticket_send_to_exam(*, actor: Actor, ticket_id: int, at: datetime) -> Ticket:
    """The patient goes to an exam and comes back today with the result (回诊): the room is free, the visit stays open."""
    ticket = _ticket(actor, ticket_id)
    TICKET.move(ticket, TicketStatus.AWAY, actor=actor, at=at)
    return ticket


@entry
def ticket_prioritise(
    *, actor: Actor, ticket_id: int, at: datetime, reason: str, triage: int = Triage.USUAL, priority: str = ""
) -> Ticket:
    """Give a waiting patient a triage level or a place among the first of their class, with a reason that is kept with
    who did it (AP-11). Raises NotFound, ReasonNeeded, StaleMove (not waiting)."""
    ticket = _ticket(actor, ticket_id)
    if not reason.strip():
        raise errors.ReasonNeeded
    if ticket.status != TicketStatus.WAITING:
        raise StaleMove
    ticket.triage, ticket.priority = Triage(triage), Priority(priority)
    ticket.save(update_fields=["triage", "priority"])
    _settle_near(ticket.session, at=at)
    said = f"{ticket.triage} {ticket.priority} {reason.strip()}"
    record(actor, "ticket.prioritise", at=at, subject=ticket, patient_id=ticket.booking.patient_id, reason=said[:500])
    return ticket


def session_may_close(session: Session, *, at: datetime) -> bool:
    """Not while somebody is in the line or in the room, unless it is so long over that nobody can be there any more."""
    if at >= session.ends_at + timedelta(hours=parameters.QUEUE_CLOSE_HOURS.at(at)):
        return True
    return not session.tickets.filter(status__in=[TicketStatus.WAITING, *IN_ROOM_TICKET]).exists()


@within
def line_close(session: Session, *, at: datetime) -> None:
    """The session is over: no ticket stays behind. Visits that began end; who was called and never came missed the
    visit (AP-06); who waited in vain gets everything back."""
    actor = system("appointments.close")
    left = session.tickets.select_related("booking", "session").filter(
        status__in=[TicketStatus.WAITING, TicketStatus.AWAY, *IN_ROOM_TICKET]
    )
    for ticket in left.order_by("booking_id"):
        if ticket.encounter_id is not None:
            TICKET.move(ticket, TicketStatus.FINISHED, actor=actor, at=at, reason="session over", finished_at=at)
            emr.services.encounter_close(actor=actor, encounter_id=ticket.encounter_id, at=at, reason="session over")
        elif ticket.misses or ticket.status == TicketStatus.CALLED:
            TICKET.move(ticket, TicketStatus.WITHDRAWN, actor=actor, at=at, reason="never came", finished_at=at)
            BOOKING.move(ticket.booking, BookingStatus.NO_SHOW, actor=actor, at=at, reason="never came", ended_at=at)
        else:
            booking_cancel_within(
                actor=actor, booking_id=ticket.booking_id, at=at, reason=gettext_noop("waited in vain")
            )


def stopped_lines_close(*, at: datetime) -> int:
    """The sweep: visits that had begun when a clinic was stopped end with its hours, so that no ticket stays behind."""
    left = Ticket.objects.filter(
        session__status=SessionStatus.STOPPED, session__during__endswith__lte=at - timedelta(hours=1),
        status__in=[TicketStatus.AWAY, *IN_ROOM_TICKET, TicketStatus.WAITING], encounter_id__isnull=False,
    )  # fmt: skip
    return sum(
        _stopped_line_close(session_id=session_id, at=at)
        for session_id in sorted(set(left.values_list("session_id", flat=True)[:500]))
    )


@entry
def _stopped_line_close(*, session_id: int, at: datetime) -> int:
    session = Session.objects.select_for_update(no_key=True).get(pk=session_id)
    live = [TicketStatus.AWAY, *IN_ROOM_TICKET, TicketStatus.WAITING]
    if not session.tickets.filter(status__in=live, encounter_id__isnull=False).exists():
        return 0
    line_close(session, at=at)
    return 1
