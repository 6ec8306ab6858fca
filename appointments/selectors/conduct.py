"""Appeals against missed visits, for the head of the department (AP-06)."""

from datetime import datetime

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry

from ..models import Absence
from ..states import AbsenceStatus


@entry
def appeals_for(actor: Actor, *, at: datetime) -> list[Absence]:
    rows = Absence.objects.filter(status=AbsenceStatus.APPEALED, department_id__in=actor.department_ids)
    found = list(rows.select_related("patient", "booking__doctor").order_by("appealed_at")[:100])
    for row in found:
        record(actor, "absence.read", at=at, subject=row, patient_id=row.patient_id)
    return found
