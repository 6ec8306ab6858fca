"""Refunds that nobody asked us for: made by hand in the channel's own console, and proved by the channel (PAY-09)."""

from datetime import datetime

from django.db import IntegrityError
from django.utils.translation import gettext as _

from hospital.audit import services as audit
from hospital.kit.actor import system
from hospital.kit.transactions import entry

from .. import errors
from ..models import Charge, Payment, Refund
from ..numbers import next_number
from ..states import REFUND, RefundStatus
from .ledger import PATIENT_MONEY, SUSPENSE, income_account, journal_post
from .refunds import refund_finish, refund_reserve

CONSOLE = "billing.console"


def found_key(channel: str, console_number: str) -> str:
    """Under which a refund of a channel's console is stored, once."""
    return f"found:{channel}:{console_number}"[:100]


@entry
def refund_found(
    *, payment_id: int, console_number: str, channel_refund_id: str, amount: int, success_at: datetime, at: datetime
) -> Refund:
    """Record money that already went back without us, once per number of the channel's console.

    What it gave back is taken from the bill when that can be told: the payment settled one bill and so much of it is
    left, or it gave back all of every bill's rest, of which there is one. Otherwise it stands in suspense until a
    person says what it was for; the ledger agrees with the channel either way.

    Raises RefundTooMuch when our own promises and this refund together exceed the payment: one of ours will be
    refused by the channel, and a person must look now.
    """
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    key = found_key(payment.channel, console_number)
    charges = Charge.objects.select_for_update(no_key=True).filter(order_parts__order=payment.order).order_by("pk")
    locked = list(charges)
    known = Refund.objects.filter(key=key).first()
    if known is not None:
        if known.amount != amount or known.payment_id != payment_id:
            raise errors.OtherRequest
        return known
    charge = _whose(payment, locked, amount)
    robot = system(CONSOLE)
    if charge is not None:
        refund_reserve(charge, amount)
    try:
        refund = Refund.objects.create(
            number=next_number("R", at), key=key, payment=payment, charge=charge, amount=amount,
            settlement=charge.settlement if charge else None, reason=str(_("Refunded in the channel's own console"))[:80],
            requested_at=at, requested_by_service=CONSOLE, status=RefundStatus.UNKNOWN,
            channel_refund_id=channel_refund_id[:64],
        )  # fmt: skip
    except IntegrityError as error:  # the trigger billing_refund_within_payment
        raise errors.RefundTooMuch from error
    REFUND.begin(refund, actor=robot, at=at, reason=console_number)
    given_up = income_account(charge.scene, charge.department_id) if charge else SUSPENSE
    journal_post(key=f"refund-owed:{refund.pk}", at=at, amounts={given_up: amount, PATIENT_MONEY: -amount})
    audit.record(
        robot, "refund.found", at=at, subject=refund, patient_id=charge.patient_id if charge else None,
        reason=console_number,
    )  # fmt: skip
    refund_finish(refund, actor=robot, at=at, success_at=success_at, channel_refund_id=channel_refund_id)
    return refund


def _whose(payment: Payment, charges: list[Charge], amount: int) -> Charge | None:
    """The one bill that this money can only have been for."""
    settled = [row.charge_id for row in payment.settlements.all()]
    left = [charge for charge in charges if charge.pk in settled and charge.refund_reserved < charge.amount]
    if len(left) == 1 and amount <= left[0].amount - left[0].refund_reserved:
        return left[0]
    return None
