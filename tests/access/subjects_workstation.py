"""Subjects of hospital.workstation."""

from collections.abc import Sequence

from hospital.workstation.models import EmergencyAccess
from hospital.workstation.services import emergency_open
from tests.access.subjects import Case, subject
from tests.cast import Cast, Person, actor_of_person


def _opened(cast: Cast, doctor: Person) -> EmergencyAccess:
    return emergency_open(
        actor=actor_of_person(doctor), patient_id=cast.stranger.patient_id, reason="life", words="急诊抢救", at=cast.at
    )


@subject("workstation.emergency")
def emergency(cast: Cast, rule: str) -> Sequence[Case]:
    """Judged by the auditor and by the head of the doctor's department; another department's is nobody's business."""
    data = {"outcome": "justified", "words": "抢救记录相符"}
    here, elsewhere = _opened(cast, cast.doctor_li), _opened(cast, cast.other_doctor)
    return [
        Case("of the department", {"pk": here.pk}, may={"head", "auditor"}, data=data),
        Case("of another department", {"pk": elsewhere.pk}, may={"auditor"}, data=data),
    ]


@subject("workstation.identity")
def identity(cast: Cast, rule: str) -> Sequence[Case]:
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    return [
        Case("in care", {"pk": cast.wang_fang.patient_id}, may={"doctor_li"}, data={"reason": "call"}),
        Case("not in care", {"pk": cast.stranger.patient_id}, may=(), data={"reason": "call"}),
    ]
