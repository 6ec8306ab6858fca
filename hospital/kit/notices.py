"""Notices: how a lower app tells an upper one that something happened, without knowing it.

The lower app has a table of its own (a subclass of Notice) and posts a row in the transaction that made it true.
Afterwards a sweep locks each waiting row (SKIP LOCKED), runs the registered handlers inside a savepoint and stores
`delivered_at`. A failing handler keeps its error and is tried again later; what was already true stays true.
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from .transactions import within

log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any], datetime], None]


class Notice(models.Model):
    topic = models.CharField(max_length=100)
    key = models.CharField(max_length=200, unique=True)
    payload = models.JSONField(default=dict)  # ids only, no personal data
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["due_at"], name="%(app_label)s_%(class)s_wait", condition=models.Q(delivered_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"


@within
def post(model: type[Notice], *, topic: str, key: str, at: datetime, payload: Mapping[str, Any]) -> None:
    """Write a notice; the same key twice is the same notice."""
    notice = model(topic=topic, key=key, payload=dict(payload), created_at=at, due_at=at)
    model._default_manager.bulk_create([notice], ignore_conflicts=True)


def deliver_due(model: type[Notice], handlers: Mapping[str, Handler], *, at: datetime, limit: int = 200) -> int:
    """Deliver up to `limit` waiting notices; answers how many were delivered."""
    delivered = 0
    failed: set[int] = set()
    for _ in range(limit):
        with transaction.atomic():
            waiting = model._default_manager.filter(delivered_at__isnull=True, due_at__lte=at).exclude(pk__in=failed)
            notice = waiting.order_by("due_at", "pk").select_for_update(skip_locked=True).first()
            if notice is None:
                break
            if _delivered(notice, handlers, at):
                delivered += 1
            else:
                failed.add(notice.pk)
    return delivered


def _delivered(notice: Notice, handlers: Mapping[str, Handler], at: datetime) -> bool:
    notice.attempts += 1
    try:
        with transaction.atomic():
            handlers[notice.topic](notice.payload, at)
    except Exception as error:  # one bad notice must never stop the next; its error is kept and shown
        log.exception("notice %s of %s failed, attempt %d", notice.pk, notice.topic, notice.attempts)
        notice.last_error = "".join(traceback.format_exception_only(error)).strip()[:2000]
        notice.due_at = at + timedelta(seconds=min(15 * 2**notice.attempts, 3600))
        notice.save(update_fields=["attempts", "last_error", "due_at"])
        return False
    notice.delivered_at = at
    notice.last_error = ""
    notice.save(update_fields=["attempts", "last_error", "delivered_at"])
    return True
