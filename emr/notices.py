"""Telling the apps above, by a Notice: never a call while a lock is held."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hospital.kit import notices, sweeps
from hospital.kit.transactions import within

from . import kinds
from .models import EmrNotice, Encounter, Order, Prescription

SWEEP = "emr.notices"


@within
def tell(topic: str, row_id: int, at: datetime) -> None:
    """Post `topic` (a key of HANDLERS) about one row, once."""
    notices.post(EmrNotice, topic=topic, key=f"{topic}:{row_id}", at=at, payload={"id": row_id})
    sweeps.wake(SWEEP)


def deliver_due(*, at: datetime) -> int:
    return notices.deliver_due(EmrNotice, HANDLERS, at=at)


def _order_placed(payload: Mapping[str, Any], at: datetime) -> None:
    order = Order.objects.select_related("encounter").get(pk=payload["id"])
    kinds.order_kind(order.kind).on_placed(order.pk, at)
    kinds.encounter_use(order.encounter).on_ordered(order.pk, at)


def _order_paid(payload: Mapping[str, Any], at: datetime) -> None:
    order = Order.objects.get(pk=payload["id"])
    kinds.order_kind(order.kind).on_paid(order.pk, at)
    for follower in kinds.order_followers(order.kind):
        follower.on_paid(order.pk, at)


def _order_cancelled(payload: Mapping[str, Any], at: datetime) -> None:
    order = Order.objects.get(pk=payload["id"])
    kinds.order_kind(order.kind).on_cancelled(order.pk, at)
    for follower in kinds.order_followers(order.kind):
        follower.on_cancelled(order.pk, at)


def _note_signed(payload: Mapping[str, Any], at: datetime) -> None:
    encounter = Encounter.objects.get(pk=payload["id"])
    kinds.encounter_use(encounter).on_note_signed(encounter.pk, at)


def _prescribed(payload: Mapping[str, Any], at: datetime) -> None:
    prescription = Prescription.objects.select_related("encounter").get(pk=payload["id"])
    kinds.encounter_use(prescription.encounter).on_prescribed(prescription.pk, at)


HANDLERS: dict[str, notices.Handler] = {
    "order.placed": _order_placed,
    "order.paid": _order_paid,
    "order.cancelled": _order_cancelled,
    "note.signed": _note_signed,
    "prescription.signed": _prescribed,
}
