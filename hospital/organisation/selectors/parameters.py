"""What the hospital set for the declared parameters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from hospital.kit import parameters

from ..models import PolicyParameter

# Asked in every verb: written out, because building this query costs the ORM more than answering it costs the
# database. The unique index on (name, campus, effective_from) serves it.
_VALUES = """
    SELECT DISTINCT ON (name) name, value FROM organisation_policyparameter
    WHERE name = ANY(%s) AND effective_from <= %s AND (effective_to IS NULL OR effective_to > %s)
      AND (campus_id IS NULL OR campus_id = %s)
    ORDER BY name, campus_id NULLS LAST, effective_from DESC
"""


def parameter_values(names: Sequence[str], at: datetime, campus_id: int | None) -> dict[str, Any]:
    """The values set for parameters at an instant: the campus's own before the hospital's; without those not set."""
    with connection.cursor() as cursor:
        cursor.execute(_VALUES, [list(names), at, at, campus_id])
        return {name: json.loads(value) for name, value in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """A declared parameter as the administrator reads it."""

    name: str
    title: str
    kind: str
    unit: str
    source: str
    default: Any
    present: Any
    set_by_hospital: bool
    campuses: tuple[tuple[str, Any], ...]  # campuses that have a value of their own


def parameter_lines(at: datetime) -> list[ParameterLine]:
    """Every parameter that the code declares, with the value that holds at an instant (G-1)."""
    live = PolicyParameter.objects.filter(
        Q(effective_to=None) | Q(effective_to__gt=at), effective_from__lte=at
    ).select_related("campus")
    hospital: dict[str, Any] = {}
    own: dict[str, list[tuple[str, Any]]] = {}
    for row in live.order_by("campus__name"):
        if row.campus is None:
            hospital[row.name] = row.value
        else:
            own.setdefault(row.name, []).append((row.campus.name, row.value))
    return [
        ParameterLine(
            name=name,
            title=str(parameter.title) or name,
            kind=parameter.kind.__name__,
            unit=str(parameter.unit),
            source=parameter.source,
            default=parameter.default,
            present=hospital.get(name, parameter.default),
            set_by_hospital=name in hospital,
            campuses=tuple(own.get(name, ())),
        )
        for name, parameter in sorted(parameters.declared().items())
    ]
