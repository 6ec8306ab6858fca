"""Refunds that somebody made by hand in Alipay's console: the notice is answered at once, Alipay is asked afterwards.

A notice of a refund says how much went back in all, not how much this time, so that Alipay's books are asked about the
one request. The row that keeps it until then is the notice itself (ChannelEvent); it is done when the refund is stored
under the console's number, or when it was refused, which another row says.
"""

import logging
from datetime import datetime, timedelta

from hospital.kit import sweeps

from ...errors import OtherRequest, RefundTooMuch
from ...models import Channel, ChannelEvent, Payment, Refund
from ...services.found import found_key, refund_found
from ..base import Back, ChannelUnknown, NoSuchOrder
from ..door import Mismatch, alarm
from .client import AlipayClient, is_ready

log = logging.getLogger(__name__)
SWEEP = "billing.console_refunds"
STAY = timedelta(days=2)  # a notice that Alipay's books don't bear out by then stands in the bill, or nowhere
_TOLD, _REFUSED = "console-refund", "console-refused"
MAX_NUMBER = 52


def keep(payment: Payment, number: str, digest: str, *, at: datetime) -> None:
    """Write down that Alipay told of a refund that isn't ours. Once, however often it rings."""
    _event(_TOLD, payment, number, digest, at)
    sweeps.wake(SWEEP)


def _event(kind: str, payment: Payment, number: str, digest: str, at: datetime) -> None:
    # The id carries both numbers: the sweep reads them from it.
    row = ChannelEvent(
        channel=Channel.ALIPAY, event_id=f"{'' if kind == _TOLD else '!'}{payment.pk}:{number}", event_type=kind,
        number=payment.order.number, received_at=at, body_sha256=digest,
    )  # fmt: skip
    ChannelEvent.objects.bulk_create([row], ignore_conflicts=True)


def console_refunds_find(*, at: datetime, limit: int = 50) -> int:
    """The sweep: ask about each that isn't stored yet; answers how many were asked about."""
    if not is_ready():
        return 0
    told = ChannelEvent.objects.filter(channel=Channel.ALIPAY, event_type=_TOLD, received_at__gte=at - STAY)
    waiting = []
    for event in told.order_by("pk"):
        payment_id, _colon, number = event.event_id.partition(":")
        refused = ChannelEvent.objects.filter(channel=Channel.ALIPAY, event_id=f"!{event.event_id}")
        if not Refund.objects.filter(key=found_key(Channel.ALIPAY, number)).exists() and not refused.exists():
            waiting.append((int(payment_id), number, event.body_sha256))
    for payment_pk, number, digest in waiting[:limit]:
        _find(Payment.objects.select_related("order").get(pk=payment_pk), number, digest, at)
    return len(waiting[:limit])


def _find(payment: Payment, number: str, digest: str, at: datetime) -> None:
    try:
        state = AlipayClient().refund_at_channel(payment.transaction_id, number)
    except (NoSuchOrder, ChannelUnknown) as error:
        log.warning("Alipay told of a refund and doesn't bear it out yet: %s", type(error).__name__)
        return
    if state.back != Back.SUCCEEDED or state.success_at is None:
        return
    try:
        refund_found(
            payment_id=payment.pk, console_number=number, channel_refund_id=state.channel_refund_id,
            amount=state.amount, success_at=state.success_at, at=at,
        )  # fmt: skip
    except (RefundTooMuch, OtherRequest):
        _event(_REFUSED, payment, number, digest, at)
        alarm("alipay", Mismatch("refund-beyond-payment"), ip="", request_id="", at=at)
