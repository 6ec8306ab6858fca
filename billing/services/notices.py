"""Telling the apps above what happened, after it was committed (architecture.md, "How paid reaches consult")."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hospital.kit import notices, sweeps
from hospital.kit.transactions import within

from .. import kinds
from ..models import Charge, Notice

SWEEP = "billing.notices"


@within
def notice_post(topic: str, charge: Charge, *, at: datetime, once: str = "") -> None:
    """`once` distinguishes events of one topic on one charge (two refunds)."""
    notices.post(
        Notice, topic=topic, key=f"{topic}:{charge.pk}{once}", at=at,
        payload={"charge_id": charge.pk, "kind": charge.kind},
    )  # fmt: skip
    sweeps.wake(SWEEP)


def _paid(payload: Mapping[str, Any], at: datetime) -> None:
    kinds.get(payload["kind"]).on_paid(payload["charge_id"], at)


def _refunded(payload: Mapping[str, Any], at: datetime) -> None:
    kinds.get(payload["kind"]).on_refunded(payload["charge_id"], at)


def _expired(payload: Mapping[str, Any], at: datetime) -> None:
    kinds.get(payload["kind"]).on_expired(payload["charge_id"], at)


HANDLERS = {"charge.paid": _paid, "charge.refunded": _refunded, "charge.expired": _expired}


def notices_deliver(*, at: datetime) -> int:
    """The sweep: deliver what waits; a failing handler keeps its error and is tried again."""
    return notices.deliver_due(Notice, HANDLERS, at=at)
