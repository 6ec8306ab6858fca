"""What other systems sent us, as it came."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from emr.models import Report
from hospital.kit.fields import EncryptedTextField
from hospital.people.models import Patient


class InboundStatus(models.TextChoices):
    RECEIVED = "received", _("received")
    FILED = "filed", _("filed")
    REFUSED = "refused", _("refused")


class InboundMessage(models.Model):
    """One HL7 v2 message. `raw` is base64 of its bytes, encrypted: it names patients (SEC-06)."""

    sender = models.CharField(_("sender"), max_length=120)  # MSH-3 | MSH-4
    control_id = models.CharField(_("message number"), max_length=199)  # MSH-10
    kind = models.CharField(_("kind"), max_length=20)  # ORU^R01
    digest = models.CharField(max_length=64)  # SHA-256 of the bytes
    raw = EncryptedTextField(purpose="interop.inbound.raw")
    peer = models.CharField(_("address"), max_length=60, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=InboundStatus.choices, default=InboundStatus.RECEIVED)
    problem = models.CharField(max_length=60, blank=True)  # stable code of the refusal
    refusal = models.CharField(_("reason"), max_length=300, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reports = models.ManyToManyField(Report, related_name="+", blank=True)
    received_at = models.DateTimeField(_("received at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound messages")
        constraints = [
            # The sender repeats a message when our answer was lost: it must meet the one that is there. A number of a
            # refused message may come again with corrected content.
            models.UniqueConstraint(
                fields=["sender", "control_id"],
                condition=~models.Q(status="refused"),
                name="interop_inbound_once",
            )
        ]
        indexes = [
            models.Index(fields=["status", "-received_at"], name="interop_inbound_status"),
            models.Index(fields=["sender", "control_id"], name="interop_inbound_number"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.control_id}"
