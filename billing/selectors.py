"""Reads of billing."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q, QuerySet

from hospital.kit.actor import Actor

from . import errors
from .models import Charge, PriceItem
from .states import ChargeStatus


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
