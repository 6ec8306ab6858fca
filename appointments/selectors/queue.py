"""Queues: as the staff, the waiting patient and the hall see them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.kept import Given, Kept
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.people.services.cards import card_resolve

from .. import kinds, policy
from ..models import Booking, Session, Ticket
from ..states import BookingStatus, SessionStatus, TicketStatus
from .waiting import line_of


def sessions_of_the_day_for(actor: Actor, *, at: datetime) -> QuerySet[Session]:
    """Sessions of today whose queue this member of staff runs: the own ones first."""
    rows = Session.objects.filter(
        Q(doctor_id=actor.staff_id) | Q(department_id__in=actor.department_ids),
        date=clock.business_day(at),
        kind__in=[name for name, kind in kinds.registered().items() if kind.comes],
    ).exclude(status=SessionStatus.STOPPED)
    if not actor.is_any(*policy.QUEUE_ROLES):
        return rows.none()
    return (
        rows.select_related("doctor", "department")
        .annotate(
            waiting=Count("tickets", filter=Q(tickets__status=TicketStatus.WAITING)),
            finished=Count("tickets", filter=Q(tickets__status=TicketStatus.FINISHED)),
        )
        .order_by("during", "pk")
    )


@dataclass(frozen=True, slots=True)
class Queue:
    session: Session
    in_room: Ticket | None
    waiting: list[Ticket]
    finished: list[Ticket]
    to_come: list[Booking]
    away: list[Ticket]

    @property
    def version(self) -> str:
        """Changes whenever the picture does: a poll that finds the same one shows nothing and reads nobody's name."""
        tickets = [*([self.in_room] if self.in_room else []), *self.waiting, *self.finished, *self.away]
        parts = [f"{one.pk}.{one.status[:1]}{one.calls}{one.triage}{one.priority[:1]}" for one in tickets]
        return "-".join([*parts, str(len(self.to_come))])


# The doctor's page asks for them every few seconds. Of the patients it shows the name; what else is encrypted stays so.
_SESSION = Kept(lambda: Session.objects.filter(pk=Given("session_id")).select_related("doctor", "department"))
_TICKETS = Kept(
    lambda: (
        Ticket.objects.filter(session=Given("session_id"))
        .select_related("booking__patient")
        .defer("booking__patient__document_no", "booking__patient__phone")
    )
)
_TO_COME = Kept(
    lambda: (
        Booking.objects.filter(session=Given("session_id"), status=BookingStatus.BOOKED)
        .select_related("patient")
        .defer("patient__document_no", "patient__phone")
        .order_by("during")
    )
)


@entry
def queue_for(actor: Actor, session_id: int, *, at: datetime, seen: str = "") -> Queue | None:
    """The queue of a session for those who run it; None when it is still what `seen` was. Raises NotFound."""
    session = _SESSION.first(session_id=session_id)
    if session is None or not policy.may_run_queue(actor, session):
        raise NotFound
    tickets = _TICKETS.rows(session_id=session_id)
    for ticket in tickets:
        ticket.session = session
    by = {status: [ticket for ticket in tickets if ticket.status == status] for status in TicketStatus}
    in_room = [*by[TicketStatus.CALLED], *by[TicketStatus.SERVING]]
    to_come = _TO_COME.rows(session_id=session_id)
    queue = Queue(
        session, in_room[0] if in_room else None, line_of(session, at=at, tickets=tickets)[1],
        sorted(by[TicketStatus.FINISHED], key=lambda ticket: ticket.finished_at or at, reverse=True), to_come,
        by[TicketStatus.AWAY],
    )  # fmt: skip
    if seen and seen == queue.version:
        return None
    record(actor, "queue.read", at=at, subject=session)
    return queue


@entry
def scanned_for(actor: Actor, code: str, *, at: datetime) -> list[Booking]:
    """Today's visits, with a check-in, of the patient whose visit card was scanned at the desk (AP-10). Raises
    NotFound, CardNotRead."""
    policy.must_check_in(actor)
    patient_id = card_resolve(code, at=at).patient_id
    found = list(
        Booking.objects.filter(
            patient_id=patient_id,
            date=clock.business_day(at),
            status__in=[BookingStatus.BOOKED, BookingStatus.CHECKED_IN],
            kind__in=[name for name, kind in kinds.registered().items() if kind.comes],
        )
        .select_related("patient", "doctor", "department__campus", "session")
        .order_by("during")
    )
    record(actor, "booking.to_check_in", at=at, patient_id=patient_id)
    return found


@entry
def ticket_for(actor: Actor, booking_id: int, *, at: datetime) -> Ticket:
    """The ticket of a booking that was checked in, for who stands at the desk. Raises NotFound."""
    policy.must_check_in(actor)
    rows = Ticket.objects.select_related("session", "booking__patient", "booking__doctor", "booking__session")
    ticket = rows.filter(booking_id=booking_id).first()
    if ticket is None:
        raise NotFound
    record(actor, "ticket.read", at=at, subject=ticket, patient_id=ticket.booking.patient_id)
    return ticket
