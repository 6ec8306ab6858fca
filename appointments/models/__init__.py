"""Week roster -> sessions -> periods -> places -> bookings -> tickets."""

from .booking import Booking, Channel, Notice, Ticket, TicketLane
from .changes import BookingMove, StopCase
from .conduct import Absence, Ban, BanCause
from .days import Closure, RosterDay
from .pools import Quota, ReleaseRule
from .roster import HalfDay, Level, Period, Place, Pool, RosterSlot, Session, VisitKind, Weekday
from .waiting import Follow, Waiting

__all__ = [
    "Absence",
    "Ban",
    "BanCause",
    "Booking",
    "BookingMove",
    "Channel",
    "Closure",
    "Follow",
    "HalfDay",
    "Level",
    "Notice",
    "Period",
    "Place",
    "Pool",
    "Quota",
    "ReleaseRule",
    "RosterDay",
    "RosterSlot",
    "Session",
    "StopCase",
    "Ticket",
    "TicketLane",
    "VisitKind",
    "Waiting",
    "Weekday",
]
