"""Alipay's notices: proved genuine, proved ours, proved to the fen, and only then acted upon (G06, PAY-02).

A notice carries the whole state of a trade. One that speaks of a payment is booked; one that speaks of a refund is a
doorbell: its amount is a running total, so that Alipay's books are asked about that very request, afterwards. Anything but the
body `success` makes Alipay ring again, for 24 hours.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from ...models import Channel, ChannelEvent, Payment, PayOrder, Refund
from ...services.payments import Money, payment_record
from ..base import ChannelUnknown
from ..door import MAX_BODY, Mismatch, Refused, heard, order_ask_soon, refund_ask_soon, remember
from . import console
from .client import fen, is_ready, moment, sdk

# Alipay repeats a notice for a little more than a day with the time of each sending; older ones are replays.
OLDEST, AHEAD = timedelta(hours=26), timedelta(minutes=5)
_NOTIFY_TYPE = "trade_status_sync"


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    said: dict[str, str]
    digest: str


def prove(form: Mapping[str, str], body: bytes, *, at: datetime) -> Event:
    """The event in a genuine notice. Raises Refused."""
    if not body or len(body) > MAX_BODY:
        raise Refused("body-size")
    said = dict(form)
    if not is_ready():
        raise Refused("not-ready")
    if said.get("sign_type") != "RSA2":  # RSA is SHA-1: a downgrade
        raise Refused("sign-type")
    signature = said.pop("sign", "")
    if not signature:
        raise Refused("no-signature")
    try:
        genuine = sdk().verify(dict(said), signature)  # the SDK takes sign_type out of what it is given
    except (ValueError, TypeError) as error:
        raise Refused("unreadable") from error
    if not genuine:
        raise Refused("signature")
    try:
        sent = moment(said["notify_time"])
    except (KeyError, ValueError) as error:
        raise Refused("timestamp") from error
    if not at - OLDEST <= sent <= at + AHEAD:
        raise Refused("timestamp-window")
    if not 0 < len(said.get("notify_id", "")) <= 128:
        raise Refused("unreadable")
    return Event(said["notify_id"], said, hashlib.sha256(body).hexdigest())


def act(event: Event, *, at: datetime) -> None:
    """Book what a proved event says, once. Raises Mismatch when it doesn't fit what we asked for."""
    said = event.said
    if said.get("notify_type") != _NOTIFY_TYPE:
        raise Mismatch("event-type")
    if said.get("app_id") != settings.ALIPAY_APP_ID:
        raise Mismatch("app")
    if said.get("seller_id") != settings.ALIPAY_SELLER_ID:
        raise Mismatch("merchant")
    order = PayOrder.objects.filter(channel=Channel.ALIPAY, number=said.get("out_trade_no", "")).first()
    if order is None:
        raise Mismatch("unknown-order")
    status = said.get("trade_status", "")
    kept = heard(Channel.ALIPAY, event.id, status, order.number, event.digest, at=at)
    if said.get("refund_fee") or said.get("out_biz_no"):
        _refunded(event, order, at=at)
    elif status in {"TRADE_SUCCESS", "TRADE_FINISHED"}:
        _paid(event, order, kept, at=at)
        return
    elif status in {"TRADE_CLOSED", "WAIT_BUYER_PAY"}:
        order_ask_soon(order, at=at)
    else:
        raise Mismatch("state")
    remember(kept)


def _amount(event: Event, name: str) -> int:
    try:
        return fen(event.said.get(name))
    except ChannelUnknown as error:
        raise Mismatch("amount") from error


def _paid(event: Event, order: PayOrder, kept: ChannelEvent, *, at: datetime) -> None:
    said = event.said
    trade_no = said.get("trade_no", "")
    why = ""
    if not trade_no or len(trade_no) > 64:
        why = "state"
    elif said.get("trans_currency", "CNY") != "CNY":
        why = "currency"
    elif _amount(event, "total_amount") != order.amount:
        why = "amount"
    if why:
        order_ask_soon(order, at=at)
        raise Mismatch(why)
    try:
        paid_at = moment(said["gmt_payment"])
    except (KeyError, ValueError) as error:
        raise Mismatch("success-time") from error
    money = Money(trade_no, order.amount, paid_at, "notice")
    payment = payment_record(order_id=order.pk, at=at, money=money, heard=kept)
    if payment.order_id != order.pk:
        raise Mismatch("other-order")


def _refunded(event: Event, order: PayOrder, *, at: datetime) -> None:
    number = event.said.get("out_biz_no", "")
    payment = Payment.objects.filter(
        order=order, channel=Channel.ALIPAY, transaction_id=event.said.get("trade_no", "")
    ).first()
    if payment is None or not number or len(number) > console.MAX_NUMBER:
        raise Mismatch("unknown-refund")
    ours = Refund.objects.filter(number=number, payment=payment).first()
    if ours is not None:
        refund_ask_soon(ours, at=at)
        return
    console.keep(payment, number, event.digest, at=at)
