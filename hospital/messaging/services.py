"""Telling people: written in the caller's transaction, sent later by a sweep, withdrawn when it stops being true."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hospital.kit import sweeps
from hospital.kit.transactions import within
from hospital.people.models import FamilyLink

from . import kinds
from .models import Message, MessageStatus

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
    kinds.get(kind)
    message = Message(
        key=key, account_id=account_id, kind=kind, context=dict(context or {}), patient_id=patient_id, url=url,
        created_at=at, not_before=not_before or at,
    )  # fmt: skip
    Message.objects.bulk_create([message], ignore_conflicts=True)
    if message.not_before <= at:
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
    for account_id in accounts:
        message_send(
            key=f"{key}:{account_id}", account_id=account_id, kind=kind, at=at, context=context, patient_id=patient_id,
            url=url, not_before=not_before,
        )  # fmt: skip


@within
def message_withdraw(*, key: str, at: datetime) -> int:
    """Take back what isn't true any more: the message of this key and those of `key:<account>`. Answers how many."""
    waiting = Message.objects.filter(status=MessageStatus.WAITING)
    return sum(
        rows.update(status=MessageStatus.WITHDRAWN, finished_at=at)
        for rows in (waiting.filter(key=key), waiting.filter(key__startswith=f"{key}:"))
    )
