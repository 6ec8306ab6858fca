"""What other institutions wrote before the patient came here; shown apart, never mixed with our own record."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.people.models import Patient


class HistoryKind(models.TextChoices):
    CONDITION = "condition", _("diagnosis")
    ENCOUNTER = "encounter", _("visit")
    MEDICATION = "medication", _("drug")
    OBSERVATION = "observation", _("result")
    PROCEDURE = "procedure", _("procedure")
    REPORT = "report", _("report")
    ALLERGY = "allergy", _("allergy")
    IMMUNIZATION = "immunization", _("immunisation")
    OTHER = "other", _("other")


class HistoryItem(models.Model):
    """One imported fact. `source_key` (source + its own id) makes a repeated import harmless."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="history_items")
    kind = models.CharField(max_length=12, choices=HistoryKind.choices)
    code_system = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=100, blank=True)
    display = models.CharField(max_length=500)
    value = models.CharField(max_length=500, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=200)
    source_key = models.CharField(max_length=200, unique=True)
    data = models.JSONField(default=dict, blank=True)  # the resource as it came
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = _("earlier history")
        verbose_name_plural = _("earlier history")
        indexes = [models.Index(fields=["patient", "-starts_at"], name="emr_historyitem_patient")]

    def __str__(self) -> str:
        return self.display
