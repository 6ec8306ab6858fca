"""Writes of consult: the only verbs by which its rows change."""

from .answering import evidence_confirm, guardian_confirm, visit_accept, visit_decline, visit_end
from .applying import consent_sign, visit_apply, visit_apply_within, visit_book, visit_cancel
from .house import booking_booked, booking_cancelled, form_handed_in, visits_tidy
from .talking import card_add, message_post, picture_post, talk_read

__all__ = [
    "booking_booked", "booking_cancelled", "card_add", "consent_sign", "evidence_confirm", "form_handed_in",
    "guardian_confirm", "message_post", "picture_post", "talk_read", "visit_accept", "visit_apply", "visit_apply_within", "visit_book", "visit_cancel",
    "visit_decline", "visit_end", "visits_tidy",
]  # fmt: skip
