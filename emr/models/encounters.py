"""The encounter: one patient with one doctor, from opening to archive, and what is known of the patient."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.notices import Notice
from hospital.organisation.models import Concept, Department, Staff
from hospital.people.models import Patient


class EmrNotice(Notice):
    """What emr tells the apps above: an order was placed, paid, cancelled; a note was signed."""

    class Meta(Notice.Meta):
        verbose_name = _("notice of medical records")


class EncounterKind(models.TextChoices):
    """FHIR Encounter.class, as the quality rules call the scopes (rules section 5)."""

    OUTPATIENT = "O", _("outpatient visit")
    ONLINE = "N", _("online return visit")
    TREATMENT = "T", _("treatment")


class EncounterStatus(models.TextChoices):
    OPEN = "open", _("visit under way")
    CLOSED = "closed", _("visit ended")
    ARCHIVED = "archived", _("archived")


class Encounter(models.Model):
    """`because`/`because_id` name the row of an upper app that brought the two together, e.g. consult.visit 17."""

    number = models.CharField(_("visit number"), max_length=24, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="encounters")
    kind = models.CharField(_("kind"), max_length=1, choices=EncounterKind.choices)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="encounters")
    status = models.CharField(_("status"), max_length=10, choices=EncounterStatus.choices, default=EncounterStatus.OPEN)
    because = models.CharField(max_length=60, blank=True)
    because_id = models.BigIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(_("started at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)

    class Meta:
        verbose_name = _("encounter")
        verbose_name_plural = _("encounters")
        constraints = [
            models.UniqueConstraint(
                fields=["because", "because_id"],
                condition=~models.Q(because="") & models.Q(because_id__isnull=False),
                name="emr_encounter_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status="open", closed_at=None)
                | (~models.Q(status="open") & ~models.Q(closed_at=None)),
                name="emr_encounter_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-started_at"], name="emr_encounter_patient"),
            models.Index(fields=["doctor", "-started_at"], name="emr_encounter_doctor"),
        ]

    def __str__(self) -> str:
        return self.number


class DiagnosisRole(models.TextChoices):
    MAIN = "main", _("main diagnosis")
    SECONDARY = "secondary", _("further diagnosis")


class Diagnosis(models.Model):
    """One diagnosis of a signed note; `code` and `display` are kept as they were read on the day (Q04)."""

    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, related_name="diagnoses")
    concept = models.ForeignKey(Concept, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40)
    display = models.CharField(max_length=300)
    role = models.CharField(max_length=10, choices=DiagnosisRole.choices)
    suspected = models.BooleanField(_("suspected"), default=False)
    position = models.PositiveSmallIntegerField(default=0)
    recorded_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # an amendment took it back; the row stays (MR-02)

    class Meta:
        verbose_name = _("diagnosis")
        verbose_name_plural = _("diagnoses")
        constraints = [
            models.UniqueConstraint(
                fields=["encounter"],
                condition=models.Q(role="main", withdrawn_at=None),
                name="emr_one_main_diagnosis",
            ),
            models.UniqueConstraint(
                fields=["encounter", "code"], condition=models.Q(withdrawn_at=None), name="emr_diagnosis_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.display}"


class Allergy(models.Model):
    """An allergy, or the explicit statement that none is known (Q05). Never inferred from silence."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="allergies")
    none_known = models.BooleanField(_("none known"), default=False)
    substance = models.CharField(_("substance"), max_length=100, blank=True)
    group = models.CharField(_("group of substances"), max_length=40, blank=True)  # Drug.allergy_groups (DS-01)
    reaction = models.CharField(_("reaction"), max_length=200, blank=True)
    told_by_patient = models.BooleanField(default=False)
    recorded_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("allergy")
        verbose_name_plural = _("allergies")
        constraints = [
            models.UniqueConstraint(
                fields=["patient"],
                condition=models.Q(none_known=True, resolved_at=None),
                name="emr_one_none_known",
            ),
            models.UniqueConstraint(
                fields=["patient", "substance"],
                condition=models.Q(none_known=False, resolved_at=None),
                name="emr_allergy_once",
            ),
            models.CheckConstraint(
                condition=models.Q(none_known=True, substance="")
                | (models.Q(none_known=False) & ~models.Q(substance="")),
                name="emr_allergy_says_something",
            ),
        ]

    def __str__(self) -> str:
        return str(_("none known")) if self.none_known else self.substance


class ProblemStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    RESOLVED = "resolved", _("resolved")


class Problem(models.Model):
    """A line of the problem list: what this patient lives with, across encounters (E2)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="problems")
    code = models.CharField(max_length=40, blank=True)
    display = models.CharField(_("problem"), max_length=300)
    status = models.CharField(max_length=10, choices=ProblemStatus.choices, default=ProblemStatus.ACTIVE)
    since = models.DateField(_("since"), null=True, blank=True)
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "code"],
                condition=models.Q(status="active") & ~models.Q(code=""),
                name="emr_problem_once",
            )
        ]

    def __str__(self) -> str:
        return self.display


class VitalKind(models.TextChoices):
    WEIGHT = "weight", _("weight")
    HEIGHT = "height", _("height")
    TEMPERATURE = "temperature", _("temperature")
    PULSE = "pulse", _("pulse")
    SYSTOLIC = "systolic", _("systolic blood pressure")
    DIASTOLIC = "diastolic", _("diastolic blood pressure")


class VitalSign(models.Model):
    """Weight in kg, height in cm, temperature in degrees Celsius, pulse per minute, pressure in mmHg."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="vital_signs")
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=12, choices=VitalKind.choices)
    value = models.DecimalField(max_digits=6, decimal_places=1)
    measured_at = models.DateTimeField()
    recorded_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("vital sign")
        verbose_name_plural = _("vital signs")
        indexes = [models.Index(fields=["patient", "kind", "-measured_at"], name="emr_vitalsign_patient")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
