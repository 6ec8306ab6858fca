"""The cash desk: money over the counter, by the same verbs and the same ledger as every channel (PAY-09: cash to cash)."""

from collections.abc import Sequence
from datetime import datetime

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.people.errors import CardNotRead
from hospital.people.models import Patient
from hospital.people.services import card_resolve

from ... import errors, policy
from ...models import DESK_CHANNELS, TERMINAL_CHANNELS, Channel, Charge, Payment, PayMethod, Refund
from ...services.payments import Money, pay_order_open, payment_take
from ...services.refunds import refund_finish
from ...states import RefundStatus
from .shifts import entry_write, read_slip, shift_open


@entry
def desk_patient(*, actor: Actor, text: str, at: datetime) -> Patient:
    """The patient of a scanned card, a card number or a medical record number; each look-up leaves an audit line."""
    if not policy.may_take_cash(actor):
        raise NotFound
    patient: Patient | None = Patient.objects.filter(record_no=text.strip()).first()
    if patient is None:
        try:
            patient = card_resolve(text, at=at).patient
        except CardNotRead as problem:
            raise NotFound from problem
    audit.record(actor, "desk.patient_find", at=at, subject=patient, patient_id=patient.pk)
    return patient


@entry
def cash_take(*, actor: Actor, patient_id: int, charge_ids: Sequence[int], at: datetime) -> Payment:
    """Take cash for open charges of one patient: order, payment and settlement are one fact at the desk.

    Raises NotPayable when one of them isn't open any more, so that nobody pays twice at two desks.
    """
    if not policy.may_take_cash(actor):
        raise NotFound
    if Charge.objects.filter(pk__in=charge_ids, patient_id=patient_id).count() != len(set(charge_ids)):
        raise NotFound
    order = pay_order_open(actor=actor, charge_ids=charge_ids, channel=Channel.CASH, method=PayMethod.DESK, at=at)
    money = Money(transaction_id=order.number, amount=order.amount, success_at=at, source="desk")
    payment = payment_take(order_id=order.pk, money=money, at=at, actor=actor)
    entry_write(shift_open(actor=actor, at=at), at=at, payment=payment)
    return payment


@entry
def card_take(
    *,
    actor: Actor,
    patient_id: int,
    charge_ids: Sequence[int],
    slip: str,
    terminal: str,
    at: datetime,
    channel: str = Channel.POS,
) -> Payment:
    """Enter what the bank's terminal has taken, from a card or a wallet of digital yuan: the slip is the proof.

    Its numbers find it in the bank's bill, whichever of the two it was: a slip pays once.

    Raises SlipWrong, SlipUsed, NotPayable.
    """
    if not policy.may_take_cash(actor) or channel not in TERMINAL_CHANNELS:
        raise NotFound
    slip, terminal = read_slip(slip, terminal)
    if Charge.objects.filter(pk__in=charge_ids, patient_id=patient_id).count() != len(set(charge_ids)):
        raise NotFound
    order = pay_order_open(actor=actor, charge_ids=charge_ids, channel=channel, method=PayMethod.DESK, at=at)
    number = f"{clock.business_day(at):%Y%m%d}-{terminal}-{slip}"
    if Payment.objects.filter(channel__in=TERMINAL_CHANNELS, transaction_id=number).exists():
        raise errors.SlipUsed
    money = Money(transaction_id=number, amount=order.amount, success_at=at, source="desk")
    payment = payment_take(order_id=order.pk, money=money, at=at, actor=actor)
    if payment.order_id != order.pk:
        raise errors.SlipUsed
    entry_write(shift_open(actor=actor, at=at), at=at, payment=payment, slip=slip, terminal=terminal)
    return payment


@entry
def desk_give_back(*, actor: Actor, refund_id: int, at: datetime, slip: str = "", terminal: str = "") -> Refund:
    """Hand an approved refund over the counter: cash for cash, or back to card or wallet by the terminal, with its slip."""
    if not policy.may_take_cash(actor):
        raise NotFound
    Charge.objects.select_for_update(no_key=True).filter(refunds__pk=refund_id).first()  # lock: charge, then refund
    rows = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("payment", "charge")
    refund = rows.filter(pk=refund_id, payment__channel__in=DESK_CHANNELS).first()
    if refund is None:
        raise NotFound
    if refund.status != RefundStatus.APPROVED:
        raise errors.NotPaid
    by_card = refund.payment.channel in TERMINAL_CHANNELS
    if by_card:
        slip, terminal = read_slip(slip, terminal)
    refund_finish(refund, actor=actor, at=at, success_at=at, channel_refund_id=slip if by_card else "")
    entry_write(
        shift_open(actor=actor, at=at), at=at, refund=refund, slip=slip if by_card else "",
        terminal=terminal if by_card else "",
    )  # fmt: skip
    audit.record(actor, "refund.cash", at=at, subject=refund)
    return refund
