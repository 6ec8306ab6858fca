"""Money comes in: an order is opened, a payment is stored alone and for good, its consequences follow (T1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from hospital.audit import services as audit
from hospital.kit.actor import Actor, system
from hospital.kit.money import format_yuan, total
from hospital.kit.transactions import entry, within
from hospital.messaging.services import patient_tell

from .. import errors, kinds
from ..channels.base import Split
from ..models import ChannelEvent, Charge, Payment, PaymentSplit, PayOrder, PayOrderCharge, Settlement
from ..numbers import next_number
from ..parameters import ORDER_MINUTES
from ..states import CHARGE, LIVE_ORDER, PAY_ORDER, ChargeStatus, PayOrderStatus
from .invoices import invoice_want
from .ledger import PATIENT_MONEY, Posting, income_account, journals_post, money_accounts
from .notices import notice_post
from .refunds import refund_owed

FIRST_QUESTION = timedelta(seconds=15)  # an order is asked about when its notice had time to come


@dataclass(frozen=True, slots=True)
class Money:
    """What a channel says it took: its own transaction number, fen, its own time."""

    transaction_id: str
    amount: int
    success_at: datetime
    source: str  # notice, query, bill, desk
    split: Split | None = None  # of an insured bill: both halves at once, or nothing is recorded (PAY-12)

    def accounts(self, channel: str) -> dict[str, int]:
        """Where the money is: with the channel, or with the insurer and with the channel of the patient's half."""
        return money_accounts(channel, self.amount, self.split)


@entry
def pay_order_start(*, actor: Actor, charge_ids: Sequence[int], channel: str, method: str, at: datetime) -> PayOrder:
    """pay_order_open as the outermost verb of a page: committed before the channel is called."""
    return pay_order_open(actor=actor, charge_ids=charge_ids, channel=channel, method=method, at=at)


@within
def pay_order_open(
    *,
    actor: Actor,
    charge_ids: Sequence[int],
    channel: str,
    method: str,
    at: datetime,
    campus_id: int | None = None,
) -> PayOrder:
    """Write the intent to pay some open charges by one order; the channel is called after the commit.

    Orders that the same charges have elsewhere are asked to be closed, so that nobody pays twice by two open pages.

    Raises NotPayable when one of them is not open any more or past its time (PAY-11).
    """
    charges = list(Charge.objects.select_for_update(no_key=True).filter(pk__in=charge_ids).order_by("pk"))
    if len(charges) != len(set(charge_ids)) or not charges:
        raise errors.NotPayable
    for charge in charges:
        if charge.status != ChargeStatus.OPEN or (charge.expires_at and charge.expires_at <= at):
            raise errors.NotPayable
    ends = [charge.expires_at for charge in charges if charge.expires_at]
    expires_at = min([*ends, at + timedelta(minutes=ORDER_MINUTES.at(at))])
    others = PayOrder.objects.filter(parts__charge__in=charges, status__in=LIVE_ORDER)
    PayOrder.objects.filter(pk__in=others.values("pk")).update(close_wanted_at=at, next_query_at=at)
    order = PayOrder.objects.create(
        number=next_number("P", at), channel=channel, method=method, amount=total(charge.amount for charge in charges),
        title=_order_title(charges), account_id=None if actor.is_staff else actor.account_id, staff_id=actor.staff_id,
        campus_id=campus_id or charges[0].campus_id, created_at=at, expires_at=expires_at,
        next_query_at=at + FIRST_QUESTION,
    )  # fmt: skip
    PAY_ORDER.begin(order, actor=actor, at=at)
    PayOrderCharge.objects.bulk_create(
        PayOrderCharge(order=order, charge=charge, amount=charge.amount) for charge in charges
    )
    return order


def _order_title(charges: Sequence[Charge]) -> str:
    """What the payer reads at the channel: the kind of bill only, so that the channel learns nothing medical."""
    first = str(kinds.get(charges[0].kind).title)
    return first if len(charges) == 1 else _("%(first)s and %(more)d more") % {"first": first, "more": len(charges) - 1}


# Written out: the line is written once however many bring the same news at once, without a savepoint for those who come second.
_TAKEN = """
INSERT INTO billing_payment (order_id, channel, transaction_id, amount, success_at, recorded_at, source)
VALUES (%(order)s, %(channel)s, %(transaction_id)s, %(amount)s, %(success_at)s, %(at)s, %(source)s)
ON CONFLICT (channel, transaction_id) DO NOTHING RETURNING id
"""


@entry
def payment_record(*, order_id: int, money: Money, at: datetime, heard: ChannelEvent | None = None) -> Payment:
    """Store a payment that a channel has proved, once, and settle what can still be settled (T1, G06).

    What the order was for and is open becomes paid; the rest (paid already, expired, cancelled, an amount that isn't
    the order's) is owed back and a refund is requested in the same transaction. Money is never dropped. `heard` is the notice
    that brought it: kept in the same transaction, unless the money turns out to be another order's.
    """
    payment = payment_take(order_id=order_id, money=money, at=at, actor=system(f"billing.{money.source}"))
    if heard is not None and payment.order_id == order_id:
        ChannelEvent.objects.bulk_create([heard], ignore_conflicts=True)
    return payment


@within
def payment_take(*, order_id: int, money: Money, at: datetime, actor: Actor) -> Payment:
    """payment_record for a caller that has a transaction already (the cash desk)."""
    # With the patient, whose name a receipt needs; with its part of the order, which never changes.
    locked = Charge.objects.select_for_update(no_key=True, of=("self",)).select_related("patient")
    parts = list(locked.filter(order_parts__order=order_id).annotate(part=F("order_parts__amount")).order_by("pk"))
    order = PayOrder.objects.select_for_update(no_key=True).get(pk=order_id)
    payment = _payment_new(order, money, at=at)
    if payment is None:
        return Payment.objects.get(channel=order.channel, transaction_id=money.transaction_id)
    postings = [Posting(f"payment:{payment.pk}", {**money.accounts(order.channel), PATIENT_MONEY: -money.amount})]
    if money.split is not None:
        _split_store(payment, money.split)
    audit.record(actor, "payment.take", at=at, subject=payment)
    first_of_order = order.status != PayOrderStatus.PAID
    if first_of_order:
        PAY_ORDER.move(order, PayOrderStatus.PAID, actor=actor, at=at, ended_at=at, next_query_at=None)
    left = money.amount
    if first_of_order and money.amount == order.amount:
        for charge in parts:
            if charge.status == ChargeStatus.OPEN:
                postings.append(_charge_settle(charge, payment, actor=actor, at=at))
            else:
                refund_owed(payment, charge.part, charge=charge, at=at, reason=_("This bill was settled before"))
            left -= charge.part
    if left:
        refund_owed(payment, left, charge=None, at=at, reason=_("Paid twice or not as ordered"))
    journals_post(postings, at=at)
    return payment


def _payment_new(order: PayOrder, money: Money, *, at: datetime) -> Payment | None:
    """The payment as a new row, or None when this transaction of the channel's is known already (G06)."""
    payment = Payment(
        order=order, channel=order.channel, transaction_id=money.transaction_id, amount=money.amount,
        success_at=money.success_at, recorded_at=at, source=money.source,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, {
            "order": order.pk, "channel": str(order.channel), "transaction_id": money.transaction_id, "amount": money.amount,
            "success_at": money.success_at, "at": at, "source": money.source,
        })  # fmt: skip
        made = cursor.fetchone()
    if made is None:
        return None
    payment.pk = made[0]
    payment._state.adding, payment._state.db = False, connection.alias
    return payment


def _split_store(payment: Payment, split: Split) -> None:
    if flaw := split.flaw(payment.amount):
        raise ValueError(f"payment {payment.pk}: {flaw}")
    PaymentSplit.objects.create(
        payment=payment, insurer=split.insurer, total=split.total, fund=split.fund, personal=split.personal,
        own_cash=split.own_cash, other=split.other, cash_channel=split.cash_channel,
        cash_transaction_id=split.cash_transaction_id, cash_at=split.cash_at,
    )  # fmt: skip


def _charge_settle(charge: Charge, payment: Payment, *, actor: Actor, at: datetime) -> Posting:
    """The charge is paid by this payment: move it, tell the app above afterwards; answers the income to be booked."""
    CHARGE.move(charge, ChargeStatus.PAID, actor=actor, at=at, paid_at=at)
    settlement = Settlement.objects.create(payment=payment, charge=charge, amount=charge.amount, settled_at=at)
    invoice_want(settlement, at=at)
    notice_post("charge.paid", charge, at=at)
    patient_tell(
        key=f"billing.paid:{charge.pk}", patient_id=charge.patient_id, kind="billing.paid", at=at,
        context={"title": str(kinds.get(charge.kind).title), "yuan": format_yuan(charge.amount)},
        url=f"/bills/{charge.number}/",
    )  # fmt: skip
    income = income_account(charge.scene, charge.department_id)
    return Posting(f"settlement:{settlement.pk}", {PATIENT_MONEY: charge.amount, income: -charge.amount})
