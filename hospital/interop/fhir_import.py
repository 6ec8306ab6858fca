"""Earlier history from a FHIR R4 bundle: what another institution exported becomes rows that are shown apart.

Nothing of it joins our own record: a foreign diagnosis is history, never a diagnosis of this house (IH-01 evidence is
proved otherwise). Each fact is known by the bundle's own id of it, so that an import twice adds nothing.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from emr.models import HistoryItem, HistoryKind
from emr.services import history_add
from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry
from hospital.people.models import Patient

from .errors import BundleElsewhere, BundleUnreadable, PatientUnknown

Resource = Mapping[str, Any]

_KINDS = {
    "Condition": HistoryKind.CONDITION,
    "Encounter": HistoryKind.ENCOUNTER,
    "MedicationRequest": HistoryKind.MEDICATION,
    "MedicationStatement": HistoryKind.MEDICATION,
    "Observation": HistoryKind.OBSERVATION,
    "Procedure": HistoryKind.PROCEDURE,
    "DiagnosticReport": HistoryKind.REPORT,
    "AllergyIntolerance": HistoryKind.ALLERGY,
    "Immunization": HistoryKind.IMMUNIZATION,
}
# What says that a thing was never so.
_UNTRUE = {"entered-in-error", "cancelled", "not-done"}


@dataclass(slots=True)
class ImportCounts:
    """By type of resource: what the bundle has, what was new, what was known, what was left out and why."""

    found: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    unresolved: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "found": dict(self.found), "new": dict(self.new), "known": dict(self.known), "left_out": dict(self.left_out),
            "unresolved": self.unresolved,
        }  # fmt: skip


class Bundle:
    """The resources of a bundle and what their references mean."""

    def __init__(self, content: Any) -> None:
        if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
            raise BundleUnreadable(why="resourceType")
        entries = content.get("entry")
        if not isinstance(entries, list):
            raise BundleUnreadable(why="entry")
        self.resources: list[Resource] = []
        self._by_reference: dict[str, Resource] = {}
        for number, one in enumerate(entries):
            resource = one.get("resource") if isinstance(one, dict) else None
            if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
                raise BundleUnreadable(why=f"entry[{number}].resource")
            self.resources.append(resource)
            for name in (one.get("fullUrl"), f"{resource['resourceType']}/{resource.get('id')}"):
                if isinstance(name, str):
                    self._by_reference[name] = resource

    @classmethod
    def read(cls, raw: bytes) -> "Bundle":
        """Raises BundleUnreadable."""
        try:
            return cls(json.loads(raw))
        except (ValueError, RecursionError) as error:
            raise BundleUnreadable(why="JSON") from error

    @property
    def patient(self) -> Resource:
        """The one patient whose history this is."""
        patients = [resource for resource in self.resources if resource["resourceType"] == "Patient"]
        if len(patients) != 1:
            raise BundleUnreadable(why=f"{len(patients)} Patient")
        return patients[0]

    def resolve(self, reference: str) -> Resource | None:
        """urn:uuid, Type/id, or conditional (`Practitioner?identifier=system|value`)."""
        if "?" not in reference:
            return self._by_reference.get(reference)
        kind, _, condition = reference.partition("?")
        name, _, wanted = condition.partition("=")
        if name != "identifier":
            return None
        system, _, value = wanted.rpartition("|")
        for resource in self.resources:
            if resource["resourceType"] != kind:
                continue
            for identifier in _list(resource.get("identifier")):
                if identifier.get("value") == value and (not system or identifier.get("system") == system):
                    return resource
        return None

    def subject_of(self, resource: Resource) -> Resource | None:
        reference = _dict(resource.get("subject")) or _dict(resource.get("patient"))
        return self.resolve(str(reference.get("reference", "")))


@entry
def bundle_import(*, actor: Actor, record_no: str, raw: bytes, source: str, at: datetime) -> ImportCounts:
    """Add the facts of a bundle to the earlier history of a patient, as a whole or not at all.

    Raises PatientUnknown; BundleUnreadable; BundleElsewhere when facts of it are on another patient's record.
    """
    patient = Patient.objects.filter(record_no=record_no).first()
    if patient is None:
        raise PatientUnknown
    bundle = Bundle.read(raw)
    owner = bundle.patient
    origin = _origin(owner)
    _refuse_elsewhere(bundle, origin, patient.pk)
    counts = ImportCounts()
    for resource in bundle.resources:
        name = str(resource["resourceType"])
        counts.found[name] += 1
        kind = _KINDS.get(name)
        if kind is None or not resource.get("id") or _status(resource) in _UNTRUE:
            counts.left_out[name] += 1
            continue
        if bundle.subject_of(resource) is not owner:
            counts.left_out[name] += 1
            counts.unresolved.append(f"{name}/{resource.get('id')}")
            continue
        starts_at, ends_at = _period(resource)
        system, code, display = _coding(bundle, resource, name)
        value, unit = _value(resource)
        added = history_add(
            actor=actor, patient_id=patient.pk, kind=kind, display=display or name, source=source,
            source_key=_key(origin, resource), at=at, code_system=system, code=code, value=value, unit=unit,
            starts_at=starts_at, ends_at=ends_at, data=resource,
        )  # fmt: skip
        (counts.new if added else counts.known)[name] += 1
    audit.record(actor, "history.import", at=at, subject=patient, patient_id=patient.pk)
    return counts


def _origin(owner: Resource) -> str:
    """Whose numbers these are: the patient's id at the institution that exported."""
    return f"fhir:{str(owner.get('id', ''))[:64]}"


def _key(origin: str, resource: Resource) -> str:
    return f"{origin}:{resource['resourceType']}:{str(resource['id'])[:64]}"


def _refuse_elsewhere(bundle: Bundle, origin: str, patient_id: int) -> None:
    keys = [_key(origin, one) for one in bundle.resources if one.get("id") and one["resourceType"] in _KINDS]
    others = HistoryItem.objects.filter(source_key__in=keys).exclude(patient_id=patient_id).count()
    if others:
        raise BundleElsewhere(count=others)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _status(resource: Resource) -> str:
    verified = next(_list(_dict(resource.get("verificationStatus")).get("coding")), {})
    return str(verified.get("code") if verified.get("code") in _UNTRUE else resource.get("status", ""))


def _concept(value: Any) -> tuple[str, str, str]:
    concept = _dict(value)
    coding = next(_list(concept.get("coding")), {})
    text = concept.get("text") or coding.get("display") or coding.get("code") or ""
    return str(coding.get("system", "")), str(coding.get("code", "")), str(text)


def _coding(bundle: Bundle, resource: Resource, name: str) -> tuple[str, str, str]:
    """(system, code, words) of what the fact is about."""
    if name == "Encounter":
        kinds = list(_list(resource.get("type")))
        return _concept(kinds[0]) if kinds else ("", "", str(_dict(resource.get("class")).get("code", "")))
    if name.startswith("Medication"):
        if "medicationCodeableConcept" in resource:
            return _concept(resource["medicationCodeableConcept"])
        drug = bundle.resolve(str(_dict(resource.get("medicationReference")).get("reference", "")))
        return _concept(_dict(drug).get("code"))
    return _concept(resource.get("vaccineCode") if name == "Immunization" else resource.get("code"))


def _value(resource: Resource) -> tuple[str, str]:
    """What was measured, as text, and its unit; the parts of a blood pressure together."""
    quantity = _dict(resource.get("valueQuantity"))
    if "value" in quantity:
        return _number(quantity["value"]), str(quantity.get("unit") or quantity.get("code") or "")
    if "valueCodeableConcept" in resource:
        return _concept(resource["valueCodeableConcept"])[2], ""
    for name in ("valueString", "valueInteger", "valueBoolean", "valueDateTime"):
        if name in resource:
            return str(resource[name]), ""
    parts = [(_concept(part.get("code"))[2], *_value(part)) for part in _list(resource.get("component"))]
    return "; ".join(f"{label} {value} {unit}".strip() for label, value, unit in parts), ""


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return str(value)
    return f"{value:.6g}"


def _period(resource: Resource) -> tuple[datetime | None, datetime | None]:
    for name in ("period", "performedPeriod", "effectivePeriod", "onsetPeriod"):
        period = _dict(resource.get(name))
        if period:
            return _instant(period.get("start")), _instant(period.get("end"))
    starts = (
        "onsetDateTime",
        "effectiveDateTime",
        "performedDateTime",
        "authoredOn",
        "occurrenceDateTime",
        "recordedDate",
    )
    start = next((found for found in (_instant(resource.get(name)) for name in starts) if found), None)
    return start, _instant(resource.get("abatementDateTime"))


def _instant(value: Any) -> datetime | None:
    """A FHIR dateTime; a year or a month alone is its first day, a day its midnight in Shanghai."""
    if not isinstance(value, str):
        return None
    text = f"{value}-01-01" if len(value) == 4 else f"{value}-01" if len(value) == 7 else value
    try:
        if len(text) == 10:
            return clock.at_local(date.fromisoformat(text), time.min)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=clock.SHANGHAI)
