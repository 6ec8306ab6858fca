"""What a channel says it did in a day, and how that compares with our own books (PAY-03..PAY-07)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hospital.kit import clock
from hospital.kit.append_only import AppendOnly
from hospital.kit.money import FenField
from hospital.organisation.models import Staff

from ..states import CaseStatus
from .payments import Channel, Payment


class BillFile(AppendOnly):
    """A bill exactly as it came: its bytes, their SHA-256, and the totals of its footer, which were proved (PAY-06)."""

    class Kind(models.TextChoices):
        TRADE = "trade", _("trade bill")
        FUND = "fund", _("fund flow")

    channel = models.CharField(max_length=10, choices=Channel.choices)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.TRADE)
    day = models.DateField()
    name = models.CharField(max_length=200)
    source = models.CharField(max_length=10)  # download, upload
    sha256 = models.CharField(max_length=64)
    sha1 = models.CharField(max_length=40)
    raw = models.BinaryField(null=True)  # of bills taken in before their bytes were kept in parts
    size = models.BigIntegerField(default=0)  # bytes
    row_count = models.PositiveIntegerField()
    totals = models.JSONField(default=dict)  # of the footer: fen, fees in hundred-thousandths of a yuan
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("bill of a channel")
        constraints = [
            models.UniqueConstraint(fields=["channel", "day", "sha256"], name="billing_bill_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.day} {self.sha256[:12]}"


class BillPart(AppendOnly):
    """A piece of a bill's bytes, in order: a bill of any size is kept without ever being whole in memory."""

    # No constraint of the database: a million deferred checks at one commit cost more than the bill. The invariant
    # `billing.bill_lines_have_their_file` looks for what it would forbid.
    file = models.ForeignKey(BillFile, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="parts")  # fmt: skip
    number = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        verbose_name = _("bytes of a bill")
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="billing_bill_part_once")]

    def __str__(self) -> str:
        return f"{self.file_id}.{self.number}"


class BillLine(AppendOnly):
    """One line of a trade bill. `fee_e5` counts hundred-thousandths of a yuan, as the channel writes it.

    `fund`, `personal`, `own_cash`: how an insurer's bill divides the amount (PAY-12); null in every other bill.
    """

    class Kind(models.TextChoices):
        PAY = "pay", _("payment")
        REFUND = "refund", _("refund")

    # No number of its own beside its place in the file: a second index to fill would cost as much as the line.
    pk = models.CompositePrimaryKey("file", "line_no")
    file = models.ForeignKey(
        BillFile, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="lines"
    )
    line_no = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=Kind.choices)
    at = models.DateTimeField()
    merchant = models.CharField(max_length=32)
    transaction_id = models.CharField(max_length=64)
    order_no = models.CharField(max_length=64)
    refund_no = models.CharField(max_length=64, blank=True)
    channel_refund_id = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=12)
    currency = models.CharField(max_length=16)
    amount = FenField()
    fee_e5 = models.BigIntegerField()
    fund = models.BigIntegerField(null=True)
    personal = models.BigIntegerField(null=True)
    own_cash = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("line of a channel's bill")
        indexes = [models.Index(fields=["order_no"], name="billing_bill_line_order")]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line_no}"


class FundLine(AppendOnly):
    """One movement of the account that a channel keeps for the hospital: what it really credited and debited."""

    pk = models.CompositePrimaryKey("file", "line_no")
    file = models.ForeignKey(
        BillFile, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="fund_lines"
    )
    line_no = models.PositiveIntegerField()
    at = models.DateTimeField()
    business_no = models.CharField(max_length=64)  # the channel's own number of what moved
    order_no = models.CharField(max_length=64, blank=True)  # our number, where the channel writes it
    flow_no = models.CharField(max_length=64)
    business = models.CharField(max_length=40)
    amount = FenField()  # what came in positive, what went out negative
    balance = FenField()

    class Meta:
        verbose_name = _("line of a fund flow")

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line_no}"


class BankCredit(AppendOnly):
    """What the bank says that a channel paid to the hospital for a day; a mistake is taken back by a negative one."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    day = models.DateField(_("day of the payments"))  # the business day that the money is for
    amount = FenField(_("amount"))
    reference = models.CharField(_("bank's reference"), max_length=64)
    credited_on = models.DateField(_("credited on"))
    recorded_at = models.DateTimeField()
    recorded_by_account_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("credit of the bank")
        constraints = [
            models.UniqueConstraint(fields=["channel", "reference"], name="billing_bank_credit_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="billing_bank_credit_not_zero"),
        ]
        indexes = [models.Index(fields=["channel", "day"], name="billing_bank_credit_day")]

    def __str__(self) -> str:
        return f"{self.channel} {self.day} {self.reference}"


class PaymentSplit(AppendOnly):
    """How an insured payment divides: the fund's part, the personal account's, and the patient's own money (PAY-12).

    The payment is the whole: its two halves succeeded together. The patient's half went another way, and stands in that
    channel's bill under its own transaction number.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="split")
    insurer = models.CharField(max_length=40)
    total = FenField()
    fund = FenField()
    personal = FenField()
    own_cash = FenField()
    other = FenField(default=0)
    cash_channel = models.CharField(max_length=10, choices=Channel.choices, blank=True)
    cash_transaction_id = models.CharField(max_length=64, blank=True)
    cash_at = models.DateTimeField(null=True, blank=True)  # by that channel's clock

    class Meta:
        verbose_name = _("insurer's split")
        constraints = [
            models.CheckConstraint(
                condition=Q(total=models.F("fund") + models.F("personal") + models.F("own_cash") + models.F("other")),
                name="billing_split_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(own_cash=0) | (~Q(cash_channel="") & ~Q(cash_transaction_id="") & Q(cash_at__isnull=False)),
                name="billing_split_cash_has_its_way",
            ),
            models.UniqueConstraint(
                fields=["cash_channel", "cash_transaction_id"],
                condition=~Q(cash_transaction_id=""),
                name="billing_split_cash_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["cash_channel", "cash_at"], name="billing_split_cash_day", condition=~Q(cash_channel="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.fund}+{self.personal}+{self.own_cash}"


class BillFetch(models.Model):
    """Getting the bill of a day from its channel: tried from 10:00 until 18:00, then somebody is told (PAY-06)."""

    channel = models.CharField(max_length=10, choices=Channel.choices)
    day = models.DateField()
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)
    no_bill = models.BooleanField(default=False)  # the channel says that nothing moved on that day
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "day"], name="billing_fetch_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.day}"


class Difference(models.TextChoices):
    """The classes of PAY-04; each difference has exactly one."""

    D1 = "D1", _("only at the channel")
    D2 = "D2", _("only at the hospital")
    D3 = "D3", _("paid, not posted")
    D4 = "D4", _("amounts differ")
    D5 = "D5", _("states differ")
    D6 = "D6", _("across midnight")
    D7 = "D7", _("paid twice")
    D8 = "D8", _("refunds differ")
    D9 = "D9", _("insurer's split differs")
    D10 = "D10", _("fee or credit differs")


class ReconRun(AppendOnly):
    """One comparison of a day on a channel. The same data give the same `digest`, however often it runs (PAY-06)."""

    channel = models.CharField(max_length=10, choices=Channel.choices)
    day = models.DateField()
    file = models.ForeignKey(BillFile, on_delete=models.PROTECT, null=True, related_name="runs")
    ran_at = models.DateTimeField()
    matched = models.PositiveIntegerField()
    differences = models.JSONField(default=dict)  # class -> count
    totals = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("reconciliation")
        indexes = [models.Index(fields=["channel", "day", "-ran_at"], name="billing_run_day")]

    def __str__(self) -> str:
        return f"{self.channel} {self.day} {self.digest[:12]}"


class ReconCase(models.Model):
    """One difference: its class, the sides, who works on it, what was proposed and who let it pass (PAY-05)."""

    class Action(models.TextChoices):
        QUERY = "query", _("ask the channel and post what it says")
        RETURN = "return", _("give the money back")
        RESEND = "resend", _("send the refund again under its number")
        BOOK = "book", _("book the difference as a suspense item")
        EXPLAIN = "explain", _("explained, nothing to move")

    channel = models.CharField(max_length=10, choices=Channel.choices)
    day = models.DateField()
    key = models.CharField(max_length=140)  # kind:merchant order[:refund number]
    difference = models.CharField(max_length=3, choices=Difference.choices)
    reason = models.CharField(max_length=60)  # a word of our own, e.g. "not-in-bill"
    status = models.CharField(max_length=10, choices=CaseStatus.choices, default=CaseStatus.OPEN)
    hospital = models.BigIntegerField(null=True)  # fen; null: this side knows nothing of it
    platform = models.BigIntegerField(null=True)  # fen; null: this side knows nothing of it
    channel_amount = models.BigIntegerField(null=True)  # fen; null: this side knows nothing of it
    evidence = models.JSONField(default=dict)
    found_at = models.DateTimeField()
    owner = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    action = models.CharField(max_length=10, choices=Action.choices, blank=True)
    note = models.CharField(max_length=300, blank=True)
    proposed_by_account_id = models.BigIntegerField(null=True)
    approved_by_account_id = models.BigIntegerField(null=True)
    result = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        constraints = [
            models.UniqueConstraint(fields=["channel", "key"], name="billing_one_case_per_key"),
            models.CheckConstraint(
                condition=~Q(approved_by_account_id=models.F("proposed_by_account_id"))
                | Q(approved_by_account_id=None),
                name="billing_case_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "day"], name="billing_case_day"),
            models.Index(fields=["day"], name="billing_case_unfinished", condition=~Q(status="done")),
        ]

    def __str__(self) -> str:
        return f"{self.difference} {self.key}"

    @property
    def subject(self) -> str:
        """What moved, in words: a payment, a refund, a line of the account flow, a credit of the bank."""
        kind = self.key.partition(":")[0]
        names = {
            "pay": _("Payment"),
            "refund": _("Refund"),
            "flow": _("Account flow"),
            "credit": _("credit of the bank"),
        }
        return str(names.get(kind, kind))

    @property
    def numbers(self) -> str:
        return self.key.partition(":")[2].replace(":", " · ")

    @property
    def age(self) -> int:
        """Days since the day it is of."""
        return (clock.today() - self.day).days
