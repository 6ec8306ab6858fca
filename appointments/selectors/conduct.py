"""Appeals against missed visits, for the head of the department (AP-06)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry

from .. import policy
from ..models import Absence, Ban
from ..states import COUNTED_ABSENCE, AbsenceStatus


@dataclass(frozen=True, slots=True)
class Appeal:
    """What the head decides on: the appeal, how many visits were missed in half a year, and what hangs on it."""

    absence: Absence
    missed: int
    banned_until: datetime | None


@entry
def appeals_for(actor: Actor, *, at: datetime) -> list[Appeal]:
    rows = Absence.objects.filter(status=AbsenceStatus.APPEALED, department_id__in=actor.department_ids)
    found = list(rows.select_related("patient", "booking__doctor").order_by("appealed_at")[:100])
    people = {row.patient_id for row in found}
    counted = Absence.objects.filter(patient_id__in=people, status__in=COUNTED_ABSENCE, at__gt=at - policy.HALF_YEAR)
    missed = Counter(counted.values_list("patient_id", flat=True))
    live = Ban.objects.filter(patient_id__in=people, lifted_at=None, starts_at__lte=at, ends_at__gt=at)
    bans = dict(live.order_by("ends_at").values_list("patient_id", "ends_at"))
    for row in found:
        record(actor, "absence.read", at=at, subject=row, patient_id=row.patient_id)
    return [Appeal(row, missed[row.patient_id], bans.get(row.patient_id)) for row in found]
