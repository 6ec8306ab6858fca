"""Orders at a channel, what was really paid, what that settled, and what goes back.

PayOrder and Refund are intents: they are written and committed before the channel is called, under a number of our
own that makes the call repeatable. Payment and Settlement are facts: they only grow.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly
from hospital.kit.money import FenField, format_yuan
from hospital.organisation.models import Campus, Staff
from hospital.people.models import Account

from ..states import LIVE_ORDER, PayOrderStatus, RefundStatus
from .charges import Charge, ChargeLine


class Channel(models.TextChoices):
    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    UNIONPAY = "unionpay", _("UnionPay")
    INSURANCE = "insurance", _("medical insurance")
    CASH = "cash", _("cash")
    POS = "pos", _("bank card at the desk")
    ECNY = "ecny", _("digital yuan at the desk")


TERMINAL_CHANNELS = [Channel.POS, Channel.ECNY]  # taken by the bank's terminal, whose slip is the proof
DESK_CHANNELS = [Channel.CASH, *TERMINAL_CHANNELS]  # by hand, in a cashier's shift; no network to ask


class PayMethod(models.TextChoices):
    """How the payer meets the channel."""

    H5 = "h5", _("in a phone's browser")
    JSAPI = "jsapi", _("inside WeChat")
    NATIVE = "native", _("scan a code")
    CODE = "code", _("with the insurance code")
    DESK = "desk", _("at the cash desk")


class PayOrder(models.Model):
    """One merchant order number, for one or more charges (PAY-02)."""

    number = models.CharField(_("merchant order number"), max_length=32, unique=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    method = models.CharField(_("method"), max_length=10, choices=PayMethod.choices)
    amount = FenField(_("amount"))
    title = models.CharField(max_length=60)  # what the payer reads at the channel; no personal data
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=PayOrderStatus.choices, default=PayOrderStatus.CREATED)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # the channel takes no money for it afterwards
    prepared = models.JSONField(default=dict, blank=True)  # prepay_id, code_url or h5_url
    close_wanted_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True, blank=True)  # when the channel was last asked
    next_query_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("pay order")
        verbose_name_plural = _("pay orders")
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="billing_pay_order_positive")]
        indexes = [
            models.Index(fields=["next_query_at"], name="billing_pay_order_due", condition=Q(status__in=LIVE_ORDER))
        ]

    def __str__(self) -> str:
        return f"{self.number} {format_yuan(self.amount)}"


class PayOrderCharge(AppendOnly):
    """A charge that a pay order is for, with its amount."""

    order = models.ForeignKey(PayOrder, on_delete=models.PROTECT, related_name="parts")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="order_parts")
    amount = FenField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "charge"], name="billing_charge_once_per_order"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_order_part_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.charge_id}"


class Payment(AppendOnly):
    """Money that a channel says it has taken. The same transaction is stored once, whoever reports it (G06)."""

    order = models.ForeignKey(PayOrder, on_delete=models.PROTECT, related_name="payments")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    transaction_id = models.CharField(_("channel's transaction number"), max_length=64)
    amount = FenField()
    success_at = models.DateTimeField()  # by the channel's clock: the business day is its (PAY-06)
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=10)  # notice, query, bill, desk

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.UniqueConstraint(fields=["channel", "transaction_id"], name="billing_payment_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_payment_positive"),
        ]
        indexes = [
            models.Index(fields=["channel", "success_at"], name="billing_payment_day"),
            # By the moment of the books: rows only grow with it, so that summaries of blocks find a day at no cost for a payment.
            BrinIndex(fields=["recorded_at"], autosummarize=True, name="billing_payment_booked"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.transaction_id} {format_yuan(self.amount)}"


class Settlement(AppendOnly):
    """A charge that a payment settled. A charge is settled once; money beyond that is owed back."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="settlements")
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="settlement")
    amount = FenField()
    settled_at = models.DateTimeField()

    class Meta:
        verbose_name = _("settlement")
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="billing_settlement_positive")]
        indexes = [models.Index(fields=["settled_at"], name="billing_settlement_day")]

    def __str__(self) -> str:
        return f"{self.charge_id} by {self.payment_id}"


class Refund(models.Model):
    """Money on its way back, by the way it came (PAY-09).

    `charge` is what it is for; `settlement` is null when the payment never settled that charge (it came twice, or
    too late), and then nothing that was earned is given up.
    """

    number = models.CharField(_("merchant refund number"), max_length=32, unique=True)
    key = models.CharField(max_length=100, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    amount = FenField()
    reason = models.CharField(_("reason"), max_length=80)
    asked = models.JSONField(null=True, blank=True)  # {code: quantity}, as it was asked for; null: all that was left
    status = models.CharField(max_length=12, choices=RefundStatus.choices, default=RefundStatus.REQUESTED)
    requested_at = models.DateTimeField()
    requested_by_account_id = models.BigIntegerField(null=True)
    requested_by_service = models.CharField(max_length=100, blank=True)
    approved_by_account_id = models.BigIntegerField(null=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    channel_refund_id = models.CharField(max_length=64, blank=True)
    success_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True, blank=True)  # when the channel was last asked
    next_query_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_refund_positive"),
            models.CheckConstraint(
                condition=~Q(approved_by_account_id=models.F("requested_by_account_id"))
                | Q(approved_by_account_id=None),
                name="billing_refund_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(status="succeeded") | Q(success_at__isnull=False), name="billing_refund_success_dated"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_query_at"],
                name="billing_refund_due",
                condition=Q(status__in=["approved", "processing", "unknown"]),
            ),
            models.Index(fields=["success_at"], name="billing_refund_day"),
            models.Index(fields=["recorded_at"], name="billing_refund_booked", condition=Q(status="succeeded")),
        ]

    def __str__(self) -> str:
        return f"{self.number} {format_yuan(self.amount)}"

    @property
    def by_desk(self) -> bool:
        """Handed back by a cashier, to whoever comes for it."""
        return self.payment.channel in DESK_CHANNELS


class RefundLine(AppendOnly):
    """How many of one line of a charge a refund gives back; a refund of all has one per line."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField()
    amount = FenField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="billing_line_once_per_refund"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="billing_refund_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id}: {self.line_id} x {self.quantity}"


class ChannelEvent(AppendOnly):
    """A genuine notice of a channel that was acted upon; the same one again is known by its id (G06)."""

    channel = models.CharField(max_length=10, choices=Channel.choices)
    event_id = models.CharField(max_length=64)
    event_type = models.CharField(max_length=40)
    number = models.CharField(max_length=32)  # of the pay order or refund that it speaks of
    received_at = models.DateTimeField()
    body_sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("notice of a channel")
        constraints = [models.UniqueConstraint(fields=["channel", "event_id"], name="billing_channel_event_once")]
        indexes = [models.Index(fields=["number"], name="billing_channel_event_number")]

    def __str__(self) -> str:
        return f"{self.channel} {self.event_type} {self.number}"
