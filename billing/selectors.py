"""Reads of billing."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum

from hospital.audit import services as audit
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound

from . import errors, policy
from .models import Charge, ChargeLine, PayOrder, PriceItem, RefundLine
from .states import LIVE_ORDER, LIVE_REFUND, ChargeStatus, RefundStatus


def price_at(code: str, *, at: datetime, campus_id: int | None = None) -> PriceItem:
    """The price that holds at an instant: the campus's own before the hospital's (PAY-16). Raises NoPrice."""
    item = prices_at(at, campus_id).filter(code=code).order_by(F("campus_id").asc(nulls_last=True)).first()
    if item is None:
        raise errors.NoPrice(code=code)
    return item


def prices_at(at: datetime, campus_id: int | None = None) -> QuerySet[PriceItem]:
    """All prices that hold at an instant, of the hospital and of one campus."""
    return PriceItem.objects.filter(
        Q(effective_to=None) | Q(effective_to__gt=at), Q(campus=None) | Q(campus_id=campus_id), effective_from__lte=at
    )


def charge_is_paid(charge_id: int) -> bool:
    """Paid and not promised back in full: the gate before a service is given."""
    return Charge.objects.filter(
        Q(refund_reserved__lt=F("amount")) | Q(amount=0),
        pk=charge_id,
        status__in=[ChargeStatus.PAID, ChargeStatus.PART_REFUNDED],
    ).exists()


def charge_of(kind: str, subject_id: int) -> Charge | None:
    """The latest charge of something in an app above."""
    return Charge.objects.filter(kind=kind, subject_id=subject_id).order_by("-pk").first()


def charges_of(kind: str, subject_ids: Iterable[int]) -> dict[int, Charge]:
    """The latest charge of each of several things of one kind, in one query."""
    return {
        charge.subject_id: charge
        for charge in Charge.objects.filter(kind=kind, subject_id__in=list(subject_ids)).order_by("pk")
    }


def open_charges_for(actor: Actor, *, at: datetime) -> QuerySet[Charge]:
    """Everything owed by the patients that this account acts for, soonest to expire first."""
    return (
        Charge.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), patient_id__in=actor.patient_ids)
        .filter(status=ChargeStatus.OPEN)
        .order_by(F("expires_at").asc(nulls_last=True), "pk")
    )


def prices_search(text: str, category: str, *, at: datetime) -> QuerySet[PriceItem]:
    """Today's prices whose name, pinyin, initials or code contain the words, in the order of the receipt."""
    found = prices_at(at).select_related("campus")
    if category:
        found = found.filter(category=category)
    for word in text.split()[:5]:
        found = found.filter(
            Q(name__icontains=word)
            | Q(pinyin__icontains=word)
            | Q(initials__icontains=word)
            | Q(code__istartswith=word)
        )
    return found.order_by("category", "code", "pk")


def charges_to_pay(actor: Actor, charge_ids: list[int] | None, *, at: datetime) -> list[Charge]:
    """What the cashier page shows: everything owed, or the charges asked for. Raises NotFound for someone else's."""
    if charge_ids is None:
        rows = open_charges_for(actor, at=at)
    else:
        rows = Charge.objects.filter(pk__in=charge_ids, patient_id__in=actor.patient_ids).order_by("pk")
        if rows.count() != len(charge_ids):
            raise NotFound
    return list(rows.select_related("patient").prefetch_related("lines"))


def order_for(actor: Actor, number: str) -> PayOrder:
    """One's own order at a channel, with what it is for. Raises NotFound for someone else's."""
    rows = PayOrder.objects.prefetch_related("parts__charge__patient", "parts__charge__lines")
    order = rows.filter(number=number).first()
    if order is None or not policy.may_see_order(actor, order):
        raise NotFound
    return order


def live_order_of(charge_ids: list[int], method: str, actor: Actor, *, at: datetime) -> PayOrder | None:
    """An order that one opened for exactly these charges in this way and that can still be paid."""
    if actor.account_id is None:
        return None
    rows = PayOrder.objects.filter(
        account_id=actor.account_id, method=method, status__in=LIVE_ORDER, close_wanted_at=None, expires_at__gt=at,
        parts__charge__in=charge_ids,
    ).prefetch_related("parts")  # fmt: skip
    for order in rows.distinct():
        if sorted(part.charge_id for part in order.parts.all()) == sorted(charge_ids):
            return order
    return None


def bills_for(actor: Actor) -> QuerySet[Charge]:
    """The bills of the patients that one acts for, newest first."""
    return (
        Charge.objects.filter(patient_id__in=actor.patient_ids)
        .select_related("patient")
        .prefetch_related("lines", "refunds")
        .order_by("-created_at", "-pk")
    )


def bill_for(actor: Actor, number: str, *, at: datetime) -> Charge:
    """One bill with everything about it; leaves an audit line. Raises NotFound for someone else's."""
    rows = Charge.objects.select_related("patient", "settlement__payment__order", "campus", "department")
    charge = rows.prefetch_related("lines", "refunds").filter(number=number).first()
    if charge is None or not policy.may_see_charge(actor, charge):
        raise NotFound
    with transaction.atomic():
        audit.record(actor, "bill.read", at=at, subject=charge, patient_id=charge.patient_id)
    return charge


def paid_quantity(charge_id: int, item_code: str) -> int:
    """How many of an item are paid for and not promised back: what may still be given (TR-01, the second fee check)."""
    if not charge_is_paid(charge_id):
        return 0
    lines = ChargeLine.objects.filter(charge_id=charge_id, code=item_code)
    bought = lines.aggregate(n=Sum("quantity"))["n"] or 0
    live = [*LIVE_REFUND, RefundStatus.SUCCEEDED]
    returned = RefundLine.objects.filter(line__in=lines, refund__status__in=live).aggregate(n=Sum("quantity"))["n"] or 0
    return int(bought - returned)
