"""The double-entry ledger: tables that only grow, balanced by the database itself (PAY-01, G09)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly
from hospital.kit.money import FenField, format_yuan
from hospital.organisation.models import Department


class LedgerAccount(models.Model):
    """An account of the ledger, made once and never renamed: `channel.wechat`, `income.outpatient@A19`, `insurer.basic`.

    What an account is of stands in columns, so that the books can be read by channel, department and insurer.
    """

    class Side(models.TextChoices):
        ASSET = "asset", _("what the hospital has")
        LIABILITY = "liability", _("what the hospital owes")
        INCOME = "income", _("income")
        EXPENSE = "expense", _("expense")

    code = models.CharField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    side = models.CharField(_("side"), max_length=10, choices=Side.choices)
    channel = models.CharField(max_length=10, blank=True)
    scene = models.CharField(max_length=20, blank=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    insurer = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")

    def __str__(self) -> str:
        return self.code


class Journal(AppendOnly):
    """One movement of money: two entries or more whose sum is zero. A mistake is reversed by another, never edited.

    `key` names the business event ("payment:17"): the same event is booked once. A journal lands on the business day
    of `at`; on a closed day the database takes none, and what belongs there is booked on the open day with
    `about_day` pointing back (PAY-07). A journal that `reverses` another is its exact opposite: the database checks.
    """

    key = models.CharField(max_length=100, unique=True)
    business_day = models.DateField()
    at = models.DateTimeField()
    memo = models.CharField(max_length=200, blank=True)
    about_day = models.DateField(null=True, blank=True)  # the closed day that this belongs to
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by")

    class Meta:
        verbose_name = _("journal")
        indexes = [
            models.Index(fields=["business_day"], name="billing_journal_day"),
            models.Index(fields=["about_day"], name="billing_journal_about", condition=Q(about_day__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key


class Entry(AppendOnly):
    """One side of a journal: fen, positive for debit, negative for credit."""

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="entries")
    amount = FenField()

    class Meta:
        verbose_name = _("ledger entry")
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="billing_entry_not_zero")]

    def __str__(self) -> str:
        return f"{self.account_id} {format_yuan(self.amount)}"


class DayClose(models.Model):
    """A business day that the finance office proposed to close and an auditor closed (PAY-07): then it takes no journal.

    Opening it again takes a reason and the same two roles; this row stays as it was and the next closing is a row of
    its own.
    """

    day = models.DateField()
    closed_at = models.DateTimeField()  # proposed at
    closed_by_account_id = models.BigIntegerField()
    confirmed_by_account_id = models.BigIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    totals = models.JSONField(default=dict)
    reopen_reason = models.CharField(max_length=300, blank=True)
    reopen_asked_by_account_id = models.BigIntegerField(null=True)
    reopen_asked_at = models.DateTimeField(null=True)
    reopened_by_account_id = models.BigIntegerField(null=True)
    reopened_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        constraints = [
            models.UniqueConstraint(fields=["day"], condition=Q(reopened_at=None), name="billing_day_closed_once"),
            models.CheckConstraint(
                condition=~Q(closed_by_account_id=models.F("confirmed_by_account_id"))
                | Q(confirmed_by_account_id=None),
                name="billing_day_close_two_people",
            ),
            models.CheckConstraint(
                condition=Q(reopened_at=None)
                | (
                    Q(reopen_asked_by_account_id__isnull=False, reopened_by_account_id__isnull=False)
                    & ~Q(reopen_asked_by_account_id=models.F("reopened_by_account_id"))
                    & ~Q(reopen_reason="")
                ),
                name="billing_day_reopen_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%F}"
