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
from .follow_up import alarm_handle, alarm_take, alarm_unreached, follow_up_answered, follow_ups_ask
from .outages import displaced_move, displaced_told, machine_down
from .safety import (
    assessment_done,
    category_set,
    hold_release,
    interruption_check,
    interruption_decide,
    review_write,
    session_screen,
)
from .sessions import assessment_begin, session_check_in, session_execute, sessions_mark_missed

__all__ = [
    "alarm_handle",
    "alarm_take",
    "alarm_unreached",
    "assessment_begin",
    "assessment_done",
    "category_set",
    "clearance_give",
    "course_begin",
    "course_cancelled",
    "course_order",
    "course_paid",
    "course_place",
    "course_stop",
    "displaced_move",
    "displaced_told",
    "follow_up_answered",
    "follow_ups_ask",
    "hold_release",
    "interruption_check",
    "interruption_decide",
    "machine_down",
    "review_write",
    "session_check_in",
    "session_execute",
    "session_move",
    "session_screen",
    "sessions_mark_missed",
]
