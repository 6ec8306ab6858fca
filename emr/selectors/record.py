"""The record of a patient: one door, with the reason and the audit line (MR-12, G15)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Prefetch

from hospital.audit.services import record
from hospital.forms.models import Response
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.organisation.selectors import cares_for
from hospital.people.models import Patient

from .. import chain, drug_checks
from ..models import (
    Allergy,
    Diagnosis,
    Encounter,
    Flag,
    HistoryItem,
    Note,
    NoteVersion,
    Observation,
    Order,
    Prescription,
    PrescriptionLine,
    Problem,
    ProblemStatus,
    Report,
    ReportStatus,
    SignedVersion,
    VitalSign,
)

_LATEST = 12  # laboratory items shown with their sparkline
_TIMELINE = 40


def may_read_record(actor: Actor, patient_id: int, *, at: datetime) -> bool:
    """One's own record, or a patient one cares for (MR-12)."""
    if actor.is_staff:
        return cares_for(actor, patient_id, at=at)
    return actor.acts_for(patient_id)


def patient_for(actor: Actor, patient_id: int, *, at: datetime, action: str, reason: str = "") -> Patient:
    """The patient whose record is about to be read; NotFound for anyone else. Writes the audit line (G15)."""
    patient: Patient | None = Patient.objects.filter(pk=patient_id).first()
    if patient is None or not may_read_record(actor, patient_id, at=at):
        raise NotFound
    with transaction.atomic():
        record(actor, action, at=at, subject=patient, patient_id=patient_id, reason=reason)
    return patient


@dataclass(frozen=True, slots=True)
class Measured:
    """The course of one laboratory item: newest value first in words, points oldest first for the picture."""

    code: str
    name: str
    latest: Observation
    points: list[tuple[str, float]]

    @property
    def low(self) -> float | None:
        return None if self.latest.range_low is None else float(self.latest.range_low)

    @property
    def high(self) -> float | None:
        return None if self.latest.range_high is None else float(self.latest.range_high)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    at: datetime
    kind: str  # encounter, report, order, prescription, form, history
    title: str
    text: str = ""
    url: str = ""
    tone: str = ""


@dataclass(slots=True)
class Record:
    """Everything that the 360 view shows of one patient."""

    patient: Patient
    age: int
    allergies: list[Allergy]
    problems: list[Problem]
    resolved: list[Problem]
    may_keep_problems: bool
    drugs: list[PrescriptionLine]
    measured: list[Measured]
    vital_signs: list[VitalSign]
    timeline: list[Event]
    reports: list[Report]
    forms: list[Response]
    history: list[HistoryItem] = field(default_factory=list)

    @property
    def allergies_known(self) -> bool:
        return bool(self.allergies)

    @property
    def real_allergies(self) -> list[Allergy]:
        return [row for row in self.allergies if not row.none_known]


def age_on(birth: date, at: datetime) -> int:
    """Years completed, on the Shanghai day."""
    today = clock.business_day(at)
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def record_for(actor: Actor, patient_id: int, reason: str, *, at: datetime) -> Record:
    """The whole record of a patient, for oneself, one's family or a carer; leaves a line with the reason (G15)."""
    patient = patient_for(actor, patient_id, at=at, action="record.read", reason=reason)
    reports = _reports(actor, patient_id)
    encounters = list(
        Encounter.objects.filter(patient_id=patient_id)
        .select_related("department", "doctor")
        .prefetch_related(Prefetch("diagnoses", Diagnosis.objects.filter(withdrawn_at=None), to_attr="live_diagnoses"))
        .order_by("-started_at")[:_TIMELINE]
    )
    problems = list(Problem.objects.filter(patient_id=patient_id).order_by("-recorded_at"))
    history = list(HistoryItem.objects.filter(patient_id=patient_id).order_by("-starts_at", "-pk")[:60])
    forms = list(
        Response.objects.filter(patient_id=patient_id, completed_at__isnull=False)
        .select_related("questionnaire")
        .order_by("-completed_at")[:20]
    )
    return Record(
        patient=patient,
        age=age_on(patient.birth_date, at),
        allergies=list(Allergy.objects.filter(patient_id=patient_id, resolved_at=None).order_by("none_known", "pk")),
        problems=[one for one in problems if one.status == ProblemStatus.ACTIVE],
        resolved=[one for one in problems if one.status == ProblemStatus.RESOLVED],
        may_keep_problems=actor.is_any(Role.DOCTOR),
        drugs=drug_checks.active_lines(patient_id, at=at),
        measured=_measured(reports),
        vital_signs=_latest_vital_signs(patient_id),
        timeline=_timeline(encounters, reports, forms, _orders(patient_id), _prescriptions(patient_id)),
        reports=reports,
        forms=forms,
        history=history,
    )


def _reports(actor: Actor, patient_id: int) -> list[Report]:
    """Staff see what came in; the patient sees what was released."""
    rows = Report.objects.filter(patient_id=patient_id).exclude(status=ReportStatus.REPLACED)
    if not actor.is_staff:
        rows = rows.filter(status=ReportStatus.RELEASED)
    return list(rows.order_by("-observed_at")[:60])


def _measured(reports: Iterable[Report]) -> list[Measured]:
    by_report = {report.pk: report for report in reports}
    courses: dict[str, list[Observation]] = defaultdict(list)
    rows = Observation.objects.filter(report_id__in=by_report, number__isnull=False)
    for row in sorted(rows, key=lambda one: (by_report[one.report_id].observed_at, one.pk)):
        row.report = by_report[row.report_id]
        courses[row.code].append(row)
    outside = {Flag.LOW, Flag.HIGH, Flag.VERY_LOW, Flag.VERY_HIGH}
    made = [
        Measured(
            code, course[-1].name, course[-1],
            [(f"{clock.local(row.report.observed_at):%m-%d}", float(row.number or 0)) for row in course[-8:]],
        )
        for code, course in courses.items()
    ]  # fmt: skip
    made.sort(key=lambda one: (one.latest.flag not in outside, -one.latest.report.observed_at.timestamp()))
    return made[:_LATEST]


def latest_results(patient_id: int) -> list[Measured]:
    """The last laboratory values, for the pharmacist's decision."""
    rows = Report.objects.filter(patient_id=patient_id).exclude(status=ReportStatus.REPLACED)
    return _measured(rows.order_by("-observed_at")[:20])


def _latest_vital_signs(patient_id: int) -> list[VitalSign]:
    rows = VitalSign.objects.filter(patient_id=patient_id)
    return list(rows.order_by("kind", "-measured_at").distinct("kind"))


def _orders(patient_id: int) -> list[Order]:
    rows = Order.objects.filter(patient_id=patient_id).prefetch_related("items")
    return list(rows.order_by("-placed_at")[:_TIMELINE])


def _prescriptions(patient_id: int) -> list[Prescription]:
    rows = Prescription.objects.filter(patient_id=patient_id).exclude(status="draft").prefetch_related("lines")
    return list(rows.order_by("-created_at")[:_TIMELINE])


def _timeline(
    encounters: Iterable[Encounter],
    reports: Iterable[Report],
    forms: Iterable[Response],
    orders: Iterable[Order],
    prescriptions: Iterable[Prescription],
) -> list[Event]:
    events = [
        Event(
            row.started_at, "encounter", f"{row.get_kind_display()} · {row.department.name} {row.doctor.name}",
            "、".join(one.display for one in row.live_diagnoses), f"/staff/encounters/{row.pk}/",  # type: ignore[attr-defined]
        )
        for row in encounters
    ]  # fmt: skip
    events += [
        Event(row.observed_at, "report", row.title, str(row.get_status_display()), f"/staff/results/{row.pk}/")
        for row in reports
    ]
    events += [
        Event(row.placed_at, "order", "、".join(item.name for item in row.items.all()), str(row.get_status_display()))
        for row in orders
    ]
    events += [
        Event(
            row.signed_at or row.created_at, "prescription", "、".join(line.name for line in row.lines.all()),
            str(row.get_status_display()),
        )
        for row in prescriptions
    ]  # fmt: skip
    events += [Event(row.completed_at, "form", row.questionnaire.title) for row in forms if row.completed_at]
    return sorted(events, key=lambda one: one.at, reverse=True)[:_TIMELINE]


def encounter_for(actor: Actor, encounter_id: int, *, at: datetime) -> Encounter:
    """An encounter, for staff who care for its patient. Writes the audit line."""
    rows = Encounter.objects.select_related("patient", "doctor", "department", "note__form_version")
    encounter = rows.filter(pk=encounter_id).first()
    clinical = actor.is_any(Role.DOCTOR, Role.NURSE, Role.THERAPIST, Role.PHARMACIST, Role.CASE_MANAGER)
    if encounter is None or not clinical or not may_read_record(actor, encounter.patient_id, at=at):
        raise NotFound
    with transaction.atomic():
        record(actor, "encounter.read", at=at, subject=encounter, patient_id=encounter.patient_id)
    return encounter


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A signed version and whether it still is what was signed (verified on each read, MR-04)."""

    version: SignedVersion
    is_whole: bool

    @property
    def data(self) -> dict[str, Any]:
        """What stands there now; empty when it was changed so that it can't even be read."""
        try:
            return self.version.data
        except ValueError:
            return {}


def note_of(note: Note) -> list[SignedNote]:
    """The signed versions of a note, newest first, each verified; a note that lost one is not whole either."""
    versions = list(NoteVersion.objects.filter(document_id=note.pk).select_related("signer").order_by("-version"))
    gapless = [one.version for one in versions] == list(range(len(versions), 0, -1))
    mine = note.encounter.patient_id
    return [SignedNote(one, gapless and one.patient_id == mine and chain.link_is_whole(one)) for one in versions]
