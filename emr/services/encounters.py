"""Opening and closing encounters; what is measured and known of the patient in them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.transactions import within
from hospital.organisation.services import care_relation_open

from .. import parameters, policy, states
from ..models import (
    Allergy,
    Encounter,
    EncounterKind,
    EncounterStatus,
    Note,
    NoteStatus,
    VitalKind,
    VitalSign,
)
from ..numbers import next_number
from ..selectors import form_current


@within
def encounter_open(
    *,
    actor: Actor,
    patient_id: int,
    kind: str,
    department_id: int,
    doctor_id: int,
    because: str,
    because_id: int | None,
    at: datetime,
    form: str = "return-note",
) -> Encounter:
    """Open an encounter with its empty note, and the care relation by which the doctor may read (MR-12).

    The same `because`/`because_id` answers the encounter that exists already.
    """
    if because and because_id is not None:
        existing = Encounter.objects.filter(because=because, because_id=because_id).first()
        if existing is not None:
            return existing
    encounter = Encounter.objects.create(
        number=next_number(EncounterKind(kind).value, at), patient_id=patient_id, kind=kind,
        department_id=department_id, doctor_id=doctor_id, because=because, because_id=because_id, started_at=at,
    )  # fmt: skip
    states.ENCOUNTER.begin(encounter, actor=actor, at=at)
    if kind != EncounterKind.TREATMENT:
        note = Note.objects.create(encounter=encounter, form=form, form_version=form_current(form), created_at=at)
        states.NOTE.begin(note, actor=actor, at=at)
    _care_until(actor, encounter, starts_at=at, ends_at=at + timedelta(days=parameters.CARE_DAYS.at(at)))
    record(actor, "encounter.open", at=at, subject=encounter, patient_id=patient_id)
    return encounter


def _care_until(actor: Actor, encounter: Encounter, *, starts_at: datetime, ends_at: datetime) -> None:
    care_relation_open(
        actor=actor, patient_id=encounter.patient_id, because="emr.encounter", because_id=encounter.pk,
        starts_at=starts_at, ends_at=ends_at, staff_id=encounter.doctor_id,
    )  # fmt: skip


@within
def encounter_close(*, actor: Actor, encounter_id: int, at: datetime, reason: str = "") -> Encounter:
    """End the encounter: no more orders or prescriptions. It archives once its note is signed (MR-03)."""
    encounter = Encounter.objects.select_for_update(no_key=True).get(pk=encounter_id)
    if encounter.status != EncounterStatus.OPEN:
        return encounter
    if not actor.is_system:
        policy.must_treat(actor, encounter)
    states.ENCOUNTER.move(encounter, EncounterStatus.CLOSED, actor=actor, at=at, reason=reason, closed_at=at)
    _care_until(
        actor, encounter, starts_at=encounter.started_at, ends_at=at + timedelta(days=parameters.CARE_DAYS.at(at))
    )
    encounter_archive(actor=actor, encounter=encounter, at=at)
    record(actor, "encounter.close", at=at, subject=encounter, patient_id=encounter.patient_id, reason=reason)
    return encounter


@within
def encounter_archive(*, actor: Actor, encounter: Encounter, at: datetime) -> bool:
    """Archive a closed encounter whose note is signed or that has none; False when it isn't time yet (MR-03)."""
    note = Note.objects.filter(encounter=encounter).first()
    if encounter.status != EncounterStatus.CLOSED or (note is not None and note.status == NoteStatus.DRAFT):
        return False
    if note is not None and note.status == NoteStatus.SIGNED:
        states.NOTE.move(note, NoteStatus.ARCHIVED, actor=actor, at=at)
    states.ENCOUNTER.move(encounter, EncounterStatus.ARCHIVED, actor=actor, at=at, archived_at=at)
    return True


@within
def allergy_add(
    *,
    actor: Actor,
    patient_id: int,
    substance: str,
    at: datetime,
    group: str = "",
    reaction: str = "",
    told_by_patient: bool = False,
) -> Allergy:
    """Record an allergy; a "none known" that stood until now is resolved by it."""
    Allergy.objects.filter(patient_id=patient_id, none_known=True, resolved_at=None).update(resolved_at=at)
    allergy, created = Allergy.objects.get_or_create(
        patient_id=patient_id, substance=substance.strip(), none_known=False, resolved_at=None,
        defaults={"group": group, "reaction": reaction, "told_by_patient": told_by_patient,
                  "recorded_by_id": actor.staff_id, "recorded_at": at},
    )  # fmt: skip
    if created:
        record(actor, "allergy.add", at=at, subject=allergy, patient_id=patient_id)
    return allergy


@within
def allergy_none_known(*, actor: Actor, patient_id: int, at: datetime, told_by_patient: bool = False) -> bool:
    """Record that no allergy is known (Q05). False when one is on record: silence doesn't cure it."""
    if Allergy.objects.filter(patient_id=patient_id, none_known=False, resolved_at=None).exists():
        return False
    allergy, created = Allergy.objects.get_or_create(
        patient_id=patient_id, none_known=True, resolved_at=None,
        defaults={"told_by_patient": told_by_patient, "recorded_by_id": actor.staff_id, "recorded_at": at},
    )  # fmt: skip
    if created:
        record(actor, "allergy.none_known", at=at, subject=allergy, patient_id=patient_id)
    return True


@within
def allergy_resolve(*, actor: Actor, allergy_id: int, at: datetime) -> None:
    """Take an allergy back; the row stays."""
    allergy = Allergy.objects.select_for_update(no_key=True).get(pk=allergy_id)
    if allergy.resolved_at is None:
        allergy.resolved_at = at
        allergy.save(update_fields=["resolved_at"])
        record(actor, "allergy.resolve", at=at, subject=allergy, patient_id=allergy.patient_id)


@within
def vital_signs_record(
    *, actor: Actor, patient_id: int, values: Mapping[VitalKind, Decimal], at: datetime, encounter_id: int | None = None
) -> list[VitalSign]:
    """Write down what was measured (units: models.VitalSign)."""
    return VitalSign.objects.bulk_create(
        VitalSign(
            patient_id=patient_id, encounter_id=encounter_id, kind=kind, value=value, measured_at=at,
            recorded_by_id=actor.staff_id,
        )
        for kind, value in values.items()
    )  # fmt: skip
