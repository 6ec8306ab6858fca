"""The read-only FHIR facade: right shapes, and nothing for those who may not read."""

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient as FhirPatient

from emr.models import Report
from hospital.audit.models import Entry
from tests.cast import client_for
from tests.emr.conftest import Clinic, clinic

__all__ = ["clinic"]


def filed(clinic: Clinic) -> str:
    clinic.sign()
    report = clinic.file()
    return f"/api/v1/fhir/Observation?patient={report.patient_id}"


def test_a_patient_is_valid_fhir_and_leaves_a_line(clinic: Clinic) -> None:
    patient = clinic.cast.wang_fang.patient
    body = client_for(clinic.cast.wang_fang).get(f"/api/v1/fhir/Patient/{patient.pk}").json()
    assert FhirPatient.model_validate(body).birthDate == patient.birth_date
    assert Entry.objects.filter(action="fhir.patient", patient_id=patient.pk).exists()


def test_values_are_valid_fhir_and_patients_see_what_was_released(clinic: Clinic) -> None:
    url = filed(clinic)
    doctor, patient = client_for(clinic.cast.doctor_li), client_for(clinic.cast.wang_fang)
    body = doctor.get(url).json()
    Bundle.model_validate(body)
    value = body["entry"][0]["resource"]
    assert (value["status"], value["valueQuantity"]) == ("preliminary", {"value": 108.0, "unit": "g/L"})
    assert value["interpretation"][0]["coding"][0]["code"] == "L"
    assert patient.get(url).json()["total"] == 0, "not released yet"
    clinic.release(Report.objects.get())
    assert patient.get(url).json()["entry"][0]["resource"]["status"] == "final"
    assert doctor.get(f"{url}&code=nothing").json()["total"] == 0


def test_strangers_get_nothing(clinic: Clinic) -> None:
    url = filed(clinic)
    for person in (clinic.cast.stranger, clinic.cast.other_doctor, clinic.cast.admin, clinic.cast.technician):
        assert client_for(person).get(url).status_code == 404
    assert client_for(None).get(url).status_code == 401
    assert client_for(clinic.cast.doctor_li).get("/api/v1/fhir/Observation").status_code == 422
