"""What the matrix tries the doors of hospital.interop with."""

from collections.abc import Sequence

from hospital.interop import services
from hospital.kit import clock
from tests.access.subjects import Case, subject
from tests.cast import Cast
from tests.interop.messages import oru


@subject("interop.inbound")
def inbound(cast: Cast, rule: str) -> Sequence[Case]:
    """A refused message that names somebody."""
    content = oru(cast.wang_fang.patient, pid="PID|1||NOBODY||不存在的人||19780512|F")
    row = services._keep(content.encode(), peer="", at=clock.now())
    services.message_taken_up(row, clock.now())
    return [Case("refused", {"pk": row.pk}, may={"technician", "records"}, data={}, secrets=["不存在的人"])]


@subject("interop.fhir_patient")
def fhir_patient(cast: Cast, rule: str) -> Sequence[Case]:
    """A patient: the person, those who act for them, and who treats them."""
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    return [Case("own", {"pk": cast.wang_fang.patient_id}, may={"wang_fang", "doctor_li"}, secrets=["王芳"])]


@subject("interop.fhir_observations")
def fhir_observations(cast: Cast, rule: str) -> Sequence[Case]:
    """Values of a patient: the same people."""
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    query = {"patient": cast.wang_fang.patient_id}
    return [Case("own", {}, may={"wang_fang", "doctor_li"}, query=query)]
