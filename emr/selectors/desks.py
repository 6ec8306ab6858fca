"""What staff work off: results to sign, prescriptions to review and to dispense, patients in one's care."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from hospital.audit.services import record
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.organisation.models import CareRelation
from hospital.people.models import Patient

from ..models import (
    AmendmentRequest,
    AmendmentStatus,
    Encounter,
    Flag,
    Prescription,
    PrescriptionStatus,
    Report,
    ReportStatus,
)
from .record import age_on, may_read_record
from .reports import ABNORMAL

CRITICAL = [Flag.VERY_LOW, Flag.VERY_HIGH, Flag.CRITICAL]


def reports_waiting(actor: Actor, *, at: datetime) -> QuerySet[Report]:
    """Reports that this doctor must sign off, critical ones first, then the oldest. Writes the audit line."""
    with transaction.atomic():
        record(actor, "report.worklist", at=at)
    return (
        Report.objects.filter(doctor_id=actor.staff_id, status__in=[ReportStatus.RECEIVED, ReportStatus.REVIEWED])
        .select_related("patient", "order")
        .annotate(
            abnormal=Count("observations", filter=Q(observations__flag__in=ABNORMAL)),
            critical=Count("observations", filter=Q(observations__flag__in=CRITICAL)),
        )
        .order_by("-critical", "received_at")
    )


def report_for_doctor(actor: Actor, report_id: int, *, at: datetime) -> Report:
    """A report of a patient in one's care, released or not. Writes the audit line."""
    rows = Report.objects.select_related("patient", "order", "doctor", "released_by", "encounter", "replaces")
    report = rows.filter(pk=report_id).first()
    clinical = actor.is_any(Role.DOCTOR, Role.NURSE, Role.THERAPIST, Role.CASE_MANAGER)
    if report is None or not clinical or not may_read_record(actor, report.patient_id, at=at):
        raise NotFound
    with transaction.atomic():
        record(actor, "report.read", at=at, subject=report, patient_id=report.patient_id)
    return report


def prescriptions_for_pharmacist(actor: Actor, *, at: datetime) -> QuerySet[Prescription]:
    """The pharmacy's queue by waiting time: to be reviewed, to be dispensed, to be handed over or sent."""
    with transaction.atomic():
        record(actor, "prescription.worklist", at=at)
    return (
        Prescription.objects.filter(
            status__in=[
                PrescriptionStatus.SIGNED, PrescriptionStatus.REVIEWING, PrescriptionStatus.PAID,
                PrescriptionStatus.DISPENSED,
            ]
        )
        .select_related("patient", "doctor", "department", "reviewer", "delivery")
        .annotate(drugs=Count("lines"))
        .order_by("signed_at", "pk")
    )  # fmt: skip


def prescription_for_pharmacist(actor: Actor, prescription_id: int, *, at: datetime) -> Prescription:
    """A signed prescription, for a pharmacist: the review itself is the reason (RX-09). Writes the audit line."""
    rows = Prescription.objects.select_related(
        "patient", "doctor", "department", "encounter__patient", "reviewer", "delivery", "replaces"
    )
    prescription = rows.filter(pk=prescription_id, signed_at__isnull=False).first()
    if prescription is None or not actor.is_any(Role.PHARMACIST):
        raise NotFound
    with transaction.atomic():
        record(actor, "prescription.read", at=at, subject=prescription, patient_id=prescription.patient_id)
    return prescription


@dataclass(frozen=True, slots=True)
class PatientLine:
    """A patient in one's care, as the list shows them."""

    patient: Patient
    age: int
    last_visit: datetime | None
    open_encounter_id: int | None


def patients_for(actor: Actor, *, at: datetime, limit: int = 200) -> list[PatientLine]:
    """The patients of one's present care relations, last visit first. Writes the audit line."""
    with transaction.atomic():
        record(actor, "patient.list", at=at)
    cared = CareRelation.objects.filter(
        Q(staff_id=actor.staff_id) | Q(department_id__in=actor.department_ids), starts_at__lte=at, ends_at__gt=at
    )
    rows = (
        Patient.objects.filter(pk__in=cared.values("patient_id"))
        .annotate(last_visit=Max("encounters__started_at"))
        .order_by("-last_visit", "pk")[:limit]
    )
    patients = list(rows)
    open_here = dict(
        Encounter.objects.filter(
            patient_id__in=[row.pk for row in patients], doctor_id=actor.staff_id, status="open"
        ).values_list("patient_id", "pk")
    )
    return [PatientLine(row, age_on(row.birth_date, at), row.last_visit, open_here.get(row.pk)) for row in patients]


def amendments_waiting(actor: Actor, *, at: datetime) -> QuerySet[AmendmentRequest]:
    """Requests that the records office decides on. Writes the audit line."""
    with transaction.atomic():
        record(actor, "amendment.worklist", at=at)
    return (
        AmendmentRequest.objects.filter(status=AmendmentStatus.ASKED)
        .select_related("note__encounter__patient", "note__encounter__department", "asked_by")
        .order_by("asked_at")
    )
