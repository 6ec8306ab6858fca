"""What patients read: released reports with arrows and trends, and prescriptions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound

from ..models import Flag, Observation, Prescription, Report, ReportStatus
from ..words import ARROWS, FLAG_WORDS, TONES

ABNORMAL = [Flag.LOW, Flag.HIGH, Flag.VERY_LOW, Flag.VERY_HIGH, Flag.ABNORMAL, Flag.CRITICAL]


def visible_reports(patient_ids: Iterable[int]) -> Q:
    """What patients and their family may see of reports: released ones. For upper apps' own lists."""
    return Q(patient_id__in=list(patient_ids), status=ReportStatus.RELEASED)


def reports_for(actor: Actor, *, at: datetime) -> QuerySet[Report]:
    """The released reports of everyone whom this account acts for, newest first. Writes a line per patient."""
    with transaction.atomic():
        for patient_id in sorted(actor.patient_ids):
            record(actor, "report.list", at=at, patient_id=patient_id)
    return (
        Report.objects.filter(patient_id__in=actor.patient_ids, status=ReportStatus.RELEASED)
        .select_related("patient")
        .annotate(abnormal=Count("observations", filter=Q(observations__flag__in=ABNORMAL)))
        .order_by("-observed_at", "-pk")
    )


def report_for(actor: Actor, report_id: int, *, at: datetime) -> Report:
    """A released report of one's own or one's family; leaves a line, and notes the first reading."""
    rows = Report.objects.select_related("patient", "order", "doctor", "released_by", "encounter__department")
    with transaction.atomic():
        report = rows.filter(pk=report_id, status=ReportStatus.RELEASED).first()
        if report is None or not actor.acts_for(report.patient_id):
            raise NotFound
        record(actor, "report.read", at=at, subject=report, patient_id=report.patient_id)
        if report.first_read_at is None:
            Report.objects.filter(pk=report.pk, first_read_at=None).update(first_read_at=at)
    return report


@dataclass(frozen=True, slots=True)
class Line:
    """One item as it is shown: value, word, arrow, range, and its course over the released reports."""

    row: Observation
    arrow: str
    word: str
    tone: str  # "high", "low" or ""
    range_text: str
    points: list[tuple[str, float]]

    @property
    def low(self) -> float | None:
        return None if self.row.range_low is None else float(self.row.range_low)

    @property
    def high(self) -> float | None:
        return None if self.row.range_high is None else float(self.row.range_high)


def report_lines(report: Report, *, released_only: bool = True) -> list[Line]:
    """The observations of a report with their trends, in two queries however many items there are."""
    rows = list(report.observations.order_by("position"))
    courses: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    earlier = Observation.objects.filter(
        report__patient_id=report.patient_id, code__in={row.code for row in rows}, number__isnull=False,
        report__observed_at__lte=report.observed_at,
    ).exclude(report__status=ReportStatus.REPLACED)  # fmt: skip
    if released_only:
        earlier = earlier.filter(report__status=ReportStatus.RELEASED)
    for row in earlier.select_related("report").order_by("report__observed_at", "pk"):
        courses[row.code, row.unit].append((f"{clock.local(row.report.observed_at):%y-%m}", float(row.number or 0)))
    return [
        Line(
            row, ARROWS.get(Flag(row.flag), ""), str(FLAG_WORDS.get(Flag(row.flag), "")), TONES.get(Flag(row.flag), ""),
            range_words(row), courses[row.code, row.unit][-8:],
        )
        for row in rows
    ]  # fmt: skip


def range_words(row: Observation) -> str:
    """The range as sent, or the hospital's own as 'low–high'."""
    if row.range_text:
        return row.range_text
    low = "" if row.range_low is None else f"{row.range_low.normalize():f}"
    high = "" if row.range_high is None else f"{row.range_high.normalize():f}"
    if low and high:
        return f"{low}–{high}"
    return f"≥{low}" if low else f"≤{high}" if high else ""


def prescriptions_for(actor: Actor, *, at: datetime) -> QuerySet[Prescription]:
    """The signed prescriptions of everyone whom this account acts for, newest first. Writes a line per patient."""
    with transaction.atomic():
        for patient_id in sorted(actor.patient_ids):
            record(actor, "prescription.list", at=at, patient_id=patient_id)
    return (
        Prescription.objects.filter(patient_id__in=actor.patient_ids, signed_at__isnull=False)
        .select_related("patient", "doctor", "department")
        .prefetch_related("lines")
        .order_by("-signed_at")
    )


def prescription_for(actor: Actor, prescription_id: int, *, at: datetime) -> Prescription:
    """A signed prescription of one's own or one's family. Writes the audit line."""
    rows = Prescription.objects.select_related("patient", "doctor", "department", "encounter", "reviewer", "delivery")
    prescription = rows.filter(pk=prescription_id, signed_at__isnull=False).first()
    if prescription is None or not actor.acts_for(prescription.patient_id):
        raise NotFound
    with transaction.atomic():
        record(actor, "prescription.read", at=at, subject=prescription, patient_id=prescription.patient_id)
    return prescription
