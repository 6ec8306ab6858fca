"""Our own record as FHIR R4 resources, read only. Shapes only; who may read is asked before (api/views.py)."""

from collections.abc import Iterable, Mapping
from typing import Any

from emr.models import Observation, ReportStatus
from hospital.people.models import Patient

_GENDER = {"1": "male", "2": "female"}
_STATUS = {ReportStatus.RELEASED: "final", ReportStatus.RECEIVED: "preliminary", ReportStatus.REVIEWED: "preliminary"}
_COMPARATORS = {"<", "<=", ">", ">="}
_OBSERVATION_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_RECORD_NUMBERS = "urn:hospital:record-no"
_LAB_ITEMS = "urn:hospital:lab"

Resource = dict[str, Any]


def patient(row: Patient) -> Resource:
    return {
        "resourceType": "Patient",
        "id": str(row.pk),
        "identifier": [{"use": "usual", "system": _RECORD_NUMBERS, "value": row.record_no}],
        "name": [{"text": row.name}],
        "gender": _GENDER.get(row.sex, "unknown"),
        "birthDate": row.birth_date.isoformat(),
    }


def observation(row: Observation) -> Resource:
    report = row.report
    resource: Resource = {
        "resourceType": "Observation",
        "id": str(row.pk),
        "status": _STATUS[ReportStatus(report.status)],
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": _LAB_ITEMS, "code": row.code, "display": row.name}], "text": row.name},
        "subject": {"reference": f"Patient/{report.patient_id}"},
        "effectiveDateTime": report.observed_at.isoformat(),
        "issued": report.reported_at.isoformat(),
    }
    resource |= _value(row)
    limits = {name: _quantity(number, row.unit) for name, number in (("low", row.range_low), ("high", row.range_high))
              if number is not None}  # fmt: skip
    if limits or row.range_text:
        resource["referenceRange"] = [limits | ({"text": row.range_text} if row.range_text else {})]
    if row.flag:
        resource["interpretation"] = [{"coding": [{"system": _OBSERVATION_INTERPRETATION, "code": row.flag}]}]
    return resource


def _quantity(number: Any, unit: str) -> Resource:
    return {"value": float(number)} | ({"unit": unit} if unit else {})


def _value(row: Observation) -> Resource:
    if row.number is None:
        return {"valueString": row.value}
    compared = {"comparator": row.comparator} if row.comparator in _COMPARATORS else {}
    return {"valueQuantity": _quantity(row.number, row.unit) | compared}


def searchset(resources: Iterable[Mapping[str, Any]], *, total: int) -> Resource:
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": total, "entry": entries}
