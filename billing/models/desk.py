"""A cashier's shift at the desk: what came and went by hand, counted at its end by one person and checked by another."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly
from hospital.kit.money import FenField, format_yuan
from hospital.organisation.models import Campus, Staff

from ..states import ShiftStatus
from .payments import Channel, Payment, Refund


class DeskShift(models.Model):
    """From the first money that a cashier touches to the signed count of the drawer.

    `expected_*` is what the books said at the moment of counting, `counted_*` what lay there: fen. A difference needs
    a reason and the signature of a second person, and is then booked (PAY-01, PAY-05). `*_card` is the terminal's total:
    cards and digital yuan together, as its own slip of the shift adds them up.
    """

    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name=_("cashier"))
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=ShiftStatus.choices, default=ShiftStatus.OPEN)
    opened_at = models.DateTimeField(_("opened at"))
    float_fen = FenField(_("change in the drawer at the start"), default=0)
    counted_at = models.DateTimeField(null=True, blank=True)
    counted_by_account_id = models.BigIntegerField(null=True)
    expected_cash = FenField(default=0)
    counted_cash = FenField(default=0)
    expected_card = FenField(default=0)
    counted_card = FenField(default=0)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    checked_by_account_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("cashier's shift")
        verbose_name_plural = _("cashiers' shifts")
        constraints = [
            models.UniqueConstraint(
                fields=["staff"], condition=Q(status=ShiftStatus.OPEN), name="billing_one_shift_per_cashier"
            ),
            models.CheckConstraint(condition=Q(float_fen__gte=0), name="billing_shift_float"),
            models.CheckConstraint(
                condition=Q(status=ShiftStatus.OPEN) | Q(counted_at__isnull=False, counted_cash__gte=0),
                name="billing_shift_counted",
            ),
            models.CheckConstraint(
                condition=Q(checked_by_account_id=None) | ~Q(checked_by_account_id=F("counted_by_account_id")),
                name="billing_shift_two_people",
            ),
            # Closed with a difference only with a reason and a second person.
            models.CheckConstraint(
                condition=~Q(status=ShiftStatus.CLOSED)
                | Q(expected_cash=F("counted_cash"), expected_card=F("counted_card"))
                | (Q(checked_by_account_id__isnull=False) & ~Q(reason="")),
                name="billing_shift_difference_checked",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.staff_id} {self.opened_at:%F %T}"

    @property
    def differences(self) -> list[tuple[str, int, int]]:
        """Where the count and the books differ: (of what, counted more, counted less), in fen."""
        pairs = [
            (_("cash"), self.counted_cash - self.expected_cash),
            (_("Terminal"), self.counted_card - self.expected_card),
        ]
        return [(str(of), max(off, 0), max(-off, 0)) for of, off in pairs if off]

    @property
    def cash_difference(self) -> int:
        """Fen that lay there beyond what the books say; negative when some are missing."""
        return self.counted_cash - self.expected_cash

    @property
    def card_difference(self) -> int:
        return self.counted_card - self.expected_card


class DeskEntry(AppendOnly):
    """A payment taken or a refund given by hand in a shift; fen, negative for what went out.

    `slip` is the terminal's reference number on the printed slip of a card or a wallet, which the bank's bill carries too.
    """

    shift = models.ForeignKey(DeskShift, on_delete=models.PROTECT, related_name="entries")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="desk_entry")
    refund = models.OneToOneField(Refund, on_delete=models.PROTECT, null=True, related_name="desk_entry")
    amount = FenField()
    at = models.DateTimeField()
    slip = models.CharField(_("reference number on the slip"), max_length=20, blank=True)
    terminal = models.CharField(_("terminal"), max_length=16, blank=True)

    class Meta:
        verbose_name = _("line of a shift")
        constraints = [
            models.CheckConstraint(
                condition=Q(payment__isnull=False, refund=None, amount__gt=0)
                | Q(payment=None, refund__isnull=False, amount__lt=0),
                name="billing_desk_entry_one_movement",
            ),
            models.CheckConstraint(
                condition=~Q(channel__in=["pos", "ecny"]) | ~Q(slip=""), name="billing_desk_entry_slip"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shift_id} {format_yuan(self.amount)}"
