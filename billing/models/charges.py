"""What a patient owes for something: a Charge with its lines, priced when it was ordered (PAY-16)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly
from hospital.kit.money import FenField, format_yuan
from hospital.organisation.models import Campus, Department
from hospital.people.models import Account, Patient

from ..states import LIVE_CHARGE, ChargeStatus
from .prices import Category, Package, PriceItem


class Scene(models.TextChoices):
    """Where the money comes from, for the daily report (PAY-08)."""

    REGISTRATION = "registration", _("registration")
    OUTPATIENT = "outpatient", _("outpatient")
    INPATIENT = "inpatient", _("inpatient")
    ONLINE = "online", _("internet hospital")


class Charge(models.Model):
    """One thing to be paid. `kind` names the app above that asked for it (billing.kinds), `subject_id` its row there.

    `refund_reserved` is what was promised back so far, in fen; the database keeps it within `amount` (G09).
    """

    number = models.CharField(_("bill number"), max_length=32, unique=True)
    kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    scene = models.CharField(_("scene"), max_length=20, choices=Scene.choices)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="charges", verbose_name=_("patient"))
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("placed by")
    )
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    amount = FenField(_("amount"))
    refund_reserved = FenField(default=0)
    status = models.CharField(_("status"), max_length=15, choices=ChargeStatus.choices, default=ChargeStatus.OPEN)
    created_at = models.DateTimeField(_("ordered at"))
    expires_at = models.DateTimeField(_("to be paid until"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="billing_charge_not_negative"),
            models.CheckConstraint(
                condition=Q(refund_reserved__gte=0) & Q(refund_reserved__lte=F("amount")),
                name="billing_refund_within_charge",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(status__in=LIVE_CHARGE), name="billing_one_live_charge"
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-created_at"], name="billing_charge_patient"),
            models.Index(fields=["expires_at"], name="billing_charge_expiry", condition=Q(status="open")),
            models.Index(fields=["kind", "subject_id"], name="billing_charge_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {format_yuan(self.amount)}"


class ChargeLine(AppendOnly):
    """One line of a charge with the price of that moment; never changed afterwards."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="lines")
    price_item = models.ForeignKey(PriceItem, on_delete=models.PROTECT, related_name="+")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=300)
    category = models.CharField(max_length=20, choices=Category.choices)
    unit = models.CharField(max_length=20)
    unit_price = FenField()
    quantity = models.PositiveIntegerField()
    amount = FenField()

    class Meta:
        verbose_name = _("line of a bill")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="billing_line_quantity"),
            models.CheckConstraint(
                condition=Q(amount=F("unit_price") * F("quantity")), name="billing_line_amount_is_product"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} x {self.quantity}"
