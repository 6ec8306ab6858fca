"""Prescriptions up to the pharmacist's decision (rules section 2); from payment on see dispensing.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from billing.services import LineSpec as ChargeLineSpec
from billing.services import charge_cancel, charge_create
from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, Role, system
from hospital.kit.problems import NotFound, StaleMove
from hospital.kit.transactions import within
from hospital.messaging.services import message_send, message_withdraw, patient_tell
from hospital.organisation.models import Staff
from hospital.organisation.services import care_relation_open

from .. import chain, drug_checks, errors, kinds, notices, parameters, policy, states
from ..models import (
    Allergy,
    DocumentKind,
    Drug,
    Encounter,
    EncounterKind,
    LineSource,
    Prescription,
    PrescriptionKind,
    PrescriptionLine,
    PrescriptionReview,
    PrescriptionStatus,
    ReviewOutcome,
)
from ..numbers import next_number
from ..selectors import encounter_diagnoses

CHARGE = "emr.prescription"
HOUSE = system("emr.prescriptions")
_NO_USAGE = ("遵医嘱", "自用")


@dataclass(frozen=True, slots=True)
class LineSpec:
    """One drug as the doctor wrote it. The number of packs is computed (DS-05), never given."""

    drug_code: str
    dose: Decimal
    per_day: Decimal
    days: int
    route: str
    usage_note: str = ""
    source: str = LineSource.TYPED
    copied_from_id: int | None = None


def locked(prescription_id: int) -> Prescription:
    """The prescription, locked, with what its verbs look at."""
    rows = Prescription.objects.select_for_update(no_key=True, of=("self",))
    found = rows.select_related("encounter__patient", "doctor", "department").filter(pk=prescription_id).first()
    if found is None:
        raise NotFound
    return found


# --- the doctor ---------------------------------------------------------------------------------------------


@within
def prescription_draft(
    *,
    actor: Actor,
    encounter_id: int,
    lines: Sequence[LineSpec],
    at: datetime,
    prescription_id: int | None = None,
    revision: int = 0,
    long_reason: str = "",
    override_reason: str = "",
    replaces_id: int | None = None,
) -> Prescription:
    """Begin a prescription or rewrite its draft; `revision` is the one that the doctor saw (G11)."""
    encounter = Encounter.objects.select_related("patient", "doctor").get(pk=encounter_id)
    policy.must_treat(actor, encounter)
    policy.must_be_open(encounter)
    if prescription_id is None:
        prescription = _begin(encounter, actor, at, replaces_id)
    else:
        prescription = locked(prescription_id)
        if prescription.encounter_id != encounter_id:
            raise NotFound
        if prescription.status != PrescriptionStatus.DRAFT or prescription.revision != revision:
            raise StaleMove
    doses = _doses(lines)
    prescription.kind = _kind(encounter, doses, at)
    prescription.revision += 1
    prescription.long_reason, prescription.override_reason = long_reason.strip(), override_reason.strip()
    prescription.save(update_fields=["kind", "revision", "long_reason", "override_reason"])
    prescription.lines.all().delete()
    PrescriptionLine.objects.bulk_create(
        _line(prescription, position, spec, dose)
        for position, (spec, dose) in enumerate(zip(lines, doses, strict=True))
    )
    return prescription


def _begin(encounter: Encounter, actor: Actor, at: datetime, replaces_id: int | None) -> Prescription:
    if (
        replaces_id is not None
        and not Prescription.objects.filter(pk=replaces_id, patient_id=encounter.patient_id).exists()
    ):
        raise NotFound
    prescription = Prescription.objects.create(
        number=next_number("R", at), patient_id=encounter.patient_id, encounter=encounter, doctor=encounter.doctor,
        department_id=encounter.department_id, created_at=at, replaces_id=replaces_id,
    )  # fmt: skip
    states.PRESCRIPTION.begin(prescription, actor=actor, at=at)
    return prescription


def _doses(lines: Sequence[LineSpec]) -> list[drug_checks.Dose]:
    """The lines with their drugs; refuses what no draft may hold (RX-06, IH-09)."""
    if not lines:
        raise errors.FieldsMissing(fields={"lines": errors.NothingOrdered.title})
    codes = [spec.drug_code for spec in lines]
    drugs = {drug.code: drug for drug in Drug.objects.filter(code__in=codes, is_active=True)}
    for spec in lines:
        if spec.source not in LineSource.values:
            raise errors.ForbiddenSource
        if spec.drug_code not in drugs or codes.count(spec.drug_code) > 1:
            raise errors.UnknownItem(code=spec.drug_code)
        usable = spec.dose > 0 and spec.per_day > 0 and spec.days >= 1 and spec.route
        if not usable or any(word in spec.usage_note for word in _NO_USAGE):
            raise errors.FieldsMissing(fields={spec.drug_code: errors.FieldsMissing.next_step})
    return [drug_checks.Dose(drugs[spec.drug_code], spec.dose, spec.per_day, spec.days, spec.route) for spec in lines]


def _kind(encounter: Encounter, doses: Sequence[drug_checks.Dose], at: datetime) -> PrescriptionKind:
    """RX-04, RX-07: herbal slices stand alone; under 14 it is a paediatric one."""
    herbal = {dose.drug.herbal for dose in doses}
    if herbal == {True}:
        return PrescriptionKind.HERBAL
    if True in herbal:
        raise errors.FieldsMissing(fields={"lines": errors.TooManyDrugs.next_step})
    birth, today = encounter.patient.birth_date, clock.business_day(at)
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    return PrescriptionKind.CHILD if age < 14 else PrescriptionKind.NORMAL


def _line(prescription: Prescription, position: int, spec: LineSpec, dose: drug_checks.Dose) -> PrescriptionLine:
    drug = dose.drug
    if spec.source == LineSource.COPIED:
        source = PrescriptionLine.objects.filter(
            pk=spec.copied_from_id or 0, drug=drug, prescription__patient_id=prescription.patient_id
        ).exists()
        if not source:  # copied means: from this same patient's earlier prescription (IH-09)
            raise errors.ForbiddenSource
    return PrescriptionLine(
        prescription=prescription, position=position, drug=drug, name=drug.name, form=drug.form,
        strength=drug.strength, dose=spec.dose, dose_unit=drug.dose_unit, per_day=spec.per_day, route=spec.route,
        days=spec.days, quantity=drug_checks.packs(dose), pack_unit=drug.pack_unit,
        usage_note=spec.usage_note.strip(), source=spec.source,
        copied_from_id=spec.copied_from_id if spec.source == LineSource.COPIED else None,
    )  # fmt: skip


@within
def prescription_sign(
    *,
    actor: Actor,
    prescription_id: int,
    revision: int,
    at: datetime,
    valid_days: int | None = None,
    extend_reason: str = "",
) -> Prescription:
    """Sign what the doctor saw; it goes to the pharmacist and can't change any more (RX-11)."""
    prescription = locked(prescription_id)
    encounter = prescription.encounter
    policy.must_treat(actor, encounter)
    policy.must_be_open(encounter)
    policy.must_be_licensed(prescription.doctor)
    if prescription.status != PrescriptionStatus.DRAFT or prescription.revision != revision:
        raise StaleMove
    kinds.encounter_use(encounter).may_prescribe(encounter, at)
    if not encounter_diagnoses(encounter):
        raise errors.DiagnosisMissing
    lines = list(prescription.lines.select_related("drug").order_by("position"))
    _refuse_limits(prescription, lines, at)
    findings = check(prescription, lines, at)
    if hard := [one for one in findings if one.level == drug_checks.Level.HARD]:
        raise errors.DrugRefused(fields={f"{one.rule} {one.drug}": one.text for one in hard})
    soft = [one for one in findings if one.level == drug_checks.Level.SOFT]
    if soft and not prescription.override_reason:
        raise errors.WarningsOpen(fields={f"{one.rule} {one.drug}": one.text for one in soft})
    days = _validity(valid_days, extend_reason, at)
    _, end_of_day = clock.day_bounds(clock.business_day(at))
    states.PRESCRIPTION.move(
        prescription, PrescriptionStatus.SIGNED, actor=actor, at=at, signed_at=at,
        valid_until=end_of_day + timedelta(days=days - 1), extend_reason=extend_reason.strip(),
        warnings=[one.as_json() for one in findings],
    )  # fmt: skip
    if prescription.replaces is not None and prescription.replaces.status == PrescriptionStatus.RETURNED:
        states.PRESCRIPTION.move(
            prescription.replaces, PrescriptionStatus.VOID, actor=actor, at=at, reason="replaced", ended_at=at
        )
    notices.tell("prescription.signed", prescription.pk, at)
    record(actor, "prescription.sign", at=at, subject=prescription, patient_id=prescription.patient_id)
    chain.link_add(
        kind=DocumentKind.PRESCRIPTION, document_id=prescription.pk, version=1, patient_id=prescription.patient_id,
        encounter=encounter, content=prescription_content(prescription, lines), signer_id=prescription.doctor_id, at=at,
    )  # fmt: skip
    return prescription


def _validity(valid_days: int | None, extend_reason: str, at: datetime) -> int:
    """RX-01: the day of issue; longer only with a reason, and at most so long."""
    usual, most = parameters.RX_VALID_DAYS.at(at), parameters.RX_VALID_DAYS_MOST.at(at)
    days = usual if valid_days is None else valid_days
    if days < 1 or days > most or (days > usual and not extend_reason.strip()):
        raise errors.ReasonMissing(fields={"valid_days": errors.ReasonMissing.title})
    return days


def _refuse_limits(prescription: Prescription, lines: Sequence[PrescriptionLine], at: datetime) -> None:
    most = parameters.RX_MAX_DRUGS.at(at)
    if prescription.kind != PrescriptionKind.HERBAL and len(lines) > most:
        raise errors.TooManyDrugs(most=most)
    emergency = prescription.kind == PrescriptionKind.EMERGENCY
    usual = (parameters.RX_EMERGENCY_DAYS if emergency else parameters.RX_DAYS).at(at)
    longest = parameters.RX_LONG_DAYS.at(at)
    online = prescription.encounter.kind == EncounterKind.ONLINE
    for line in lines:
        if line.days > longest:
            raise errors.LongerThanAllowed(name=line.name, days=line.days, most=longest)
        if line.days > usual and not prescription.long_reason:
            raise errors.TooManyDays(name=line.name, days=line.days, most=usual)
        if online and (line.drug.no_online or line.drug.special_class):
            raise errors.NotOnline(name=line.name)
        if line.drug.special_class:
            raise errors.SpecialClass(name=line.name)


def check(prescription: Prescription, lines: Sequence[PrescriptionLine], at: datetime) -> list[drug_checks.Finding]:
    """The drug checks of a prescription as it stands; also shown while it is being written."""
    patient = prescription.encounter.patient
    doses = [drug_checks.Dose(line.drug, line.dose, line.per_day, line.days, line.route) for line in lines]
    allergies = list(Allergy.objects.filter(patient=patient, resolved_at=None))
    active = drug_checks.active_lines(patient.pk, at=at, besides=prescription)
    return drug_checks.check(doses, allergies, active, patient.sex)


def prescription_content(prescription: Prescription, lines: Sequence[PrescriptionLine]) -> dict[str, object]:
    """RX-06: header, body and tail as they were signed."""
    encounter, patient, doctor = prescription.encounter, prescription.encounter.patient, prescription.doctor
    return {
        "number": prescription.number, "kind": prescription.kind, "encounter": encounter.number,
        "department": prescription.department_id,
        "patient": {"id": patient.pk, "record_no": patient.record_no, "sex": patient.sex,
                    "birth_date": patient.birth_date.isoformat()},
        "diagnoses": [[one.code, one.display] for one in encounter_diagnoses(encounter)],
        "doctor": {"id": doctor.pk, "name": doctor.name, "licence": doctor.licence_no},
        "long_reason": prescription.long_reason, "override_reason": prescription.override_reason,
        "valid_until": chain.instant(prescription.valid_until),
        "lines": [line_content(line) for line in lines],
    }  # fmt: skip


def line_content(line: PrescriptionLine) -> list[object]:
    """One line of the signed body, in a fixed order."""
    return [
        line.drug_id, line.name, line.form, line.strength, f"{line.dose:.3f}", line.dose_unit, f"{line.per_day:.2f}",
        line.route, line.days, line.quantity, line.pack_unit, line.usage_note, line.source,
    ]  # fmt: skip


@within
def prescription_void(*, actor: Actor, prescription_id: int, at: datetime, reason: str) -> Prescription:
    """Take a prescription back before anything was dispensed; what was paid goes back."""
    prescription = locked(prescription_id)
    if not actor.is_system:
        policy.must_treat(actor, prescription.encounter)
    if not reason.strip():
        raise errors.ReasonMissing(fields={"reason": errors.ReasonMissing.title})
    states.PRESCRIPTION.move(
        prescription, PrescriptionStatus.VOID, actor=actor, at=at, reason=reason, ended_at=at, end_reason=reason[:300]
    )
    _charge_off(prescription, actor, at, reason)
    record(actor, "prescription.void", at=at, subject=prescription, patient_id=prescription.patient_id, reason=reason)
    return prescription


def _charge_off(prescription: Prescription, actor: Actor, at: datetime, reason: str) -> None:
    if prescription.charge_id is not None:
        charge_cancel(actor=actor, charge_id=prescription.charge_id, at=at, reason=reason)
    message_withdraw(key=f"prescription.approved:{prescription.pk}", at=at)


@within
def prescription_expire(*, prescription: Prescription, at: datetime) -> None:
    """RX-01: past its last day nobody may pay for it or dispense it."""
    states.PRESCRIPTION.move(prescription, PrescriptionStatus.EXPIRED, actor=HOUSE, at=at, ended_at=at)
    message_withdraw(key=f"prescription.approved:{prescription.pk}", at=at)


# --- the pharmacist -----------------------------------------------------------------------------------------


def _may_decide(actor: Actor, prescription: Prescription) -> None:
    if not actor.is_any(Role.PHARMACIST) or actor.staff_id is None:
        raise NotFound
    if actor.staff_id == prescription.doctor_id:
        raise errors.SelfReview


@within
def prescription_take(*, actor: Actor, prescription_id: int, at: datetime) -> Prescription:
    """A pharmacist takes one from the queue; the others see that it is taken, and may read this patient's facts."""
    prescription = locked(prescription_id)
    _may_decide(actor, prescription)
    if prescription.status == PrescriptionStatus.REVIEWING and prescription.reviewer_id == actor.staff_id:
        return prescription
    if prescription.status == PrescriptionStatus.REVIEWING:
        raise errors.TakenByAnother
    if prescription.valid_until is not None and at >= prescription.valid_until:
        raise errors.PrescriptionExpired
    pharmacist = Staff.objects.get(pk=policy.staff_of(actor))
    states.PRESCRIPTION.move(
        prescription, PrescriptionStatus.REVIEWING, actor=actor, at=at, reviewer=pharmacist, taken_at=at
    )
    care_relation_open(
        actor=actor, patient_id=prescription.patient_id, because="emr.prescription", because_id=prescription.pk,
        starts_at=at, ends_at=at + timedelta(hours=24), staff_id=pharmacist.pk,
    )  # fmt: skip
    record(actor, "prescription.take", at=at, subject=prescription, patient_id=prescription.patient_id)
    return prescription


@within
def prescription_review(
    *,
    actor: Actor,
    prescription_id: int,
    outcome: str,
    at: datetime,
    findings: Sequence[str] = (),
    comment: str = "",
) -> Prescription:
    """RX-09: pass, return to the doctor, or refuse. The reviewer decides and never edits."""
    prescription = locked(prescription_id)
    _may_decide(actor, prescription)
    if prescription.status == PrescriptionStatus.REVIEWING and prescription.reviewer_id != actor.staff_id:
        raise errors.TakenByAnother
    decided = ReviewOutcome(outcome)
    if decided != ReviewOutcome.PASS and not comment.strip():
        raise errors.ReasonMissing(fields={"comment": errors.ReasonMissing.title})
    if prescription.valid_until is not None and at >= prescription.valid_until:
        raise errors.PrescriptionExpired
    review = PrescriptionReview.objects.create(
        prescription=prescription, outcome=decided, findings=list(findings), comment=comment.strip()[:500],
        reviewer_id=policy.staff_of(actor), at=at,
    )  # fmt: skip
    to = {
        ReviewOutcome.PASS: PrescriptionStatus.APPROVED, ReviewOutcome.RETURN: PrescriptionStatus.RETURNED,
        ReviewOutcome.REFUSE: PrescriptionStatus.REFUSED,
    }[decided]  # fmt: skip
    states.PRESCRIPTION.move(prescription, to, actor=actor, at=at, reason=review.comment, reviewed_at=at)
    _after_review(prescription, actor, at)
    record(
        actor, "prescription.review", at=at, subject=prescription, patient_id=prescription.patient_id, outcome=decided
    )
    chain.link_add(
        kind=DocumentKind.REVIEW, document_id=review.pk, version=1, patient_id=prescription.patient_id,
        encounter=prescription.encounter, content=review_content(review), signer_id=policy.staff_of(actor), at=at,
    )  # fmt: skip
    return prescription


def review_content(review: PrescriptionReview) -> dict[str, object]:
    return {
        "prescription": review.prescription_id, "outcome": review.outcome, "findings": review.findings,
        "comment": review.comment, "reviewer": review.reviewer_id,
    }  # fmt: skip


def _after_review(prescription: Prescription, actor: Actor, at: datetime) -> None:
    """Passed: the patient owes it now and not a moment earlier (IH-08). Otherwise the doctor is told."""
    if prescription.status != PrescriptionStatus.APPROVED:
        message_send(
            key=f"prescription.{prescription.status}:{prescription.pk}", account_id=prescription.doctor.account_id,
            kind="prescription.returned", at=at, context={"number": prescription.number},
            patient_id=prescription.patient_id, url=f"/staff/encounters/{prescription.encounter_id}/",
        )  # fmt: skip
        return
    charge = charge_create(
        actor=HOUSE, patient_id=prescription.patient_id, kind=CHARGE, subject_id=prescription.pk, at=at,
        lines=[
            ChargeLineSpec(line.drug.price_code, line.quantity)
            for line in prescription.lines.select_related("drug").order_by("position")
        ],
        expires_at=prescription.valid_until, campus_id=prescription.department.campus_id,
        department_id=prescription.department_id,
    )  # fmt: skip
    prescription.charge_id = charge.pk
    prescription.save(update_fields=["charge_id"])
    patient_tell(
        key=f"prescription.approved:{prescription.pk}", patient_id=prescription.patient_id,
        kind="prescription.approved", at=at, context={"number": prescription.number},
        url=f"/prescriptions/{prescription.pk}/",
    )  # fmt: skip


@within
def prescription_paid(*, prescription: Prescription, at: datetime) -> None:
    """Paid: the pharmacy may prepare it. Called by the charge (emr/charging.py)."""
    states.PRESCRIPTION.move(prescription, PrescriptionStatus.PAID, actor=HOUSE, at=at, paid_at=at)
    message_withdraw(key=f"prescription.approved:{prescription.pk}", at=at)
