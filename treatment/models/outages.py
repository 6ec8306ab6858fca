"""A machine is down: what it would have given, where each session went, who was called."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.organisation.models import Staff

from ..states import DISPLACED_TONES, DisplacedStatus
from .catalogue import Machine
from .courses import Session


class Outage(models.Model):
    """One time without the machine, declared by one person in one action (TR-08)."""

    machine = models.ForeignKey(Machine, on_delete=models.PROTECT, related_name="outages")
    during = DateTimeRangeField(_("during"))
    reason = models.CharField(_("reason"), max_length=100)
    declared_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")

    def __str__(self) -> str:
        return f"{self.machine_id}: {self.reason}"


class Displaced(models.Model):
    """One session that the outage hit: a line of the list by which the patients are called."""

    outage = models.ForeignKey(Outage, on_delete=models.PROTECT, related_name="displaced")
    session = models.OneToOneField(Session, on_delete=models.PROTECT, related_name="displaced")
    moved_to = models.OneToOneField(Session, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(
        _("status"), max_length=10, choices=DisplacedStatus.choices, default=DisplacedStatus.WAITING
    )
    told_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("session hit by an outage")
        verbose_name_plural = _("sessions hit by an outage")
        indexes = [
            models.Index(fields=["outage"], name="treatment_displaced_waiting", condition=models.Q(status="waiting"))
        ]

    def __str__(self) -> str:
        return f"{self.outage_id}: {self.session_id}"

    @property
    def tone(self) -> str:
        return DISPLACED_TONES.get(self.status, "")
