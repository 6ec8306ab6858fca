"""Week roster -> sessions -> periods -> places -> bookings -> tickets."""

from .booking import Booking, Channel, Notice
from .changes import BookingMove, StopCase
from .conduct import Absence, AbsenceCause, Ban, BanCause
from .days import Closure, RosterDay
from .desk import DeskTurn, Override
from .exams import ExamBooking, ExamItem, ExamMachine, ExamRule, ExamShift, PrepQuestion
from .pools import Quota, ReleaseRule
from .queue import CampusPoint, CheckInBy, Kiosk, Priority, Ticket, TicketLane, Triage
from .roster import HalfDay, Level, Period, Place, Pool, RosterSlot, Session, VisitKind, Weekday
from .waiting import Follow, Waiting

__all__ = [
    "Absence",
    "AbsenceCause",
    "Ban",
    "BanCause",
    "Booking",
    "BookingMove",
    "CampusPoint",
    "Channel",
    "CheckInBy",
    "Closure",
    "DeskTurn",
    "ExamBooking",
    "ExamItem",
    "ExamMachine",
    "ExamRule",
    "ExamShift",
    "Follow",
    "HalfDay",
    "Kiosk",
    "Level",
    "Notice",
    "Override",
    "Period",
    "Place",
    "Pool",
    "PrepQuestion",
    "Priority",
    "Quota",
    "ReleaseRule",
    "RosterDay",
    "RosterSlot",
    "Session",
    "StopCase",
    "Ticket",
    "TicketLane",
    "Triage",
    "VisitKind",
    "Waiting",
    "Weekday",
]
