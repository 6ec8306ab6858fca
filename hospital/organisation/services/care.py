"""Who cares for whom."""

from datetime import datetime

from hospital.kit.actor import Actor
from hospital.kit.transactions import within

from ..models import CareRelation, Department, Staff


@within
def care_relation_open(
    *,
    actor: Actor,
    patient_id: int,
    because: str,
    because_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    staff_id: int | None = None,
    department_id: int | None = None,
    reason: str = "",
) -> CareRelation:
    """Open (or move the end of) the relation by which a carer may see a patient's record (MR-12)."""
    relation, _created = CareRelation.objects.update_or_create(
        patient_id=patient_id,
        staff=Staff.objects.get(pk=staff_id) if staff_id else None,
        department=Department.objects.get(pk=department_id) if department_id else None,
        because=because,
        because_id=because_id,
        defaults={"starts_at": starts_at, "ends_at": ends_at, "reason": reason},
    )
    return relation
