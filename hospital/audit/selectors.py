"""Reads of the audit trail."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from hospital.kit import clock

from . import kinds
from .models import Entry


@dataclass(frozen=True, slots=True)
class Line:
    """One line as people read it."""

    at: datetime
    who: str
    what: str
    outcome: str
    reason: str
    roles: str
    patient_id: int | None
    entry: Entry


def openings_of(patient_id: int, *, limit: int = 200) -> list[Line]:
    """Which members of staff opened or changed anything of this patient, newest first (H7)."""
    rows = Entry.objects.filter(patient_id=patient_id, staff_id__isnull=False).order_by("-at")[:limit]
    return lines_of(list(rows))


def readings_of(patient_id: int, *, staff_id: int, since: datetime, until: datetime) -> list[Line]:
    """What one member of staff did with one patient in some time, oldest first (SEC-10)."""
    rows = Entry.objects.filter(patient_id=patient_id, staff_id=staff_id, at__gte=since, at__lte=until)
    return lines_of(list(rows.order_by("at", "pk")[:500]))


def search(
    *, staff: str = "", patient_id: int | None = None, action: str = "", refused: bool = False,
    since: date | None = None, until: date | None = None,
) -> QuerySet[Entry]:  # fmt: skip
    """The auditor's search, newest first."""
    rows = Entry.objects.order_by("-at", "-pk")
    if staff:
        rows = rows.filter(staff_id__in=kinds.staff_found(staff))
    if patient_id is not None:
        rows = rows.filter(patient_id=patient_id)
    if action:
        rows = rows.filter(action__startswith=action)
    if refused:
        rows = rows.exclude(outcome="ok")
    if since:
        rows = rows.filter(at__gte=clock.day_bounds(since)[0])
    if until:
        rows = rows.filter(at__lt=clock.day_bounds(until)[1])
    return rows


def lines_of(rows: list[Entry]) -> list[Line]:
    names = kinds.staff_names({row.staff_id for row in rows if row.staff_id})
    return [_line(row, names) for row in rows]


def _line(row: Entry, names: Any) -> Line:
    who = names.get(row.staff_id) or row.service or (f"#{row.account_id}" if row.account_id else "—")
    return Line(
        row.at,
        who,
        kinds.title_of(row.action),
        row.outcome,
        kinds.reason_of(row.reason),
        row.roles,
        row.patient_id,
        row,
    )
