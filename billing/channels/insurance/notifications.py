"""Notices of the insurer's centre: proved genuine, held against what the patient saw, and then the centre is asked (G06).

A notice is a doorbell: it says that an order was settled or revoked. What it was, 6301 tells (client.query): nothing is
booked by a notice alone, so that a replayed one does no more than make us ask once more.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from ...models import Channel, Insured
from ..base import ChannelUnknown
from ..door import MAX_BODY, Mismatch, Refused, heard, order_ask_soon, remember
from .client import is_ready, side, split_of
from .wire import Unreadable

NOTICE = "6302"


def prove(body: bytes, *, at: datetime) -> dict[str, Any]:
    """What a genuine notice says. Raises Refused."""
    if not is_ready():
        raise Refused("no-keys")
    if not body or len(body) > MAX_BODY:
        raise Refused("body-size")
    try:
        message = json.loads(body)
        said = side().open(message, now=at.timestamp())
    except Unreadable as error:
        raise Refused(str(error)) from error
    except ValueError as error:
        raise Refused("unreadable") from error
    if message.get("transType") != NOTICE:
        raise Refused("event-type")
    return said


def act(said: dict[str, Any], body: bytes, *, at: datetime) -> None:
    """Have the centre asked about the order, once its notice fits. Raises Mismatch when it doesn't."""
    number = str(said.get("medOrgOrd", ""))
    insured = (
        Insured.objects.select_related("order").filter(order__number=number, order__channel=Channel.INSURANCE).first()
    )
    if insured is None:
        raise Mismatch("unknown-order")
    order_ask_soon(insured.order, at=at)
    if why := _misfit(said, insured):
        raise Mismatch(why)
    digest = hashlib.sha256(body).hexdigest()
    remember(heard(Channel.INSURANCE, digest, f"{NOTICE}.{said.get('callType')}", number, digest, at=at))


def _misfit(said: dict[str, Any], insured: Insured) -> str:
    if said.get("payOrdId") != insured.pay_ord_id:
        return "other-order"
    try:
        told = split_of(said).figures()
    except ChannelUnknown:
        return "amount"
    return "" if told == (insured.total, insured.fund, insured.personal, insured.own_cash, insured.other) else "amount"
