"""WeChat Pay's notices: proved genuine, proved ours, proved to the fen, and only then acted upon (G06, PAY-02).

A notice is a doorbell: what it says is compared with our own intent; whatever doesn't fit is refused with a 4xx, leaves
a security event, and the channel is asked instead. Answering 4xx or 5xx makes WeChat ring again, so that a fault of
ours loses nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from django.conf import settings

from ...errors import OtherRequest, RefundTooMuch
from ...models import Channel, ChannelEvent, Insured, Payment, PayOrder, Refund
from ...services import intents
from ...services.found import refund_found
from ...services.payments import Money, payment_record
from ..base import Back, ChannelUnknown, RefundState
from ..door import MAX_BODY, Mismatch, Refused, heard, order_ask_soon, remember
from .client import moment, sdk
from .mixed import mixed_of

WINDOW = 300  # seconds that a timestamp may differ from our clock
SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    type: str
    resource: dict[str, Any]
    digest: str


def prove(meta: Mapping[str, Any], body: bytes, *, at: datetime) -> Event:
    """The event in a genuine notice. Raises Refused; decrypts nothing before the signature is proved."""
    if not body or len(body) > MAX_BODY:
        raise Refused("body-size")
    signature = str(meta.get("HTTP_WECHATPAY_SIGNATURE", ""))
    if not signature:
        raise Refused("no-signature")
    if signature.startswith(PROBE):
        raise Refused("signature-probe")
    if meta.get("HTTP_WECHATPAY_SIGNATURE_TYPE") != SIGNATURE_TYPE:
        raise Refused("signature-type")
    stamp = str(meta.get("HTTP_WECHATPAY_TIMESTAMP", ""))
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Refused("timestamp")
    if abs(at.timestamp() - int(stamp)) > WINDOW:
        raise Refused("timestamp-window")
    # Asked before the SDK is: for an unknown serial it would call out for certificates.
    if meta.get("HTTP_WECHATPAY_SERIAL") != settings.WECHATPAY_PUBLIC_KEY_ID:
        raise Refused("serial")
    try:
        text = body.decode("utf-8")
        plain = sdk().decrypt_callback(headers=dict(meta), body=text)
    except (UnicodeDecodeError, ValueError, TypeError, KeyError, AttributeError, InvalidTag) as error:
        raise Refused("unreadable") from error
    except Exception as error:  # the SDK raises bare Exception for an algorithm that it doesn't know
        raise Refused("algorithm") from error
    if not plain:
        raise Refused("signature-or-cipher")
    return _event(text, plain)


def _event(text: str, plain: str) -> Event:
    try:
        envelope, resource = json.loads(text), json.loads(plain)
        kind = envelope["resource"]["original_type"]
        event = Event(
            str(envelope["id"]), str(envelope["event_type"]), resource, hashlib.sha256(text.encode()).hexdigest()
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("unreadable") from error
    if not isinstance(resource, dict) or not event.id or len(event.id) > 64:
        raise Refused("unreadable")
    kinds = {"transaction": "TRANSACTION", "refund": "REFUND", "medical_insurance": "MEDICAL_INSURANCE"}
    if kinds.get(kind) != event.type.partition(".")[0]:
        raise Refused("event-type")
    return event


def act(event: Event, *, at: datetime) -> None:
    """Book what a proved event says, once. Raises Mismatch when it doesn't fit what we asked for."""
    if event.resource.get("mchid") != settings.WECHATPAY_MCHID:
        raise Mismatch("merchant")
    if event.type == "TRANSACTION.SUCCESS":
        _paid(event, at=at)
    elif event.type == "MEDICAL_INSURANCE.SUCCESS":
        _mixed(event, at=at)
    elif event.type in {"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"}:
        _refunded(event, at=at)
    else:
        raise Mismatch("event-type")


def _paid(event: Event, *, at: datetime) -> None:
    said = event.resource
    order = PayOrder.objects.filter(channel=Channel.WECHAT, number=str(said.get("out_trade_no", ""))).first()
    if order is None:
        raise Mismatch("unknown-order")
    amount = _amounts(said)
    why = ""
    if said.get("appid") != settings.WECHAT_APP_ID:
        why = "app"
    elif said.get("trade_state") != "SUCCESS" or not said.get("transaction_id"):
        why = "state"
    elif amount.get("currency") != "CNY":
        why = "currency"
    elif type(amount.get("total")) is not int or amount["total"] != order.amount:
        why = "amount"
    if why:
        order_ask_soon(order, at=at)
        raise Mismatch(why)
    payment = payment_record(
        order_id=order.pk, at=at,
        money=Money(str(said["transaction_id"])[:64], amount["total"], _moment(said), "notice"),
        heard=_heard(event, order.number, at=at),
    )  # fmt: skip
    if payment.order_id != order.pk:
        raise Mismatch("other-order")


def _heard(event: Event, number: str, *, at: datetime) -> ChannelEvent:
    return heard(Channel.WECHAT, event.id, event.type, number, event.digest, at=at)


def _mixed(event: Event, *, at: datetime) -> None:
    """Both halves of an insured order, says WeChat: held against what the patient saw, and then every side is asked.

    The notice doesn't name the transaction of the patient's half, and the insurer has the last word on its own.
    """
    said = event.resource
    order = PayOrder.objects.filter(channel=Channel.INSURANCE, number=str(said.get("out_trade_no", ""))).first()
    insured = Insured.objects.filter(order=order).first() if order else None
    if order is None or insured is None or insured.split_at is None:
        raise Mismatch("unknown-order")
    try:
        told = mixed_of(said)
    except ChannelUnknown as error:
        raise Mismatch("amount") from error
    why = ""
    if said.get("appid") != settings.WECHAT_APP_ID:
        why = "app"
    elif told.state != "MIX_PAY_SUCCESS" or not told.insurer_paid or (insured.own_cash and not told.cash_paid):
        why = "state"
    elif told.pay_order_id != insured.pay_ord_id:
        why = "other-order"
    elif told.figures != (insured.total, insured.fund, insured.personal, insured.own_cash, insured.other):
        why = "amount"
    order_ask_soon(order, at=at)
    if why:
        raise Mismatch(why)
    remember(_heard(event, order.number, at=at))


def _amounts(said: dict[str, Any]) -> dict[str, Any]:
    amount = said.get("amount")
    return amount if isinstance(amount, dict) else {}


def _moment(said: dict[str, Any]) -> datetime:
    try:
        return moment(str(said["success_time"]))
    except (KeyError, ValueError) as error:
        raise Mismatch("success-time") from error


def _refunded(event: Event, *, at: datetime) -> None:
    said = event.resource
    number = str(said.get("out_refund_no", ""))
    refund = Refund.objects.filter(number=number).select_related("payment__order").first()
    amount = _amounts(said)
    if refund is None:
        _found(event, amount, at=at)
        return
    if type(amount.get("refund")) is not int or amount["refund"] != refund.amount:
        raise Mismatch("amount")
    if said.get("transaction_id") != refund.payment.transaction_id:
        raise Mismatch("transaction")
    if said.get("out_trade_no") != refund.payment.order.number:
        raise Mismatch("order")
    succeeded = event.type == "REFUND.SUCCESS"
    if succeeded != (said.get("refund_status") == "SUCCESS"):
        raise Mismatch("state")
    state = RefundState(
        Back.SUCCEEDED if succeeded else Back.FAILED, str(said.get("refund_id", ""))[:64], refund.amount,
        _moment(said) if succeeded else None,
    )  # fmt: skip
    intents.refund_store(refund.pk, state, at=at, why="" if succeeded else event.type)
    remember(_heard(event, number, at=at))


def _found(event: Event, amount: dict[str, Any], *, at: datetime) -> None:
    """A refund that isn't ours of a payment that is: somebody made it in WeChat's console, and the money is gone."""
    said, number = event.resource, str(event.resource.get("out_refund_no", ""))
    payment = Payment.objects.filter(
        channel=Channel.WECHAT, transaction_id=str(said.get("transaction_id", "")),
        order__number=str(said.get("out_trade_no", "")),
    ).first()  # fmt: skip
    if payment is None or not number or len(number) > 64:
        raise Mismatch("unknown-refund")
    if event.type != "REFUND.SUCCESS" or said.get("refund_status") != "SUCCESS":
        raise Mismatch("state")
    if type(amount.get("refund")) is not int or amount["refund"] <= 0 or amount.get("total") != payment.amount:
        raise Mismatch("amount")
    try:
        refund_found(
            payment_id=payment.pk, console_number=number, channel_refund_id=str(said.get("refund_id", "")),
            amount=amount["refund"], success_at=_moment(said), at=at,
        )  # fmt: skip
    except (RefundTooMuch, OtherRequest) as problem:
        raise Mismatch("refund-beyond-payment") from problem
    remember(_heard(event, number[:32], at=at))
