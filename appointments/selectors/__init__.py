"""Reads of appointments."""

from .doctors import (
    LAST_DAY_SHOWN,
    DoctorCard,
    DoctorDay,
    SessionLine,
    doctor_cards,
    doctor_days,
    doctor_shown,
    fees_at,
    session_line,
)
from .exams import (
    ExamPlan,
    Wanted,
    exam_for,
    exam_plan,
    exam_plan_for,
    exam_room_for,
    exams_for,
    fixed_of,
    rules_now,
    slots_free,
    wanted_of,
)
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
    "LAST_DAY_SHOWN",
    "DoctorCard",
    "DoctorDay",
    "ExamPlan",
    "ExpectedErrors",
    "HallRoom",
    "KioskLine",
    "PeriodLine",
    "QueueLine",
    "SessionLine",
    "Wanted",
    "booking_for",
    "card_read_for",
    "doctor_cards",
    "doctor_days",
    "doctor_shown",
    "exam_for",
    "exam_plan",
    "exam_plan_for",
    "exam_room_for",
    "exams_for",
    "expected_errors",
    "fees_at",
    "fixed_of",
    "hall_rooms",
    "kiosk_visits_for",
    "line_of",
    "periods_free",
    "queue_for",
    "queue_position",
    "rules_now",
    "scanned_for",
    "session_line",
    "sessions_of_the_day_for",
    "slots_free",
    "ticket_for",
    "visits_for",
    "wanted_of",
]
