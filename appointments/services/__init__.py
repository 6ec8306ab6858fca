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
from .check_in import booking_check_in, booking_check_in_at_kiosk, booking_check_in_here
from .conduct import absence_appeal, appeal_decide, next_cancel_counts
from .desk import (
    desk_cancel,
    desk_cancel_within,
    desk_find,
    desk_hold,
    desk_hold_within,
    desk_leave,
    desk_move,
    desk_move_within,
)
from .exams import (
    ExamChoice,
    exam_arrive,
    exam_begin,
    exam_cancel,
    exam_finish,
    exams_book,
    exams_book_within,
    exams_close,
    machine_block,
)
from .follow import doctor_follow, doctor_unfollow
from .holds import Held, HoldAsked, Redo, Undone, bookings_hold_within
from .kiosks import kiosk_actor, kiosk_key_new, kiosk_of_key
from .moving import booking_move, booking_move_within
from .next_visit import next_visit_hold
from .pools import quotas_apply
from .queue import (
    stopped_lines_close,
    ticket_call,
    ticket_finish,
    ticket_pass,
    ticket_prioritise,
    ticket_recall,
    ticket_send_to_exam,
    ticket_start,
)
from .roster import session_stop, sessions_close, sessions_generate, sessions_open_ahead
from .sessions import clinic_stop, closures_enforce, session_add, session_substitute, week_copy
from .stops import stop_called, stop_read, stop_refund, stop_refund_within, stop_seen, stopped_bookings_cancel
from .suspicion import question_answer, question_new, question_with
from .waiting import waiting_enter, waiting_enter_within, waiting_withdraw, waiting_work_off

__all__ = [
    "ExamChoice",
    "Held",
    "HoldAsked",
    "Redo",
    "Undone",
    "absence_appeal",
    "appeal_decide",
    "booking_cancel",
    "booking_cancel_within",
    "booking_check_in",
    "booking_check_in_at_kiosk",
    "booking_check_in_here",
    "booking_hold",
    "booking_hold_within",
    "booking_move",
    "booking_move_within",
    "booking_seen_within",
    "bookings_hold_within",
    "clinic_stop",
    "closures_enforce",
    "desk_cancel",
    "desk_cancel_within",
    "desk_find",
    "desk_hold",
    "desk_hold_within",
    "desk_leave",
    "desk_move",
    "desk_move_within",
    "doctor_follow",
    "doctor_unfollow",
    "exam_arrive",
    "exam_begin",
    "exam_cancel",
    "exam_finish",
    "exams_book",
    "exams_book_within",
    "exams_close",
    "holds_expire",
    "kiosk_actor",
    "kiosk_key_new",
    "kiosk_of_key",
    "machine_block",
    "next_cancel_counts",
    "next_visit_hold",
    "notices_deliver",
    "question_answer",
    "question_new",
    "question_with",
    "quotas_apply",
    "session_add",
    "session_stop",
    "session_substitute",
    "sessions_close",
    "sessions_generate",
    "sessions_open_ahead",
    "stop_called",
    "stop_read",
    "stop_refund",
    "stop_refund_within",
    "stop_seen",
    "stopped_bookings_cancel",
    "stopped_lines_close",
    "ticket_call",
    "ticket_finish",
    "ticket_pass",
    "ticket_prioritise",
    "ticket_recall",
    "ticket_send_to_exam",
    "ticket_start",
    "waiting_enter",
    "waiting_enter_within",
    "waiting_withdraw",
    "waiting_work_off",
    "week_copy",
]
