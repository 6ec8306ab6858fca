"""Reads of treatment. What names a patient goes through `course_for`, which asks and leaves an audit line."""

from .board import board_for, session_of_card
from .courses import (
    assessment_due,
    assessments_of,
    choices_of,
    colleagues_of,
    course_for,
    courses_for,
    free_times,
    last_session,
    next_session,
    releases_of,
    session_for,
    sessions_of,
    weeks_of,
)
from .fees import fee_is_paid
from .follow_up import alarms_for, follow_ups_for, follow_ups_open
from .safety import (
    holds_of,
    interruption_of,
    machine_for,
    outage_for,
    outages_of,
    review_due,
    reviews_of,
    screening_of,
)
from .statistics import statistics_for

__all__ = [
    "alarms_for",
    "assessment_due",
    "assessments_of",
    "board_for",
    "choices_of",
    "colleagues_of",
    "course_for",
    "courses_for",
    "fee_is_paid",
    "follow_ups_for",
    "follow_ups_open",
    "free_times",
    "holds_of",
    "interruption_of",
    "last_session",
    "machine_for",
    "next_session",
    "outage_for",
    "outages_of",
    "releases_of",
    "review_due",
    "reviews_of",
    "screening_of",
    "session_for",
    "session_of_card",
    "sessions_of",
    "statistics_for",
    "weeks_of",
]
