"""Notes: saved as one types, signed, amended; never overwritten (MR-01..MR-04, G10, G11)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.kit.transactions import within
from hospital.organisation.models import CodeSystem, Concept, Staff

from .. import chain, notices, parameters, policy, quality, states
from ..errors import AmendmentNeedsApproval, NoteConflict, NoteSigned, QualityRefusal, ReasonMissing
from ..models import (
    Allergy,
    AmendmentRequest,
    AmendmentStatus,
    Diagnosis,
    DocumentKind,
    Encounter,
    EncounterKind,
    Note,
    NoteStatus,
    NoteVersion,
    Problem,
    SignedVersion,
    VitalKind,
)
from ..quality import DraftDiagnosis
from ..selectors import note_sections
from .encounters import encounter_archive, vital_signs_record


@dataclass(frozen=True, slots=True)
class DiagnosisSpec:
    """A diagnosis as chosen: a code of the ICD-10 catalogue."""

    code: str
    role: str = "secondary"  # models.DiagnosisRole
    suspected: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "role": self.role, "suspected": self.suspected}


def _locked(note_id: int) -> Note:
    rows = Note.objects.select_for_update(no_key=True, of=("self",))
    note = rows.select_related("encounter__patient", "encounter__doctor", "encounter__department").filter(pk=note_id)
    found = note.first()
    if found is None:
        raise NotFound
    return found


@within
def note_save(
    *,
    actor: Actor,
    note_id: int,
    fields: Mapping[str, str],
    diagnoses: Sequence[DiagnosisSpec],
    revision: int,
    at: datetime,
    confirmed: Collection[str] = (),
) -> Note:
    """Save the draft that was begun from `revision`. Somebody else's save in between: NoteConflict, nothing is lost.

    The same text again is the same save, so that a page may repeat one whose answer it never got. `confirmed` names
    sections written from the patient's answers that the doctor now takes as their own; changing one confirms it too.
    """
    note = _locked(note_id)
    policy.must_treat(actor, note.encounter)
    if note.status != NoteStatus.DRAFT:
        raise NoteSigned
    known = {section.id for section in note_sections(note)}
    texts = {name: _tidy(text) for name, text in fields.items() if name in known}
    draft = {
        "fields": texts,
        "diagnoses": [spec.as_json() for spec in diagnoses],
        "from_patient": [
            name
            for name in note.draft.get("from_patient", [])
            if name not in confirmed and texts.get(name, "") == note.draft.get("fields", {}).get(name)
        ],
    }
    if note.revision != revision:
        if draft == note.draft:
            return note
        raise NoteConflict(revision=note.revision)
    return _store(note, draft, actor, at)


def _store(note: Note, draft: dict[str, Any], actor: Actor, at: datetime) -> Note:
    note.draft, note.revision, note.saved_at = draft, note.revision + 1, at
    note.saved_by_id = actor.staff_id
    note.save(update_fields=["draft", "revision", "saved_at", "saved_by"])
    return note


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\x00", "").strip()


@within
def note_prefill(*, actor: Actor, encounter_id: int, fields: Mapping[str, str], at: datetime) -> Note:
    """Write a patient's answers into the empty sections of a draft, marked as theirs until the doctor confirms (C1)."""
    note = _locked(Note.objects.values_list("pk", flat=True).get(encounter_id=encounter_id))
    if note.status != NoteStatus.DRAFT:
        return note
    known = {section.id for section in note_sections(note)}
    texts = dict(note.draft.get("fields", {}))
    marked = set(note.draft.get("from_patient", []))
    for name, text in fields.items():
        if name in known and _tidy(text) and (not texts.get(name) or name in marked):
            texts[name] = _tidy(text)
            marked.add(name)
    draft = {"fields": texts, "diagnoses": note.draft.get("diagnoses", []), "from_patient": sorted(marked)}
    return note if draft == note.draft else _store(note, draft, actor, at)


@within
def note_sign(*, actor: Actor, note_id: int, revision: int, at: datetime) -> SignedVersion:
    """Sign what the doctor saw: the draft of exactly this revision, by the treating licensed doctor (MR-01)."""
    note = _locked(note_id)
    encounter = note.encounter
    policy.must_treat(actor, encounter)
    policy.must_be_licensed(encounter.doctor)
    if note.status != NoteStatus.DRAFT:
        raise NoteSigned
    if note.revision != revision:
        raise NoteConflict(revision=note.revision)
    diagnoses = draft_diagnoses(note.draft.get("diagnoses", []))
    _refuse_defects(note, note.draft.get("fields", {}), diagnoses, at, note.draft.get("from_patient", []))
    _diagnoses_store(encounter, diagnoses, actor, at)
    states.NOTE.move(note, NoteStatus.SIGNED, actor=actor, at=at)
    encounter_archive(actor=actor, encounter=encounter, at=at)
    _problems_store(encounter, diagnoses, at)
    _vital_signs_store(encounter, note.draft.get("fields", {}), actor, at)
    notices.tell("note.signed", encounter.pk, at)
    record(actor, "note.sign", at=at, subject=note, patient_id=encounter.patient_id)
    return _link(note, 1, note.draft.get("fields", {}), diagnoses, at, late=_is_late(encounter, at))


def draft_diagnoses(rows: Sequence[Mapping[str, Any]]) -> list[DraftDiagnosis]:
    """Look the codes of a draft up in the catalogue; unknown or retired ones are refused (Q04)."""
    codes = [str(row["code"]) for row in rows]
    found = {
        concept.code: concept
        for concept in Concept.objects.filter(system=CodeSystem.ICD10, code__in=codes, is_active=True)
    }
    if missing := [code for code in codes if code not in found]:
        raise QualityRefusal(fields={"diagnoses": f"{', '.join(missing)}?"})
    return [
        DraftDiagnosis(
            found[row["code"]].pk, row["code"], found[row["code"]].display, row["role"], bool(row["suspected"])
        )
        for row in rows
    ]


def _refuse_defects(
    note: Note,
    fields: Mapping[str, str],
    diagnoses: Sequence[DraftDiagnosis],
    at: datetime,
    from_patient: Collection[str] = (),
) -> None:
    patient = note.encounter.patient
    subject = quality.Subject(
        encounter=note.encounter, patient=patient, sections=note_sections(note), fields=fields, diagnoses=diagnoses,
        has_allergy_statement=Allergy.objects.filter(patient=patient, resolved_at=None).exists(),
        from_patient=frozenset(from_patient), at=at,
    )  # fmt: skip
    if found := quality.defects(subject):
        raise QualityRefusal(fields=found)


def _diagnoses_store(encounter: Encounter, diagnoses: Sequence[DraftDiagnosis], actor: Actor, at: datetime) -> None:
    """Make the live rows equal the signed list; what is no longer said is withdrawn, never deleted (MR-02)."""
    Diagnosis.objects.filter(encounter=encounter, withdrawn_at=None).update(withdrawn_at=at)
    Diagnosis.objects.bulk_create(
        Diagnosis(
            encounter=encounter, concept_id=one.concept_id, code=one.code, display=one.display, role=one.role,
            suspected=one.suspected, position=position, recorded_by_id=policy.staff_of(actor), recorded_at=at,
        )
        for position, one in enumerate(diagnoses)
    )  # fmt: skip


def _problems_store(encounter: Encounter, diagnoses: Sequence[DraftDiagnosis], at: datetime) -> None:
    """A confirmed main diagnosis is a line of the problem list."""
    for one in diagnoses:
        if one.role == "main" and not one.suspected:
            Problem.objects.get_or_create(
                patient_id=encounter.patient_id, code=one.code, status="active",
                defaults={"display": one.display, "since": clock.business_day(encounter.started_at),
                          "encounter": encounter, "recorded_at": at},
            )  # fmt: skip


def _vital_signs_store(encounter: Encounter, fields: Mapping[str, str], actor: Actor, at: datetime) -> None:
    """What the note measured is a vital sign of the patient too."""
    measured = {kind: Decimal(fields[kind.value]) for kind in VitalKind if fields.get(kind.value)}
    vital_signs_record(actor=actor, patient_id=encounter.patient_id, values=measured, at=at, encounter_id=encounter.pk)


def _is_late(encounter: Encounter, at: datetime) -> bool:
    """Q45, Q50: later than so many hours after the visit's end (or its beginning, when nobody ended a clinic visit)."""
    over = encounter.closed_at or (encounter.started_at if encounter.kind == EncounterKind.OUTPATIENT else None)
    return over is not None and at > over + timedelta(hours=parameters.NOTE_HOURS.at(at))


def _link(
    note: Note,
    version: int,
    fields: Mapping[str, str],
    diagnoses: Sequence[DraftDiagnosis],
    at: datetime,
    *,
    reason: str = "",
    late: bool = False,
) -> SignedVersion:
    encounter = note.encounter
    return chain.link_add(
        kind=DocumentKind.NOTE, document_id=note.pk, version=version, patient_id=encounter.patient_id,
        encounter=encounter, content=note_content(note, fields, diagnoses, at), signer_id=encounter.doctor_id, at=at,
        reason=reason, late=late,
    )  # fmt: skip


def note_content(
    note: Note, fields: Mapping[str, str], diagnoses: Sequence[DraftDiagnosis], at: datetime
) -> dict[str, Any]:
    """What is signed: the text as it was asked and answered, and whose it is."""
    encounter, doctor, patient = note.encounter, note.encounter.doctor, note.encounter.patient
    allergies = Allergy.objects.filter(patient=patient, resolved_at=None).order_by("pk")
    return {
        "form": note.form, "form_version": note.form_version_id,
        "sections": [
            [section.id, section.label, section.words(fields.get(section.id, ""))] for section in note_sections(note)
        ],
        "values": {section.id: fields.get(section.id, "") for section in note_sections(note)},
        "diagnoses": [
            {"code": one.code, "display": one.display, "role": one.role, "suspected": one.suspected}
            for one in diagnoses
        ],
        "allergies": ["none known" if row.none_known else row.substance for row in allergies],
        "encounter": {
            "id": encounter.pk, "number": encounter.number, "kind": encounter.kind,
            "department": encounter.department_id, "department_name": encounter.department.name,
            "started_at": chain.instant(encounter.started_at),
        },
        "patient": {
            "id": patient.pk, "record_no": patient.record_no, "sex": patient.sex,
            "birth_date": patient.birth_date.isoformat(),
        },
        "author": {"id": doctor.pk, "number": doctor.number, "name": doctor.name, "licence": doctor.licence_no},
        "written_at": chain.instant(at),
    }  # fmt: skip


@within
def note_amend(
    *,
    actor: Actor,
    note_id: int,
    fields: Mapping[str, str],
    diagnoses: Sequence[DiagnosisSpec],
    reason: str,
    version: int,
    at: datetime,
) -> SignedVersion:
    """Add a version to a signed note, with its reason; `version` is the one that the doctor read (MR-02, MR-03)."""
    note = _locked(note_id)
    encounter = note.encounter
    policy.must_treat(actor, encounter)
    policy.must_be_licensed(encounter.doctor)
    if note.status == NoteStatus.DRAFT:
        raise NotFound
    if not reason.strip():
        raise ReasonMissing(fields={"reason": ReasonMissing.title})
    latest = NoteVersion.objects.filter(document_id=note.pk).order_by("-version").values_list("version", flat=True)[0]
    if latest != version:
        raise NoteConflict(revision=latest)
    if note.status == NoteStatus.ARCHIVED:
        _use_approval(note, actor, at)
    known = {section.id for section in note_sections(note)}
    texts = {name: _tidy(text) for name, text in fields.items() if name in known}
    looked_up = draft_diagnoses([spec.as_json() for spec in diagnoses])
    _refuse_defects(note, texts, looked_up, at)
    _diagnoses_store(encounter, looked_up, actor, at)
    _problems_store(encounter, looked_up, at)
    record(actor, "note.amend", at=at, subject=note, patient_id=encounter.patient_id, reason=reason[:500])
    return _link(note, latest + 1, texts, looked_up, at, reason=reason.strip()[:500])


def _use_approval(note: Note, actor: Actor, at: datetime) -> None:
    approved = AmendmentRequest.objects.filter(note=note, status=AmendmentStatus.APPROVED).first()
    if approved is None:
        raise AmendmentNeedsApproval
    states.AMENDMENT.move(approved, AmendmentStatus.USED, actor=actor, at=at)


@within
def amendment_ask(*, actor: Actor, note_id: int, reason: str, at: datetime) -> AmendmentRequest:
    """Ask the records office for leave to amend an archived note (MR-03)."""
    note = _locked(note_id)
    policy.must_treat(actor, note.encounter)
    if not reason.strip():
        raise ReasonMissing(fields={"reason": ReasonMissing.title})
    asked, created = AmendmentRequest.objects.get_or_create(
        note=note, status__in=[AmendmentStatus.ASKED, AmendmentStatus.APPROVED],
        defaults={"reason": reason.strip()[:500], "asked_by_id": policy.staff_of(actor), "asked_at": at,
                  "status": AmendmentStatus.ASKED},
    )  # fmt: skip
    if created:
        states.AMENDMENT.begin(asked, actor=actor, at=at, reason=reason[:500])
        record(actor, "amendment.ask", at=at, subject=asked, patient_id=note.encounter.patient_id)
    return asked


@within
def amendment_decide(*, actor: Actor, request_id: int, approve: bool, at: datetime) -> AmendmentRequest:
    """The records office gives leave or not; nobody decides on a request of their own."""
    asked = AmendmentRequest.objects.select_related("note__encounter").filter(pk=request_id).first()
    if asked is None or not actor.is_any(Role.RECORDS) or asked.asked_by_id == actor.staff_id:
        raise NotFound
    status = AmendmentStatus.APPROVED if approve else AmendmentStatus.REFUSED
    decided_by = Staff.objects.get(pk=policy.staff_of(actor))
    states.AMENDMENT.move(asked, status, actor=actor, at=at, decided_by=decided_by, decided_at=at)
    record(actor, "amendment.decide", at=at, subject=asked, patient_id=asked.note.encounter.patient_id, outcome=status)
    return asked
