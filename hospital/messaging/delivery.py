"""Sending what is due: claim, commit, ask once more whether it is true, send, record (G04).

First a message whose time has come is planned: it appears in the inbox, and each channel that reaches the account
gets a Delivery with a provider key. Then deliveries are claimed by pushing their `due_at` into the future and
committing; the provider is called outside any transaction. A process that dies in between leaves a delivery that is
due again, and the provider key makes the repeated call harmless. One bad recipient never stops the next.

A pass may take longer than a claim lasts: each claim counts from its own instant, and what outlived its claim is left
to whoever claims it next. Otherwise slow processes would do one another's work over and over.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import translation

from hospital.kit import clock
from hospital.kit.actor import system
from hospital.kit.outside import OutsideError
from hospital.people.models import Account

from . import kinds
from .channels import CHANNELS
from .models import Channel, Delivery, Message, Preference
from .parameters import CLAIM_SECONDS, GIVE_UP_HOURS
from .states import DELIVERY, MESSAGE, DeliveryStatus, MessageStatus

log = logging.getLogger(__name__)

ACTOR = system("messaging")
_BATCH = 50
_LONGEST_WAIT = timedelta(minutes=10)


def deliver_due(*, at: datetime) -> int:
    """Plan and send everything that is due; answers how many messages were planned and deliveries finished."""
    now = clock.running_from(at)
    done = 0
    while planned := _plan_batch(now()):
        done += planned
    while claimed := _claim_batch(now()):
        done += sum(_send(delivery, now()) for delivery in claimed if now() < delivery.due_at)
    return done


def _plan_batch(at: datetime) -> int:
    with transaction.atomic():
        waiting = Message.objects.filter(status=MessageStatus.WAITING, not_before__lte=at)
        batch = list(waiting.order_by("not_before", "pk").select_for_update(skip_locked=True)[:_BATCH])
        for message in batch:
            _plan(message, at)
        return len(batch)


def _plan(message: Message, at: datetime) -> None:
    kind = kinds.get(message.kind)
    if not kind.still_wanted(message.context, at):
        MESSAGE.move(message, MessageStatus.WITHDRAWN, actor=ACTOR, at=at, reason="not wanted", finished_at=at)
        return
    account = Account.objects.get(pk=message.account_id)
    preference = Preference.objects.filter(account=account).first() or Preference(account=account)
    due_at = at if kind.urgent else loud_from(preference, at)
    deliveries = [
        Delivery(message=message, channel=channel, provider_key=uuid.uuid4().hex, due_at=due_at)
        for channel in kind.channels
        if channel != Channel.INBOX and _may_use(channel, account, preference)
    ]
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    MESSAGE.move(message, MessageStatus.SENDING, actor=ACTOR, at=at, shown_at=at)
    _finish_if_all_done(message, at)


def _may_use(channel: str, account: Account, preference: Preference) -> bool:
    wanted = {Channel.SMS: preference.sms, Channel.WECHAT: preference.wechat}[Channel(channel)]
    return account.is_active and wanted and bool(CHANNELS[channel].reaches(account))


def loud_from(preference: Preference, at: datetime) -> datetime:
    """The first instant from `at` on that is outside the account's quiet hours."""
    local = clock.local(at)
    begins, ends = preference.quiet_from, preference.quiet_to
    now = local.time()
    quiet = begins <= now < ends if begins <= ends else now >= begins or now < ends
    if not quiet:
        return at
    day = local.date() + timedelta(days=1) if now >= ends else local.date()
    return clock.at_local(day, ends)


def _claim_batch(at: datetime) -> list[Delivery]:
    with transaction.atomic():
        due = Delivery.objects.filter(status=DeliveryStatus.WAITING, due_at__lte=at)
        batch = list(due.order_by("due_at", "pk").select_for_update(skip_locked=True)[:_BATCH])
        for delivery in batch:
            delivery.due_at = at + timedelta(seconds=CLAIM_SECONDS.at(at))
        Delivery.objects.bulk_update(batch, ["due_at"])
    return batch


def _send(delivery: Delivery, at: datetime) -> int:
    """Send one claimed delivery; answers 1 when it is finished for good."""
    message = Message.objects.select_related("account").get(pk=delivery.message_id)
    kind = kinds.get(message.kind)
    if message.status == MessageStatus.WITHDRAWN or not kind.still_wanted(message.context, at):
        return _finish(delivery, DeliveryStatus.WITHDRAWN, at)
    title, text = render(message, language=message.account.language)
    try:
        reference = CHANNELS[delivery.channel].send(
            message.account, kind=kind.name, title=title, text=text, url=message.url,
            provider_key=delivery.provider_key,
        )  # fmt: skip
    except OutsideError as error:
        return _failed(delivery, error, message, at)
    return _finish(
        delivery, DeliveryStatus.SENT, at, attempts=delivery.attempts + 1, sent_at=at, provider_ref=reference[:100],
        last_error="",
    )  # fmt: skip


def render(message: Message, *, language: str = "") -> tuple[str, str]:
    """Title and text of a message in the language of the account (Chinese unless it chose otherwise)."""
    kind = kinds.get(message.kind)
    with translation.override(language or "zh-hans"):
        return str(kind.title) % message.context, str(kind.text) % message.context


def _failed(delivery: Delivery, error: OutsideError, message: Message, at: datetime) -> int:
    log.warning("delivery %s by %s failed: %s", delivery.pk, delivery.channel, error)
    given_up = at - message.not_before > timedelta(hours=GIVE_UP_HOURS.at(at))
    failures, reason = delivery.attempts + 1, str(error)[:500]
    if error.lasting or given_up:
        return _finish(delivery, DeliveryStatus.FAILED, at, attempts=failures, last_error=reason)
    delivery.due_at, delivery.attempts, delivery.last_error = at + _pause_after(failures), failures, reason
    delivery.save(update_fields=["due_at", "attempts", "last_error"])
    return 0


def _pause_after(failures: int) -> timedelta:
    """Twice as long after each failure, up to the longest; no power of two grows beyond what a timedelta can hold."""
    return min(timedelta(seconds=5 * 2 ** min(failures, 10)), _LONGEST_WAIT)


def _finish(delivery: Delivery, status: DeliveryStatus, at: datetime, **changes: Any) -> int:
    with transaction.atomic():
        message = Message.objects.select_for_update().get(pk=delivery.message_id)
        delivery.refresh_from_db(fields=["status"])
        if DELIVERY.allows(delivery.status, status):  # else another process, or a withdrawal, was first
            DELIVERY.move(delivery, status, actor=ACTOR, at=at, **changes)
        _finish_if_all_done(message, at)
    return 1


def _finish_if_all_done(message: Message, at: datetime) -> None:
    if message.status != MessageStatus.SENDING:
        return
    if not message.deliveries.filter(status=DeliveryStatus.WAITING).exists():
        MESSAGE.move(message, MessageStatus.DONE, actor=ACTOR, at=at, finished_at=at)
