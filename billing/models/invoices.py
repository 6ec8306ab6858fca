"""The electronic medical receipt (PAY-14): wanted in the transaction of the money, issued by the invoice platform later."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hospital.kit.fields import EncryptedTextField
from hospital.kit.money import FenField, format_yuan

from ..states import InvoiceStatus
from .charges import Charge
from .payments import Settlement


class Invoice(models.Model):
    """One receipt, or the red note that takes one back.

    Those of one settlement form a chain and are issued strictly in its order: receipt, red note, receipt of what
    remained, ... At its end stands at most one valid receipt, of exactly what was not given back. `sheet` is what is
    printed, frozen before the platform is asked, so that asking again asks for the same.
    """

    class Kind(models.TextChoices):
        BLUE = "blue", _("receipt")
        RED = "red", _("red note")

    number = models.CharField(_("business number"), max_length=32, unique=True)  # ours; makes the call repeatable
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.BLUE)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="invoices")
    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="invoices")
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    amount = FenField(_("amount"))
    status = models.CharField(max_length=10, choices=InvoiceStatus.choices, default=InvoiceStatus.WANTED)
    wanted_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    sheet = EncryptedTextField(purpose="billing.invoice.sheet", blank=True)  # JSON, with the payer's name
    code = models.CharField(_("receipt code"), max_length=12, blank=True)
    ticket = models.CharField(_("receipt number"), max_length=20, blank=True)
    check_code = models.CharField(_("check code"), max_length=10, blank=True)
    issued_at = models.DateTimeField(_("issued at"), null=True, blank=True)

    class Meta:
        verbose_name = _("electronic receipt")
        verbose_name_plural = _("electronic receipts")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_invoice_positive"),
            models.CheckConstraint(
                condition=Q(kind="blue", reverses=None) | Q(kind="red", reverses__isnull=False),
                name="billing_invoice_red_reverses",
            ),
            models.CheckConstraint(
                condition=~Q(status="issued") | (~Q(code="") & ~Q(ticket="") & Q(issued_at__isnull=False)),
                name="billing_invoice_issued_numbered",
            ),
            models.UniqueConstraint(fields=["code", "ticket"], condition=~Q(code=""), name="billing_invoice_ticket"),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="billing_invoice_due", condition=Q(status__in=["wanted", "asked"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {format_yuan(self.amount)}"
