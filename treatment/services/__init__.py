"""The verbs of treatment: its only writers."""

from .courses import (
    clearance_give,
    course_begin,
    course_cancelled,
    course_order,
    course_paid,
    course_place,
    course_stop,
    session_move,
)
from .follow_up import alarm_handle, follow_up_answered, follow_ups_ask
from .sessions import assessment_begin, assessment_done, session_check_in, session_execute, sessions_mark_missed

__all__ = [
    "alarm_handle",
    "assessment_begin",
    "assessment_done",
    "clearance_give",
    "course_begin",
    "course_cancelled",
    "course_order",
    "course_paid",
    "course_place",
    "course_stop",
    "follow_up_answered",
    "follow_ups_ask",
    "session_check_in",
    "session_execute",
    "session_move",
    "sessions_mark_missed",
]
