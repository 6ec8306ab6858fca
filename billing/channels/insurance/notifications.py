"""Notices of the insurer's centre: proved genuine, held against what the patient saw, and then the centre is asked (G06).

A notice is a doorbell: it says that an order was settled or revoked. What it was, 6301 tells (client.query): nothing is
booked by a notice alone, so that a replayed one does no more than make us ask once more.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from hospital.audit import services as audit
from hospital.kit import sweeps
from hospital.kit.actor import Actor, Role
from hospital.kit.transactions import entry

from ...models import Channel, ChannelEvent, Insured, PayOrder
from ...services import intents
from ...states import LIVE_ORDER
from ..base import ChannelUnknown
from .client import side, split_of
from .wire import Unreadable

MAX_BODY = 64 * 1024
NOTICE = "6302"


class Refused(Exception):
    """The notice isn't acted upon. `code` goes into the security event, `status` to whoever sent it."""

    def __init__(self, code: str, status: int = 401) -> None:
        self.code, self.status = code, status
        super().__init__(code)


def prove(body: bytes, *, at: datetime) -> dict[str, Any]:
    """What a genuine notice says. Raises Refused."""
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


@entry
def act(said: dict[str, Any], body: bytes, *, at: datetime) -> None:
    """Have the centre asked about the order, once its notice fits. Raises Refused with 409 when it doesn't."""
    number = str(said.get("medOrgOrd", ""))
    insured = (
        Insured.objects.select_related("order").filter(order__number=number, order__channel=Channel.INSURANCE).first()
    )
    if insured is None:
        raise Refused("unknown-order", 409)
    PayOrder.objects.filter(pk=insured.order_id, status__in=LIVE_ORDER).update(next_query_at=at)
    sweeps.wake(intents.SWEEP)
    if why := _misfit(said, insured):
        raise Refused(why, 409)
    row = ChannelEvent(
        channel=Channel.INSURANCE, event_id=hashlib.sha256(body).hexdigest(), number=number, received_at=at,
        event_type=f"{NOTICE}.{said.get('callType')}"[:40], body_sha256=hashlib.sha256(body).hexdigest(),
    )  # fmt: skip
    ChannelEvent.objects.bulk_create([row], ignore_conflicts=True)


def _misfit(said: dict[str, Any], insured: Insured) -> str:
    if said.get("payOrdId") != insured.pay_ord_id:
        return "other-order"
    try:
        told = split_of(said).figures()
    except ChannelUnknown:
        return "amount"
    return "" if told == (insured.total, insured.fund, insured.personal, insured.own_cash, insured.other) else "amount"


@entry
def alarm(refusal: Refused, *, ip: str, request_id: str, at: datetime) -> None:
    """A forged or unfitting notice leaves a security event in the audit trail."""
    stranger = Actor(roles=frozenset({Role.SERVICE}), service="billing.notify.insurance", ip=ip, request_id=request_id)
    audit.record(stranger, "security.pay_notice_refused", at=at, outcome="refused", reason=refusal.code)
