"""Writing the audit trail: always in the transaction of what it speaks of, so that neither exists alone (SEC-04)."""

from datetime import datetime
from typing import Any

from django.db import connection, models

from hospital.kit.actor import Actor
from hospital.kit.lifecycle import Move
from hospital.kit.transactions import within

from .models import Entry, StatusChange


def _current_xid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


@within
def record(
    actor: Actor,
    action: str,
    *,
    at: datetime,
    subject: models.Model | None = None,
    patient_id: int | None = None,
    outcome: str = "ok",
    reason: str = "",
) -> None:
    """Write one line. A failing insert fails the caller: no read and no write goes without its line (G15)."""
    Entry.objects.create(
        at=at,
        account_id=actor.account_id,
        staff_id=actor.staff_id,
        roles=",".join(sorted(actor.roles)),
        service=actor.service,
        action=action,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=str(subject.pk) if subject is not None else "",
        patient_id=patient_id,
        outcome=outcome,
        reason=reason,
        ip=actor.ip or None,
        device=actor.device,
        request_id=actor.request_id,
        xid=_current_xid(),
    )


@within
def journal_move(move: Move) -> None:
    """The journal of every Lifecycle, registered in wiring.py."""
    values: dict[str, Any] = {
        "lifecycle": move.lifecycle, "row_id": move.pk, "old": move.old, "new": move.new, "at": move.at,
        "account_id": move.actor.account_id, "staff_id": move.actor.staff_id, "service": move.actor.service,
        "reason": move.reason,
    }  # fmt: skip
    StatusChange.objects.create(**values)
