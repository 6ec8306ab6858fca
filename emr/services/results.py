"""Reports: filed as they come in, signed off and released by the doctor, corrected by replacement (E4, E5)."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from hospital.audit.services import record
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.kit.transactions import within
from hospital.messaging.services import message_send, message_withdraw, patient_tell
from hospital.organisation.models import CodeSystem, Concept, Staff
from hospital.organisation.selectors import cares_for, concepts_by_code, lab_flag, lab_item, lab_range
from hospital.people.models import Patient

from .. import chain, judgement, policy, states
from ..errors import NotReleasable, ReasonMissing, UnknownOrder, WrongPatient
from ..models import (
    CriticalAlert,
    CriticalLimit,
    DocumentKind,
    Flag,
    Observation,
    Order,
    OrderStatus,
    Report,
    ReportKind,
    ReportStatus,
)
from ..selectors.record import age_on

CRITICAL = {Flag.VERY_LOW, Flag.VERY_HIGH, Flag.CRITICAL}


@dataclass(frozen=True, slots=True)
class ObservationSpec:
    """One OBX as sent. `value` is text; `flag` is HL7 table 0078 or empty, then it is computed here."""

    code: str
    name: str
    value: str
    unit: str = ""
    range_text: str = ""
    flag: str = ""


@within
def report_file(
    *,
    actor: Actor,
    placer_number: str,
    patient_id: int,
    observations: Sequence[ObservationSpec],
    source_key: str,
    at: datetime,
    kind: ReportKind | str = ReportKind.LAB,
    title: str = "",
    performer: str = "",
    findings: str = "",
    conclusion: str = "",
    study_uid: str = "",
    observed_at: datetime | None = None,
    reported_at: datetime | None = None,
) -> Report:
    """File a report under the order that it answers. Idempotent by `source_key`, the sender's own id of the report.

    The same key with the same content answers the report that is there. The same key with other content is a
    correction: a new version that must be released again. `placer_number` may be empty for a report that answers no
    order of ours. Raises UnknownOrder, and WrongPatient when the order is another patient's.
    """
    order = _order(placer_number, patient_id)
    sent = {
        "observations": [asdict(spec) for spec in observations], "findings": findings, "conclusion": conclusion,
        "patient": patient_id, "order": placer_number, "title": title,
    }  # fmt: skip
    fingerprint = hashlib.sha256(chain.canonical(sent).encode()).hexdigest()
    versions = Report.objects.filter(source_key=source_key).order_by("version")
    earlier = list(versions.select_for_update(no_key=True))
    for known in earlier:
        if known.patient_id != patient_id:
            raise WrongPatient
        if known.fingerprint == fingerprint:
            return known
    last = earlier[-1] if earlier else None
    report = Report.objects.create(
        patient_id=patient_id, order=order, encounter_id=order.encounter_id if order else None,
        doctor_id=order.doctor_id if order else None, kind=ReportKind(kind), title=title or _title(order, kind),
        source_key=source_key, version=last.version + 1 if last else 1, fingerprint=fingerprint, replaces=last,
        performer=performer, findings=findings, conclusion=conclusion, study_uid=study_uid,
        observed_at=observed_at or (order.collected_at if order else None) or reported_at or at,
        reported_at=reported_at or at, received_at=at,
    )  # fmt: skip
    states.REPORT.begin(report, actor=actor, at=at)
    if last is not None:
        _replace(last, actor, at)
    _alert(report, _observe(report, observations), at)
    if order is not None and states.ORDER.allows(order.status, OrderStatus.REPORTED):
        states.ORDER.move(order, OrderStatus.REPORTED, actor=actor, at=at, reported_at=at)
    record(actor, "report.file", at=at, subject=report, patient_id=patient_id)
    return report


def _order(placer_number: str, patient_id: int) -> Order | None:
    if not placer_number:
        return None
    order = Order.objects.select_for_update(no_key=True).filter(placer_number=placer_number).first()
    if order is None or order.status in {OrderStatus.CANCELLED, OrderStatus.STOPPED}:
        raise UnknownOrder
    if order.patient_id != patient_id:
        raise WrongPatient
    return order


def _title(order: Order | None, kind: ReportKind | str) -> str:
    names = list(order.items.values_list("name", flat=True)) if order else []
    return "、".join(names)[:100] if names else str(ReportKind(kind).label)


def _replace(last: Report, actor: Actor, at: datetime) -> None:
    states.REPORT.move(last, ReportStatus.REPLACED, actor=actor, at=at, reason="corrected")
    message_withdraw(key=f"report.released:{last.pk}", at=at)


def _observe(report: Report, specs: Sequence[ObservationSpec]) -> list[Observation]:
    patient = Patient.objects.get(pk=report.patient_id)
    known = concepts_by_code(CodeSystem.LAB, {spec.code for spec in specs})
    # A laboratory's own code is looked up by its name too, so that one item keeps one course over all laboratories.
    items = [known.get(spec.code) or lab_item(spec.code) or lab_item(spec.name) for spec in specs]
    codes = {item.code if item else spec.code for item, spec in zip(items, specs, strict=True)}
    limits = {limit.code: limit for limit in CriticalLimit.objects.filter(code__in=codes)}
    return Observation.objects.bulk_create(
        _observation(report, position, spec, patient, item, limits.get(item.code if item else spec.code))
        for position, (spec, item) in enumerate(zip(specs, items, strict=True))
    )


def _observation(
    report: Report,
    position: int,
    spec: ObservationSpec,
    patient: Patient,
    item: Concept | None,
    limit: CriticalLimit | None,
) -> Observation:
    comparator, number = judgement.parse_value(spec.value)
    limits = judgement.parse_range(spec.range_text, patient.sex) if spec.range_text else judgement.Range()
    same_unit = item is not None and spec.unit in {"", item.properties.get("unit", "")}
    qualitative = ""
    if item is not None and same_unit and not spec.range_text and age_on(patient.birth_date, report.observed_at) >= 18:
        ours = lab_range(item, patient.sex)
        if ours is not None:
            limits = judgement.Range(ours.low, ours.high)
            qualitative = lab_flag(item, spec.value, patient.sex) if ours.normal else ""
    critical = judgement.Range(limit.low, limit.high) if limit and same_unit else judgement.Range()
    computed = judgement.flag_of(comparator, number, limits, critical) or Flag(qualitative)
    sent = Flag(spec.flag) if spec.flag in Flag.values else Flag.NONE
    ours_wins = sent == Flag.NONE or (computed in CRITICAL and sent not in CRITICAL)
    return Observation(
        report=report, position=position, code=item.code if item else spec.code, name=spec.name, value=spec.value,
        comparator=comparator, number=number, unit=spec.unit, range_text=spec.range_text, range_low=limits.low,
        range_high=limits.high, flag=computed if ours_wins else sent, flag_is_ours=ours_wins,
    )  # fmt: skip


def _alert(report: Report, observations: Sequence[Observation], at: datetime) -> None:
    """A critical value calls the ordering doctor at once, night or day, until somebody answers (Q23)."""
    critical = [observation for observation in observations if observation.flag in CRITICAL]
    CriticalAlert.objects.bulk_create(
        CriticalAlert(observation=observation, doctor_id=report.doctor_id, raised_at=at) for observation in critical
    )
    if critical and report.doctor_id is not None:
        message_send(
            key=f"report.critical:{report.pk}", account_id=Staff.objects.get(pk=report.doctor_id).account_id,
            kind="report.critical", at=at, context={"title": report.title}, patient_id=report.patient_id,
            url=f"/staff/results/{report.pk}/",
        )  # fmt: skip


def _locked_for_doctor(actor: Actor, report_id: int, at: datetime) -> Report:
    report = Report.objects.select_for_update(no_key=True, of=("self",)).filter(pk=report_id).first()
    if report is None or not actor.is_any(Role.DOCTOR) or not cares_for(actor, report.patient_id, at=at):
        raise NotFound
    return report


@within
def critical_acknowledge(*, actor: Actor, report_id: int, handled: str, at: datetime) -> None:
    """The doctor has seen the critical values of a report and says what was done."""
    report = _locked_for_doctor(actor, report_id, at)
    if not handled.strip():
        raise ReasonMissing(fields={"handled": NotReleasable.next_step})
    open_alerts = CriticalAlert.objects.filter(observation__report=report, acknowledged_at=None)
    open_alerts.update(acknowledged_at=at, acknowledged_by_id=actor.staff_id, handled=handled.strip()[:500])
    message_withdraw(key=f"report.critical:{report.pk}", at=at)
    record(actor, "report.acknowledge", at=at, subject=report, patient_id=report.patient_id)


@within
def report_review(*, actor: Actor, report_id: int, at: datetime) -> Report:
    """The doctor has read it and keeps it back for now, for example to tell the patient in person."""
    report = _locked_for_doctor(actor, report_id, at)
    states.REPORT.move(report, ReportStatus.REVIEWED, actor=actor, at=at, reviewed_at=at)
    record(actor, "report.review", at=at, subject=report, patient_id=report.patient_id)
    return report


@within
def report_release(*, actor: Actor, report_id: int, at: datetime, comment: str = "") -> Report:
    """Let the patient see it, with the doctor's words; signed into the chain as it was shown."""
    report = _locked_for_doctor(actor, report_id, at)
    doctor = Staff.objects.get(pk=policy.staff_of(actor))
    policy.must_be_licensed(doctor)
    if CriticalAlert.objects.filter(observation__report=report, acknowledged_at=None).exists():
        raise NotReleasable
    states.REPORT.move(
        report, ReportStatus.RELEASED, actor=actor, at=at, released_at=at, released_by=doctor,
        reviewed_at=report.reviewed_at or at, comment=comment.strip(),
    )  # fmt: skip
    record(actor, "report.release", at=at, subject=report, patient_id=report.patient_id)
    patient_tell(
        key=f"report.released:{report.pk}", patient_id=report.patient_id, kind="report.released", at=at,
        context={"title": report.title}, url=f"/reports/{report.pk}/",
    )  # fmt: skip
    chain.link_add(
        kind=DocumentKind.REPORT, document_id=report.pk, version=1, patient_id=report.patient_id,
        encounter=report.encounter, content=report_content(report), signer_id=doctor.pk, at=at,
    )  # fmt: skip
    return report


def report_content(report: Report) -> dict[str, Any]:
    """What the release signs: everything that the patient is shown."""
    return {
        "source": report.source_key, "version": report.version, "kind": report.kind, "title": report.title,
        "performer": report.performer, "findings": report.findings, "conclusion": report.conclusion,
        "comment": report.comment, "observed_at": chain.instant(report.observed_at),
        "reported_at": chain.instant(report.reported_at),
        "observations": [
            [o.code, o.name, o.value, o.unit, o.range_text, str(o.range_low), str(o.range_high), o.flag]
            for o in sorted(report.observations.all(), key=lambda o: o.position)
        ],
    }  # fmt: skip
