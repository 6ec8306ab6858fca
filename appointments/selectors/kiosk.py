"""What a kiosk may read: today's visits of the patient whose card it has just read (H13)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry
from hospital.people.models import Patient
from hospital.people.services.cards import card_resolve

from .. import kinds, parameters, policy
from ..models import Booking, Ticket
from ..states import BookingStatus, TicketStatus
from .waiting import QueueLine, queue_position


@dataclass(frozen=True, slots=True)
class KioskLine:
    """A visit of today; `ticket` and `line` once it is checked in."""

    booking: Booking
    ticket: Ticket | None
    line: QueueLine | None
    opens_at: datetime | None = None  # when check-in opens, while it hasn't

    @property
    def may_check_in(self) -> bool:
        away = self.ticket is not None and self.ticket.status == TicketStatus.AWAY
        return self.booking.status == BookingStatus.BOOKED or away


@entry
def card_read_for(actor: Actor, code: str, *, at: datetime) -> int:
    """Whose card this is. Raises NotFound, CardNotRead."""
    policy.must_check_in(actor)
    patient_id: int = card_resolve(code, at=at).patient_id
    record(actor, "booking.to_check_in", at=at, patient_id=patient_id)
    return patient_id


def kiosk_visits_for(actor: Actor, patient_id: int, *, at: datetime) -> tuple[Patient, list[KioskLine]]:
    """The patient and today's visits that need a check-in. The audit line is that of the card (card_read_for)."""
    policy.must_check_in(actor)
    bookings = (
        Booking.objects.filter(
            patient_id=patient_id, date=clock.business_day(at),
            status__in=[BookingStatus.BOOKED, BookingStatus.CHECKED_IN, BookingStatus.SEEN],
            kind__in=[name for name, kind in kinds.registered().items() if kind.comes],
        )
        .select_related("doctor", "department__campus", "session")
        .order_by("during")
    )  # fmt: skip
    tickets = {
        ticket.booking_id: ticket
        for ticket in Ticket.objects.filter(booking__in=bookings).select_related("session", "booking")
    }
    lines = [_line(booking, tickets.get(booking.pk), at) for booking in bookings]
    return Patient.objects.get(pk=patient_id), lines


def _line(booking: Booking, ticket: Ticket | None, at: datetime) -> KioskLine:
    waits = ticket is not None and ticket.status == TicketStatus.WAITING
    opens_at = booking.starts_at - timedelta(minutes=parameters.CHECK_IN_EARLY.at(at, booking.department.campus_id))
    line = queue_position(ticket, at=at) if ticket is not None and waits else None
    return KioskLine(booking, ticket, line, opens_at if ticket is None and at < opens_at else None)
