"""Week roster -> sessions -> periods -> places -> bookings -> tickets."""

from .booking import Booking, Channel, Notice, Ticket, TicketLane
from .roster import HalfDay, Level, Period, Place, RosterSlot, Session, VisitKind

__all__ = [
    "Booking",
    "Channel",
    "HalfDay",
    "Level",
    "Notice",
    "Period",
    "Place",
    "RosterSlot",
    "Session",
    "Ticket",
    "TicketLane",
    "VisitKind",
]
