"""Writes of billing. Upper apps call the verbs listed here; channels and desks use the packages inside."""

from .charges import ChargeSpec, LineSpec, charge_cancel, charge_create, charges_create, charges_expire
from .intents import intents_resolve, order_look, order_prepare, order_refresh, refund_push
from .notices import notices_deliver
from .payments import Money, pay_order_open, pay_order_start, payment_record
from .refunds import refund_approve, refund_reject, refund_request

__all__ = [
    "ChargeSpec",
    "LineSpec",
    "Money",
    "charge_cancel",
    "charge_create",
    "charges_create",
    "charges_expire",
    "intents_resolve",
    "notices_deliver",
    "order_look",
    "order_prepare",
    "order_refresh",
    "pay_order_open",
    "pay_order_start",
    "payment_record",
    "refund_approve",
    "refund_push",
    "refund_reject",
    "refund_request",
]
