"""UnionPay's notices: proved genuine, proved ours, proved to the fen, and only then acted upon (G06, PAY-02).

A notice has neither a number nor a time of its own. It is bound by what it speaks of: our number, the time under which
we sent it, and UnionPay's number of the transaction, under which money is stored once. Sent again, by UnionPay or by
somebody who kept it, it changes nothing. One that speaks of a refund is a doorbell: the sweep asks about that refund.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from ...models import Channel, ChannelEvent, PayOrder, Refund
from ...services.payments import Money, payment_record
from ..base import ChannelUnknown
from ..door import MAX_BODY, Mismatch, Refused, heard, order_ask_soon, refund_ask_soon, remember
from . import wire
from .client import DONE, PAY, REFUND, fen, is_ready, moment, sent_at, stamp


@dataclass(frozen=True, slots=True)
class Event:
    said: dict[str, str]
    digest: str


def prove(form: Mapping[str, str], body: bytes, *, at: datetime) -> Event:
    """What a genuine notice says. Raises Refused."""
    if not body or len(body) > MAX_BODY:
        raise Refused("body-size")
    if not is_ready():
        raise Refused("not-ready")
    said = dict(form)
    try:
        wire.verify(said, trusted=settings.UNIONPAY_TRUST_PEM, at=at)
    except wire.Unproved as error:
        raise Refused(error.code) from error
    return Event(said, hashlib.sha256(body).hexdigest())


def act(event: Event, *, at: datetime) -> None:
    """Book what a proved notice says, once. Raises Mismatch when it doesn't fit what we asked for."""
    said = event.said
    if said.get("merId") != settings.UNIONPAY_MER_ID:
        raise Mismatch("merchant")
    if not 0 < len(said.get("queryId", "")) <= 64:
        raise Mismatch("transaction")
    kind, number = said.get("txnType", ""), said.get("orderId", "")
    event_id = f"{kind} {said['queryId']} {said.get('respCode', '')}"
    kept = heard(Channel.UNIONPAY, event_id, kind, number, event.digest, at=at)
    if kind == PAY:
        _paid(said, number, kept, at=at)
    elif kind == REFUND:
        _refunded(said, number, at=at)
        remember(kept)
    else:
        raise Mismatch("event-type")


def _paid(said: Mapping[str, str], number: str, kept: ChannelEvent, *, at: datetime) -> None:
    order = PayOrder.objects.filter(channel=Channel.UNIONPAY, number=number).first()
    if order is None:
        raise Mismatch("unknown-order")
    if why := _unfit(said, order.created_at, order.amount):
        order_ask_soon(order, at=at)
        raise Mismatch(why)
    try:
        paid_at = moment(said)
    except ChannelUnknown as error:
        order_ask_soon(order, at=at)
        raise Mismatch("success-time") from error
    money = Money(said["queryId"], order.amount, paid_at, "notice")
    payment = payment_record(order_id=order.pk, at=at, money=money, heard=kept)
    if payment.order_id != order.pk:
        raise Mismatch("other-order")


def _unfit(said: Mapping[str, str], sent: datetime, amount: int) -> str:
    """Why this isn't what we asked for; empty when it is."""
    if said.get("txnTime") != stamp(sent):
        return "other-time"
    if said.get("currencyCode", "156") != "156":
        return "currency"
    try:
        if fen(said.get("txnAmt", "")) != amount:
            return "amount"
    except ChannelUnknown:
        return "amount"
    return "" if said.get("respCode") in DONE else "state"


def _refunded(said: Mapping[str, str], number: str, *, at: datetime) -> None:
    """UnionPay tells of refunds that we asked for only; one made in its console stands in the bill (D8)."""
    refund = Refund.objects.filter(payment__channel=Channel.UNIONPAY, number=number).select_related("payment").first()
    if refund is None or said.get("origQryId") != refund.payment.transaction_id:
        raise Mismatch("unknown-refund")
    refund_ask_soon(refund, at=at)
    if (why := _unfit(said, sent_at(refund), refund.amount)) and why != "state":  # failed is an answer, too
        raise Mismatch(why)
