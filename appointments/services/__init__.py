"""Writes of appointments: the only verbs by which its rows change."""

from .booking import (
    booking_cancel,
    booking_cancel_within,
    booking_hold,
    booking_hold_within,
    booking_seen_within,
    holds_expire,
    notices_deliver,
)
from .queue import (
    booking_check_in,
    ticket_call,
    ticket_finish,
    ticket_pass,
    ticket_recall,
    ticket_start,
)
from .roster import session_stop, sessions_close, sessions_generate, sessions_open_ahead, stopped_bookings_cancel

__all__ = [
    "booking_cancel",
    "booking_cancel_within",
    "booking_check_in",
    "booking_hold",
    "booking_hold_within",
    "booking_seen_within",
    "holds_expire",
    "notices_deliver",
    "session_stop",
    "sessions_close",
    "sessions_generate",
    "sessions_open_ahead",
    "stopped_bookings_cancel",
    "ticket_call",
    "ticket_finish",
    "ticket_pass",
    "ticket_recall",
    "ticket_start",
]
