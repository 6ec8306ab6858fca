"""Earlier history from other institutions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hospital.kit.actor import Actor
from hospital.kit.transactions import within

from ..models import HistoryItem, HistoryKind


@within
def history_add(
    *,
    actor: Actor,
    patient_id: int,
    kind: HistoryKind | str,
    display: str,
    source: str,
    source_key: str,
    at: datetime,
    code_system: str = "",
    code: str = "",
    value: str = "",
    unit: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Add one imported fact, once per `source_key`; False when it was there already."""
    item = HistoryItem(
        patient_id=patient_id, kind=HistoryKind(kind), code_system=code_system[:200], code=code[:100],
        display=display[:500], value=value[:500], unit=unit[:40], starts_at=starts_at, ends_at=ends_at,
        source=source[:200], source_key=source_key, data=dict(data or {}), added_at=at,
    )  # fmt: skip
    known = HistoryItem.objects.filter(source_key=source_key).exists()
    if not known:
        HistoryItem.objects.bulk_create([item], ignore_conflicts=True)
    return not known
