"""Results: specimen, report, observations, critical values (E4, E5)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hospital.organisation.models import Staff
from hospital.people.models import Patient

from .encounters import Encounter
from .orders import Order


class Specimen(models.Model):
    """A tube or cup with a barcode, taken for one order."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="specimens")
    barcode = models.CharField(_("barcode"), max_length=30, unique=True)
    kind = models.CharField(_("specimen"), max_length=40)
    collected_at = models.DateTimeField()
    collected_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("specimen")
        verbose_name_plural = _("specimens")

    def __str__(self) -> str:
        return self.barcode


class ReportKind(models.TextChoices):
    LAB = "lab", _("laboratory")
    IMAGING = "imaging", _("imaging")
    PATHOLOGY = "pathology", _("pathology")


class ReportStatus(models.TextChoices):
    RECEIVED = "received", pgettext_lazy("of a result", "waits for the doctor")
    REVIEWED = "reviewed", _("seen by the doctor")
    RELEASED = "released", _("released")
    REPLACED = "replaced", _("replaced by a corrected report")


class Report(models.Model):
    """A report as it came in. `source_key` is its sender's own id; a differing repeat is a correction (version + 1)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="reports")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="reports")
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, null=True, blank=True, related_name="reports")
    doctor = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # who signs off
    kind = models.CharField(max_length=12, choices=ReportKind.choices)
    title = models.CharField(_("title"), max_length=100)
    status = models.CharField(max_length=10, choices=ReportStatus.choices, default=ReportStatus.RECEIVED)
    source_key = models.CharField(max_length=200)
    version = models.PositiveSmallIntegerField(default=1)
    fingerprint = models.CharField(max_length=64)  # of what was sent: a repeat has the same
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    performer = models.CharField(_("reported by"), max_length=100, blank=True)
    findings = models.TextField(_("findings"), blank=True)
    conclusion = models.TextField(_("conclusion"), blank=True)
    comment = models.TextField(_("the doctor's words"), blank=True)
    study_uid = models.CharField(max_length=64, blank=True)  # DICOM study, for the viewer
    observed_at = models.DateTimeField(_("taken at"))
    reported_at = models.DateTimeField(_("reported at"))
    received_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    released_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    first_read_at = models.DateTimeField(null=True, blank=True)  # by the patient

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(fields=["source_key", "version"], name="emr_report_once"),
            models.CheckConstraint(
                condition=~models.Q(status="released") | models.Q(released_at__isnull=False, released_by__isnull=False),
                name="emr_report_released_by_someone",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-observed_at"], name="emr_report_patient"),
            models.Index(
                fields=["doctor", "received_at"],
                name="emr_report_waiting",
                condition=models.Q(status__in=["received", "reviewed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Flag(models.TextChoices):
    """HL7 table 0078, what we use of it."""

    NONE = "", _("not judged")
    NORMAL = "N", _("normal")
    LOW = "L", _("low")
    HIGH = "H", _("high")
    VERY_LOW = "LL", _("critically low")
    VERY_HIGH = "HH", _("critically high")
    ABNORMAL = "A", _("abnormal")
    CRITICAL = "AA", _("critically abnormal")


class Observation(models.Model):
    """One measured item. `value` is shown as sent; `number` is there when it is one, for arrows and trends."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="observations")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    value = models.TextField()
    comparator = models.CharField(max_length=2, blank=True)  # <, >, <=, >=
    number = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    range_text = models.CharField(max_length=100, blank=True)
    range_low = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    range_high = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    flag = models.CharField(max_length=2, choices=Flag.choices, blank=True)
    flag_is_ours = models.BooleanField(default=False)  # computed here, the laboratory sent none

    class Meta:
        verbose_name = _("observation")
        verbose_name_plural = _("observations")
        constraints = [models.UniqueConstraint(fields=["report", "position"], name="emr_observation_position")]
        indexes = [models.Index(fields=["code"], name="emr_observation_code")]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class CriticalLimit(models.Model):
    """Beyond these a value is critical (危急值) although the laboratory didn't say so. The hospital's own table."""

    code = models.CharField(_("laboratory item"), max_length=60, unique=True)
    low = models.DecimalField(_("critically low below"), max_digits=18, decimal_places=6, null=True, blank=True)
    high = models.DecimalField(_("critically high above"), max_digits=18, decimal_places=6, null=True, blank=True)
    source = models.CharField(_("source"), max_length=200)

    class Meta:
        verbose_name = _("critical limit")
        verbose_name_plural = _("critical limits")

    def __str__(self) -> str:
        return self.code


class CriticalAlert(models.Model):
    """A critical value that a doctor must acknowledge and say what was done (Q23)."""

    observation = models.OneToOneField(Observation, on_delete=models.PROTECT, related_name="alert")
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    handled = models.CharField(_("what was done"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("critical value")
        verbose_name_plural = _("critical values")
        indexes = [
            models.Index(
                fields=["doctor"], name="emr_criticalalert_open", condition=models.Q(acknowledged_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return str(self.observation_id)
