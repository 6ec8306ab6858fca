"""Writes of hospital.people: the only way its rows change."""

from .accounts import account_close, account_reopen, reset_ask, reset_decide
from .cards import card_issue, card_resolve
from .codes import code_prove, code_send, send_due_codes
from .family import (
    Member,
    family_add,
    family_revoke,
    member_read,
    needs_code,
    patient_create,
    patient_unmask,
    patient_verify,
)
from .sign_in import (
    has_second_factor,
    password_change,
    second_factor_confirm,
    second_factor_enrol,
    second_factor_prove,
    sign_in_by_code,
    sign_in_by_password,
    sign_in_by_wechat,
    sign_out,
    sign_out_everywhere,
    wechat_bind,
    wechat_unbind,
)
from .tokens import service_token_create, service_token_find, service_token_revoke

__all__ = [
    "Member",
    "account_close",
    "account_reopen",
    "card_issue",
    "card_resolve",
    "code_prove",
    "code_send",
    "family_add",
    "family_revoke",
    "has_second_factor",
    "member_read",
    "needs_code",
    "password_change",
    "patient_create",
    "patient_unmask",
    "patient_verify",
    "reset_ask",
    "reset_decide",
    "second_factor_confirm",
    "second_factor_enrol",
    "second_factor_prove",
    "send_due_codes",
    "service_token_create",
    "service_token_find",
    "service_token_revoke",
    "sign_in_by_code",
    "sign_in_by_password",
    "sign_in_by_wechat",
    "sign_out",
    "sign_out_everywhere",
    "wechat_bind",
    "wechat_unbind",
]
