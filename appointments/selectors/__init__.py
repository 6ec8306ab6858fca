"""Reads of appointments."""

from .doctors import DoctorCard, DoctorDay, SessionLine, doctor_cards, doctor_days, doctor_shown, fees_at, session_line
from .kiosk import KioskLine, card_read_for, kiosk_visits_for
from .periods import PeriodLine, periods_free
from .queue import (
    HallRoom,
    hall_rooms,
    queue_for,
    scanned_for,
    sessions_of_the_day_for,
    ticket_for,
)
from .visits import booking_for, visits_for
from .waiting import ExpectedErrors, QueueLine, expected_errors, line_of, queue_position

__all__ = [
    "DoctorCard",
    "DoctorDay",
    "ExpectedErrors",
    "HallRoom",
    "KioskLine",
    "PeriodLine",
    "QueueLine",
    "SessionLine",
    "booking_for",
    "card_read_for",
    "doctor_cards",
    "doctor_days",
    "doctor_shown",
    "expected_errors",
    "fees_at",
    "hall_rooms",
    "kiosk_visits_for",
    "line_of",
    "periods_free",
    "queue_for",
    "queue_position",
    "scanned_for",
    "session_line",
    "sessions_of_the_day_for",
    "ticket_for",
    "visits_for",
]
