"""The only tables of moves of charges, pay orders and refunds."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class ChargeStatus(models.TextChoices):
    OPEN = "open", _("to be paid")
    PAID = "paid", _("paid")
    PART_REFUNDED = "part_refunded", _("partly refunded")
    REFUNDED = "refunded", _("refunded")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired unpaid")


class PayOrderStatus(models.TextChoices):
    CREATED = "created", _("being prepared")  # the intent is written; the channel's answer isn't known yet
    WAITING = "waiting", _("waiting for payment")
    PAID = "paid", _("paid")
    CLOSED = "closed", _("closed")


class RefundStatus(models.TextChoices):
    REQUESTED = "requested", _("waiting for approval")
    REJECTED = "rejected", _("not approved")
    APPROVED = "approved", _("approved")
    PROCESSING = "processing", _("on its way")
    UNKNOWN = "unknown", _("being checked with the channel")
    SUCCEEDED = "succeeded", _("refunded")
    FAILED = "failed", _("failed at the channel")


CHARGE = Lifecycle(
    "billing.charge",
    moves={
        ChargeStatus.OPEN: {ChargeStatus.PAID, ChargeStatus.CANCELLED, ChargeStatus.EXPIRED},
        ChargeStatus.PAID: {ChargeStatus.PART_REFUNDED, ChargeStatus.REFUNDED},
        ChargeStatus.PART_REFUNDED: {ChargeStatus.REFUNDED},
    },
)

PAY_ORDER = Lifecycle(
    "billing.pay_order",
    moves={
        PayOrderStatus.CREATED: {PayOrderStatus.WAITING, PayOrderStatus.PAID, PayOrderStatus.CLOSED},
        PayOrderStatus.WAITING: {PayOrderStatus.PAID, PayOrderStatus.CLOSED},
        # Money that arrives after we closed is still money: it is booked, or owed back.
        PayOrderStatus.CLOSED: {PayOrderStatus.PAID},
    },
)

REFUND = Lifecycle(
    "billing.refund",
    moves={
        RefundStatus.REQUESTED: {RefundStatus.APPROVED, RefundStatus.REJECTED},
        RefundStatus.APPROVED: {RefundStatus.PROCESSING, RefundStatus.UNKNOWN, RefundStatus.SUCCEEDED,
                                RefundStatus.FAILED},
        RefundStatus.PROCESSING: {RefundStatus.UNKNOWN, RefundStatus.SUCCEEDED, RefundStatus.FAILED},
        RefundStatus.UNKNOWN: {RefundStatus.PROCESSING, RefundStatus.SUCCEEDED, RefundStatus.FAILED},
        # Sent again under the same number once the reason is mended (PAY-05 D8); a person decides that.
        RefundStatus.FAILED: {RefundStatus.APPROVED, RefundStatus.SUCCEEDED},
    },
)  # fmt: skip


class ShiftStatus(models.TextChoices):
    OPEN = "open", _("open")
    COUNTED = "counted", _("counted, waits for a second person")
    CLOSED = "closed", _("closed")


SHIFT = Lifecycle(
    "billing.shift",
    moves={
        ShiftStatus.OPEN: {ShiftStatus.COUNTED, ShiftStatus.CLOSED},
        ShiftStatus.COUNTED: {ShiftStatus.CLOSED},
    },
)


class InvoiceStatus(models.TextChoices):
    WANTED = "wanted", _("being issued")
    ASKED = "asked", _("asked of the invoice platform")  # its answer isn't known yet
    ISSUED = "issued", _("valid")
    REVERSED = "reversed", _("taken back by a red note")
    REFUSED = "refused", _("refused by the invoice platform")


INVOICE = Lifecycle(
    "billing.invoice",
    moves={
        InvoiceStatus.WANTED: {InvoiceStatus.ASKED},
        InvoiceStatus.ASKED: {InvoiceStatus.ISSUED, InvoiceStatus.REFUSED},
        InvoiceStatus.ISSUED: {InvoiceStatus.REVERSED},
        InvoiceStatus.REFUSED: {InvoiceStatus.ASKED},  # a person mended the reason
    },
)

LIVE_CHARGE = [ChargeStatus.OPEN, ChargeStatus.PAID, ChargeStatus.PART_REFUNDED]
LIVE_ORDER = [PayOrderStatus.CREATED, PayOrderStatus.WAITING]
LIVE_REFUND = [
    RefundStatus.REQUESTED, RefundStatus.APPROVED, RefundStatus.PROCESSING, RefundStatus.UNKNOWN, RefundStatus.FAILED
]  # fmt: skip


class CaseStatus(models.TextChoices):
    OPEN = "open", _("to be worked off")
    CARRIED = "carried", _("in transit to the next day")
    PROPOSED = "proposed", _("waiting for approval")
    DONE = "done", _("done")


CASE = Lifecycle(
    "billing.recon_case",
    moves={
        CaseStatus.OPEN: {CaseStatus.PROPOSED, CaseStatus.DONE, CaseStatus.CARRIED},
        CaseStatus.CARRIED: {CaseStatus.OPEN, CaseStatus.DONE},
        CaseStatus.PROPOSED: {CaseStatus.DONE, CaseStatus.OPEN},
        # A difference that was settled and shows again (a file was replaced) is opened again.
        CaseStatus.DONE: {CaseStatus.OPEN},
    },
)
