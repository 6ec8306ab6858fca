"""Reads of appointments."""

from .doctors import DoctorCard, DoctorDay, SessionLine, doctor_cards, doctor_days, doctor_shown, fees_at, session_line
from .periods import PeriodLine, periods_free
from .queue import (
    HallRoom,
    QueueLine,
    hall_rooms,
    queue_for,
    queue_position,
    scanned_for,
    sessions_of_the_day_for,
    ticket_for,
)
from .visits import booking_for, visits_for

__all__ = [
    "DoctorCard",
    "DoctorDay",
    "HallRoom",
    "PeriodLine",
    "QueueLine",
    "SessionLine",
    "booking_for",
    "doctor_cards",
    "doctor_days",
    "doctor_shown",
    "fees_at",
    "hall_rooms",
    "periods_free",
    "queue_for",
    "queue_position",
    "scanned_for",
    "session_line",
    "sessions_of_the_day_for",
    "ticket_for",
    "visits_for",
]
