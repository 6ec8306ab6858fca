"""What the hospital set for the declared parameters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from hospital.kit import parameters

from ..models import PolicyParameter


def parameter_value(name: str, at: datetime, campus_id: int | None) -> Any:
    """The value set for a parameter at an instant: the campus's own before the hospital's; None when not set."""
    rows = PolicyParameter.objects.filter(
        Q(effective_to=None) | Q(effective_to__gt=at), Q(campus=None) | Q(campus_id=campus_id), name=name,
        effective_from__lte=at,
    ).order_by("campus_id", "-effective_from")  # fmt: skip
    row = rows.first()
    return None if row is None else row.value


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
