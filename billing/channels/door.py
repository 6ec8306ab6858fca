"""What the doors have in common on which channels ring: how a notice is refused, remembered, and asked about later.

A door proves a notice with keys that lie here and books it; it asks nobody outside before it has answered (G06). What
it can't know by itself is asked by the sweep, which is woken.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from django.http import HttpRequest

from hospital.audit import services as audit
from hospital.kit import sweeps
from hospital.kit.access import actor_of
from hospital.kit.actor import Actor, Role
from hospital.kit.transactions import entry

from ..models import ChannelEvent, PayOrder, Refund
from ..services import intents
from ..states import LIVE_ORDER

log = logging.getLogger(__name__)
MAX_BODY = 64 * 1024


class Refused(Exception):
    """The notice isn't acted upon. `code` goes into the security event, `status` to whoever sent it."""

    status: ClassVar[int] = 401

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Mismatch(Refused):
    """Genuine, and yet it doesn't fit what we know: the channel is asked."""

    status = 409


def refusal_of(take: Callable[[], None], request: HttpRequest, channel: str, *, at: datetime) -> Refused | None:
    """Let a notice be proved and acted upon (`take`); when it is refused, the log and the trail are told, and why is answered."""
    try:
        take()
    except Refused as refusal:
        actor = actor_of(request)
        log.warning("refused a notice of %s: %s", channel, refusal.code)
        alarm(channel, refusal, ip=actor.ip, request_id=actor.request_id, at=at)
        return refusal
    return None


@entry
def order_ask_soon(order: PayOrder, *, at: datetime) -> None:
    """Let the sweep ask the channel what really became of an order."""
    PayOrder.objects.filter(pk=order.pk, status__in=LIVE_ORDER).update(next_query_at=at)
    sweeps.wake(intents.SWEEP)


@entry
def refund_ask_soon(refund: Refund, *, at: datetime) -> None:
    Refund.objects.filter(pk=refund.pk, next_query_at__isnull=False).update(next_query_at=at)
    sweeps.wake(intents.SWEEP)


def heard(channel: str, event_id: str, kind: str, number: str, digest: str, *, at: datetime) -> ChannelEvent:
    """A genuine notice as it is kept; the one who acts upon it writes it down in the same transaction."""
    return ChannelEvent(
        channel=channel, event_id=hashlib.sha256(event_id.encode()).hexdigest(), event_type=kind[:40], number=number,
        received_at=at, body_sha256=digest,
    )  # fmt: skip


def remember(event: ChannelEvent) -> None:
    """A genuine notice that was acted upon, once however often it comes (G06)."""
    ChannelEvent.objects.bulk_create([event], ignore_conflicts=True)


@entry
def alarm(channel: str, refusal: Refused, *, ip: str, request_id: str, at: datetime) -> None:
    """A forged or unfitting notice leaves a security event in the audit trail."""
    stranger = Actor(roles=frozenset({Role.SERVICE}), service=f"billing.notify.{channel}", ip=ip, request_id=request_id)
    audit.record(stranger, "security.pay_notice_refused", at=at, outcome="refused", reason=refusal.code)
