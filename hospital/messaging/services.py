"""Telling people: written in the caller's transaction, sent later by a sweep, withdrawn when it stops being true."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time
from typing import Any

from django.db.models import Q

from hospital.kit import sweeps
from hospital.kit.actor import Actor, system
from hospital.kit.transactions import entry, within
from hospital.people.models import FamilyLink

from . import kinds
from .models import Message, Preference
from .states import DELIVERY, MESSAGE, DeliveryStatus, MessageStatus

SWEEP = "messaging.deliveries"


@within
def message_send(
    *,
    key: str,
    account_id: int,
    kind: str,
    at: datetime,
    context: Mapping[str, Any] | None = None,
    patient_id: int | None = None,
    url: str = "",
    not_before: datetime | None = None,
) -> None:
    """Tell one account one thing, once per `key`, not before an instant. The same key again changes nothing."""
    _keep([
        Message(
            key=key, account_id=account_id, kind=kind, context=dict(context or {}), patient_id=patient_id, url=url,
            created_at=at, not_before=not_before or at,
        )
    ])  # fmt: skip


def _keep(messages: Sequence[Message]) -> None:
    for kind in {message.kind for message in messages}:
        kinds.get(kind)
    Message.objects.bulk_create(messages, ignore_conflicts=True)
    if any(message.not_before <= message.created_at for message in messages):
        sweeps.wake(SWEEP)


@within
def patient_tell(
    *,
    key: str,
    patient_id: int,
    kind: str,
    at: datetime,
    context: Mapping[str, Any] | None = None,
    url: str = "",
    not_before: datetime | None = None,
) -> None:
    """Tell everyone who may act for a patient (oneself and consented family)."""
    accounts = FamilyLink.objects.filter(patient_id=patient_id, revoked_at=None).values_list("account_id", flat=True)
    _keep([
        Message(
            key=f"{key}:{account_id}", account_id=account_id, kind=kind, context=dict(context or {}), patient_id=patient_id,
            url=url, created_at=at, not_before=not_before or at,
        )
        for account_id in accounts
    ])  # fmt: skip


@within
def message_withdraw(*, key: str, at: datetime) -> int:
    """Take back what isn't true any more: the message of this key and those of `key:<account>`. Answers how many.

    What already went out by SMS can't be unsent; it leaves the inbox all the same.
    """
    told = Message.objects.exclude(status=MessageStatus.WITHDRAWN).filter(Q(key=key) | Q(key__startswith=f"{key}:"))
    messages = list(told.order_by("pk").select_for_update())
    for message in messages:
        MESSAGE.move(message, MessageStatus.WITHDRAWN, actor=system("messaging"), at=at, finished_at=at)
        for delivery in message.deliveries.filter(status=DeliveryStatus.WAITING).select_for_update():
            DELIVERY.move(delivery, DeliveryStatus.WITHDRAWN, actor=system("messaging"), at=at)
    return len(messages)


@entry
def message_mark_read(*, actor: Actor, message_ids: Collection[int], at: datetime) -> int:
    """The person has seen these messages of theirs."""
    mine = Message.objects.filter(account_id=actor.own_account_id, pk__in=message_ids, read_at=None)
    return mine.update(read_at=at)


@entry
def preference_set(
    *, actor: Actor, sms: bool, wechat: bool, quiet_from: time, quiet_to: time, at: datetime
) -> Preference:
    """Choose channels and quiet hours; holds for everything not yet sent."""
    preference, _ = Preference.objects.update_or_create(
        account_id=actor.own_account_id,
        defaults={"sms": sms, "wechat": wechat, "quiet_from": quiet_from, "quiet_to": quiet_to},
    )
    return preference
