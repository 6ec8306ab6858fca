"""Reads of hospital.messaging: the inbox of the one who asks, and the state of the outbox."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from hospital.kit.actor import Actor

from .delivery import render
from .models import Delivery, Message, Preference
from .states import DeliveryStatus, MessageStatus

_SHOWN = (MessageStatus.SENDING, MessageStatus.DONE)


def inbox_for(actor: Actor) -> QuerySet[Message]:
    """The account's messages that are still true, newest first."""
    return Message.objects.filter(account_id=actor.own_account_id, status__in=_SHOWN).order_by("-shown_at", "-pk")


def unread_count(actor: Actor) -> int:
    return inbox_for(actor).filter(read_at=None).count()


def lines(messages: QuerySet[Message] | list[Message], language: str) -> list[dict[str, Any]]:
    """Messages as they are shown: title, text, link."""
    shown = []
    for message in messages:
        title, text = render(message, language=language)
        shown.append({"message": message, "title": title, "text": text})
    return shown


def preference_for(actor: Actor) -> Preference:
    return Preference.objects.filter(account_id=actor.own_account_id).first() or Preference(
        account_id=actor.own_account_id
    )


def outbox_oldest(at: datetime) -> datetime | None:
    """Since when the oldest message or delivery that is due has been waiting."""
    due = Message.objects.filter(status=MessageStatus.WAITING, not_before__lte=at).aggregate(oldest=Min("not_before"))
    late = Delivery.objects.filter(status=DeliveryStatus.WAITING, due_at__lte=at).aggregate(oldest=Min("due_at"))
    return min((moment for moment in (due["oldest"], late["oldest"]) if moment), default=None)


def outbox_status(at: datetime) -> dict[str, Any]:
    """How the outbox stands: counts by status and channel, and how late the oldest is (seconds)."""
    waiting = Message.objects.filter(status=MessageStatus.WAITING)
    due = waiting.filter(not_before__lte=at).aggregate(count=Count("pk"), oldest=Min("not_before"))
    unsent = Delivery.objects.filter(status=DeliveryStatus.WAITING)
    late = unsent.filter(due_at__lte=at).aggregate(count=Count("pk"), oldest=Min("due_at"))
    oldest = min((moment for moment in (due["oldest"], late["oldest"]) if moment), default=None)
    by_channel = Delivery.objects.values_list("channel", "status").annotate(count=Count("pk")).order_by()
    return {
        "at": at.isoformat(),
        "messages": dict(Message.objects.values_list("status").annotate(count=Count("pk")).order_by()),
        "deliveries": {f"{channel}.{status}": count for channel, status, count in by_channel},
        "due": due["count"] + late["count"],
        "oldest_due_seconds": int((at - oldest).total_seconds()) if oldest else 0,
        "failed": Delivery.objects.filter(status=DeliveryStatus.FAILED).count(),
    }
