"""Reads of appointments."""

from .day import Day, DaySession, DayVisit, day_for
from .doctors import (
    LAST_DAY_SHOWN,
    DoctorCard,
    DoctorDay,
    SessionLine,
    doctor_cards,
    doctor_days,
    doctor_sessions,
    doctor_shown,
    earliest_first,
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
from .hall import HallPicture, HallRoom, hall_picture, hall_rooms
from .kiosk import KioskLine, card_read_for, kiosk_visits_for
from .known import KnownDoctors, is_followed, known_doctors_for
from .periods import PeriodLine, periods_free, periods_shown
from .queue import (
    queue_for,
    scanned_for,
    sessions_of_the_day_for,
    ticket_for,
)
from .visits import booking_for, visits_for
from .waiting import ExpectedErrors, QueueLine, expected_errors, line_of, queue_position

__all__ = [
    "LAST_DAY_SHOWN",
    "Day",
    "DaySession",
    "DayVisit",
    "DoctorCard",
    "DoctorDay",
    "ExamPlan",
    "ExpectedErrors",
    "HallPicture",
    "HallRoom",
    "KioskLine",
    "KnownDoctors",
    "PeriodLine",
    "QueueLine",
    "SessionLine",
    "Wanted",
    "booking_for",
    "card_read_for",
    "day_for",
    "doctor_cards",
    "doctor_days",
    "doctor_sessions",
    "doctor_shown",
    "earliest_first",
    "exam_for",
    "exam_plan",
    "exam_plan_for",
    "exam_room_for",
    "exams_for",
    "expected_errors",
    "fees_at",
    "fixed_of",
    "hall_picture",
    "hall_rooms",
    "is_followed",
    "kiosk_visits_for",
    "known_doctors_for",
    "line_of",
    "periods_free",
    "periods_shown",
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
