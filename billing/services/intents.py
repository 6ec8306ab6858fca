"""Finding out what became of every order and refund at a channel: nothing stays unknown (PAY-02, G07).

Each step is: claim the row in a short transaction, ask the channel with no transaction open, store the answer in
another. A crash between any two leaves a row that the next sweep asks about; the numbers make repeats harmless.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from hospital.kit.actor import Actor, system
from hospital.kit.transactions import entry

from .. import errors
from ..channels import base
from ..models import Charge, PayOrder, PayOrderCharge, Refund
from ..parameters import CHANNEL_REFUND_DAYS
from ..states import LIVE_ORDER, PAY_ORDER, REFUND, PayOrderStatus, RefundStatus
from .payments import Money, payment_record
from .refunds import refund_finish

log = logging.getLogger(__name__)

SWEEP = "billing.intents"
ROBOT = system("billing.intents")
ASK_AGAIN = timedelta(seconds=2)  # a page that is reloaded doesn't ask the channel more often than this
_ASKABLE = [RefundStatus.APPROVED, RefundStatus.PROCESSING, RefundStatus.UNKNOWN]


def intents_resolve(*, at: datetime, limit: int = 100) -> int:
    """The sweep: ask about every order and refund whose time has come; answers how many were asked about."""
    live = base.channels()
    orders = PayOrder.objects.filter(status__in=LIVE_ORDER, next_query_at__lte=at, channel__in=live)
    refunds = Refund.objects.filter(status__in=_ASKABLE, next_query_at__lte=at, payment__channel__in=live)
    done = _each(list(orders.order_by("next_query_at").values_list("pk", flat=True)[:limit]), order_refresh, at)
    return done + _each(list(refunds.order_by("next_query_at").values_list("pk", flat=True)[:limit]), refund_push, at)


def _each(row_ids: list[int], verb: "Callable[..., bool]", at: datetime) -> int:
    done = 0
    for row_id in row_ids:
        try:
            done += verb(row_id, at=at)
        except Exception:  # one row never stops the next; it was claimed, so that it is asked about again later
            log.exception("%s of %d failed", verb.__name__, row_id)
    return done


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(15 * 2 ** min(attempts, 10), 300))


# --- Orders -------------------------------------------------------------------------------------------------------
def order_prepare(order_id: int, *, at: datetime, payer_ip: str = "", openid: str = "") -> PayOrder:
    """Make the order known to its channel and keep what the payer needs. Call it again after a lost connection.

    Raises ChannelSilent when the channel's answer is unknown, ChannelSaysNo when it surely refused.
    """
    order = PayOrder.objects.get(pk=order_id)
    if order.status != PayOrderStatus.CREATED:
        return order
    try:
        prepared = base.client(order.channel).prepare(order, payer_ip=payer_ip, openid=openid)
    except base.ChannelUnknown as error:
        _note(order_id, str(error))
        raise errors.ChannelSilent from error
    except base.ChannelRefused as refusal:
        if refusal.code == "ORDERPAID":
            order_refresh(order_id, at=at)
            return PayOrder.objects.get(pk=order_id)
        _order_closed(order_id, at=at, why=str(refusal))
        raise errors.ChannelSaysNo(said=refusal.code) from refusal
    return _order_prepared(order_id, prepared, at=at)


def _note(order_id: int, error: str) -> None:
    PayOrder.objects.filter(pk=order_id).update(last_error=error[:500])


@entry
def _order_prepared(order_id: int, prepared: dict[str, str], *, at: datetime) -> PayOrder:
    order = PayOrder.objects.select_for_update(no_key=True).get(pk=order_id)
    if order.status == PayOrderStatus.CREATED:
        PAY_ORDER.move(order, PayOrderStatus.WAITING, actor=ROBOT, at=at, prepared=prepared, last_error="")
    return order


def order_refresh(order_id: int, *, at: datetime) -> bool:
    """Ask the channel what became of an order and store it; close it when its time is over.

    Answers False when it needed no asking (ended, asked a moment ago, or another process is asking).
    """
    order = _order_claim(order_id, at=at)
    if order is None:
        return False
    over = order.expires_at <= at or order.close_wanted_at is not None
    try:
        client = base.client(order.channel)
        state = client.query(order)
        if state.trade == base.Trade.WAITING and over:
            state = _close_or_ask(client, order, at)
    except base.NoSuchOrder as refusal:
        # The call that should have made it never arrived, or the payer didn't open the link yet. Until its end
        # somebody may still pay it, so that it is asked about until then, whatever was wanted of it.
        if order.expires_at <= at:
            _order_closed(order_id, at=at, why=str(refusal))
        return True
    except (base.ChannelUnknown, base.ChannelRefused) as error:
        _note(order_id, str(error))
        return True
    if state.trade == base.Trade.PAID and state.success_at is not None:
        money = Money(state.transaction_id, state.amount, state.success_at, "query", state.split)
        payment_record(order_id=order_id, money=money, at=at)
    elif state.trade == base.Trade.CLOSED:
        _order_closed(order_id, at=at)
    return True


def order_look(order_id: int, *, at: datetime) -> None:
    """For a screen that shows an order again and again: made known to its channel when it isn't yet, and asked for.

    A channel that is silent or says no changes nothing here: the screen shows the order as it stands and asks again.
    """
    with suppress(errors.ChannelSilent, errors.ChannelSaysNo):
        order_prepare(order_id, at=at)
        order_refresh(order_id, at=at)


def _close_or_ask(client: base.Client, order: PayOrder, at: datetime) -> base.OrderState:
    """Close it; if it was paid in that very moment, the channel says so and is asked once more (G02)."""
    try:
        client.close(order, at=at)
    except base.ChannelRefused as refusal:
        if refusal.code != "ORDERPAID":
            raise
        return client.query(order)
    return base.OrderState(base.Trade.CLOSED)


@entry
def _order_claim(order_id: int, *, at: datetime) -> PayOrder | None:
    fresh = Q(asked_at=None) | Q(asked_at__lte=at - ASK_AGAIN)
    rows = PayOrder.objects.select_for_update(no_key=True, skip_locked=True)
    order = rows.filter(fresh, pk=order_id, status__in=LIVE_ORDER).first()
    if order is None:
        return None
    order.attempts += 1
    order.asked_at = at
    order.next_query_at = at + _pause(order.attempts)
    if order.expires_at > at:  # right after its end it is closed at the channel, before the bill expires (G02)
        order.next_query_at = min(order.next_query_at, order.expires_at + timedelta(seconds=1))
    order.save(update_fields=["attempts", "asked_at", "next_query_at"])
    return order


@entry
def _order_closed(order_id: int, *, at: datetime, why: str = "") -> None:
    # Locked in the house's order: charges, then the order; a payment in flight waits or comes first.
    charge_ids = PayOrderCharge.objects.filter(order_id=order_id).values("charge_id")
    list(Charge.objects.select_for_update(no_key=True).filter(pk__in=charge_ids).order_by("pk").values_list("pk"))
    order = PayOrder.objects.select_for_update(no_key=True).get(pk=order_id)
    if order.status in LIVE_ORDER:
        PAY_ORDER.move(
            order, PayOrderStatus.CLOSED, actor=ROBOT, at=at, reason=why[:500], ended_at=at, next_query_at=None,
            last_error=why[:500],
        )  # fmt: skip


# --- Refunds ------------------------------------------------------------------------------------------------------
def refund_push(refund_id: int, *, at: datetime) -> bool:
    """Send an approved refund, or ask what became of one that was sent; the same number is never paid out twice."""
    claimed = _refund_claim(refund_id, at=at)
    if claimed is None:
        return False
    refund, first_time = claimed
    limit = timedelta(days=CHANNEL_REFUND_DAYS.at(at))
    if refund.payment.success_at < at - limit:
        refund_store(refund_id, base.RefundState(base.Back.FAILED), at=at, why="past the channel's limit (PAY-09)")
        return True
    try:
        client = base.client(refund.payment.channel)
        state = client.refund(refund) if first_time else _asked_again(client, refund)
    except base.ChannelUnknown as error:
        _refund_unknown(refund_id, at=at, why=str(error))
        return True
    except base.ChannelRefused as refusal:
        refund_store(refund_id, base.RefundState(base.Back.FAILED), at=at, why=str(refusal))
        return True
    refund_store(refund_id, state, at=at)
    return True


def _asked_again(client: base.Client, refund: Refund) -> base.RefundState:
    try:
        return client.query_refund(refund)
    except base.NoSuchOrder:  # it never arrived: send it again, under the same number
        return client.refund(refund)


@entry
def _refund_claim(refund_id: int, *, at: datetime) -> tuple[Refund, bool] | None:
    fresh = Q(asked_at=None) | Q(asked_at__lte=at - ASK_AGAIN) | Q(status=RefundStatus.APPROVED)
    rows = Refund.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related(
        "payment__order"
    )
    refund = rows.filter(fresh, pk=refund_id, status__in=_ASKABLE, payment__channel__in=base.channels()).first()
    if refund is None:
        return None
    first_time = refund.status == RefundStatus.APPROVED and refund.attempts == 0
    attempts = refund.attempts + 1
    changes: dict[str, Any] = {"attempts": attempts, "asked_at": at, "next_query_at": at + _pause(attempts)}
    if refund.status == RefundStatus.APPROVED:
        REFUND.move(refund, RefundStatus.PROCESSING, actor=ROBOT, at=at, **changes)
    else:
        Refund.objects.filter(pk=refund_id).update(**changes)
    return refund, first_time


@entry
def refund_store(refund_id: int, state: base.RefundState, *, at: datetime, why: str = "", actor: Actor = ROBOT) -> None:
    """Write down what a channel says of a refund; saying it twice changes nothing."""
    Charge.objects.select_for_update(no_key=True).filter(refunds__pk=refund_id).first()
    refund = Refund.objects.select_for_update(no_key=True).get(pk=refund_id)
    if refund.status == RefundStatus.SUCCEEDED:
        return
    if state.back == base.Back.SUCCEEDED and state.success_at is not None:
        refund_finish(
            refund, actor=actor, at=at, success_at=state.success_at, channel_refund_id=state.channel_refund_id
        )
    elif state.back == base.Back.FAILED and refund.status in _ASKABLE:
        REFUND.move(
            refund, RefundStatus.FAILED, actor=actor, at=at, reason=why[:500], last_error=why[:500], next_query_at=None,
            channel_refund_id=state.channel_refund_id or refund.channel_refund_id,
        )  # fmt: skip
    elif state.back == base.Back.PROCESSING:
        changes: dict[str, Any] = {"channel_refund_id": state.channel_refund_id, "last_error": ""}
        if refund.status == RefundStatus.UNKNOWN:
            REFUND.move(refund, RefundStatus.PROCESSING, actor=actor, at=at, **changes)
        else:
            Refund.objects.filter(pk=refund_id).update(**changes)


@entry
def _refund_unknown(refund_id: int, *, at: datetime, why: str) -> None:
    refund = Refund.objects.select_for_update(no_key=True).get(pk=refund_id)
    if refund.status == RefundStatus.PROCESSING:
        REFUND.move(refund, RefundStatus.UNKNOWN, actor=ROBOT, at=at, reason=why[:500], last_error=why[:500])
    elif refund.status == RefundStatus.UNKNOWN:
        Refund.objects.filter(pk=refund_id).update(last_error=why[:500])
