"""An order that an insurer pays a part of: what was asked of the insurer, step by step (PAY-12)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hospital.kit.fields import EncryptedTextField
from hospital.people.models import Patient

from .payments import PayOrder


class Insured(models.Model):
    """What an order at the insurer's centre went through. Each `..._at` is committed before the call that it names.

    A crash leaves the intent, and whoever comes next asks the insurer under the same numbers. The parts are in fen; they
    are here only when they add up to the bill (the database checks it too).
    """

    order = models.OneToOneField(PayOrder, on_delete=models.PROTECT, related_name="insured")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    pay_auth_no = EncryptedTextField(
        purpose="insured.pay_auth_no", blank=True
    )  # the patient's own consent, of this time
    consent_index = models.CharField(
        max_length=64, blank=True
    )  # blind index of pay_auth_no: a consent is for one order (PAY-13)
    pay_token = EncryptedTextField(purpose="insured.pay_token", blank=True)
    pay_ord_id = models.CharField(_("insurer's order number"), max_length=64, blank=True)
    upload_at = models.DateTimeField(null=True, blank=True)  # 6201
    split_at = models.DateTimeField(null=True, blank=True)  # its answer
    insurer = models.CharField(_("insurer"), max_length=40, blank=True)  # 310 employees, 390 residents, ...
    total = models.BigIntegerField(null=True, blank=True)  # fen
    fund = models.BigIntegerField(null=True, blank=True)  # fen
    personal = models.BigIntegerField(null=True, blank=True)  # fen
    own_cash = models.BigIntegerField(null=True, blank=True)  # fen
    other = models.BigIntegerField(null=True, blank=True)  # fen
    settle_at = models.DateTimeField(null=True, blank=True)  # 6202, or the mixed order at WeChat
    mix_trade_no = models.CharField(max_length=64, blank=True)
    prepay_id = models.CharField(max_length=64, blank=True)
    refusal = models.CharField(_("why the insurer's figures weren't believed"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("order at the insurer")
        constraints = [
            models.CheckConstraint(
                condition=Q(split_at=None) | Q(total=F("fund") + F("personal") + F("own_cash") + F("other")),
                name="billing_insured_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(settle_at=None) | Q(split_at__isnull=False), name="billing_insured_split_before_settling"
            ),
            models.UniqueConstraint(
                fields=["pay_ord_id"], condition=~Q(pay_ord_id=""), name="billing_insured_once_at_insurer"
            ),
            models.UniqueConstraint(
                fields=["consent_index"], condition=~Q(consent_index=""), name="billing_insured_consent_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.pay_ord_id}"
