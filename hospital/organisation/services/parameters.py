"""Setting the values of declared parameters (rules G-1)."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from hospital.audit import services as audit
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry

from .. import policy
from ..errors import ParameterOverlaps
from ..models import PolicyParameter


@entry
def parameter_set(
    *,
    actor: Actor,
    name: str,
    value: Any,
    source: str,
    effective_from: datetime,
    at: datetime,
    campus_id: int | None = None,
    effective_to: datetime | None = None,
) -> PolicyParameter:
    """Set the value of a parameter from an instant on; what held without end until then ends there.

    Raises ParameterRefused when the value isn't of the parameter's kind, ParameterOverlaps when another value holds
    in that time.
    """
    policy.check_parameter(name, value, effective_from, effective_to)
    rows = PolicyParameter.objects.select_for_update().filter(name=name, **_campus(campus_id))
    for open_end in rows.filter(effective_to=None, effective_from__lt=effective_from).order_by("pk"):
        open_end.effective_to = effective_from
        open_end.save(update_fields=["effective_to"])
    later = rows.filter(Q(effective_to=None) | Q(effective_to__gt=effective_from))
    if effective_to is not None:
        later = later.filter(effective_from__lt=effective_to)
    if later.exists():
        raise ParameterOverlaps
    row = PolicyParameter.objects.create(
        name=name, campus_id=campus_id, value=value, source=source, effective_from=effective_from,
        effective_to=effective_to,
    )  # fmt: skip
    audit.record(actor, "parameter.set", at=at, subject=row)
    return row


def _campus(campus_id: int | None) -> dict[str, Any]:
    return {"campus": None} if campus_id is None else {"campus_id": campus_id}
