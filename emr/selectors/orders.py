"""What patients see of their orders, and what the desk that takes specimens sees of one (E3)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound

from ..models import Order, Orderable, OrderItem, Report, ReportStatus

LAB = "lab"


def orders_for(actor: Actor, *, at: datetime) -> QuerySet[Order]:
    """The orders of everyone whom this account acts for, newest first. Writes a line per patient."""
    with transaction.atomic():
        for patient_id in sorted(actor.patient_ids):
            record(actor, "order.list", at=at, patient_id=patient_id)
    rows = Order.objects.filter(patient_id__in=actor.patient_ids)
    return (
        rows.select_related("patient", "doctor", "department").prefetch_related("items").order_by("-placed_at", "-pk")
    )


def order_for(actor: Actor, order_id: int, *, at: datetime) -> Order:
    """An order of one's own or one's family. Writes the audit line."""
    rows = Order.objects.select_related("patient", "doctor", "department__campus")
    order = rows.filter(pk=order_id).first()
    if order is None or not actor.acts_for(order.patient_id):
        raise NotFound
    with transaction.atomic():
        record(actor, "order.read", at=at, subject=order, patient_id=order.patient_id)
    return order


def released_report_of(order: Order) -> Report | None:
    """The report that answers the order, once the doctor has released it."""
    return Report.objects.filter(order=order, status=ReportStatus.RELEASED).order_by("-released_at").first()


def order_by_number(actor: Actor, number: str, *, at: datetime) -> Order:
    """The laboratory order on a slip, for the desk that takes the specimen. Writes the audit line.

    Whoever holds the slip stands before the desk: it is found by its whole number only, never by a name or in a list.
    """
    rows = Order.objects.select_related("patient", "doctor", "department__campus")
    order = rows.filter(placer_number=number, kind=LAB).first()
    if order is None:
        raise NotFound
    with transaction.atomic():
        record(actor, "order.specimen", at=at, subject=order, patient_id=order.patient_id)
    return order


@dataclass(frozen=True, slots=True)
class Asked:
    """An item of an order, and what must be taken for it."""

    item: OrderItem
    specimen: str


def asked_of(order: Order) -> list[Asked]:
    items = list(order.items.order_by("position"))
    specimens = dict(Orderable.objects.filter(code__in=[item.code for item in items]).values_list("code", "specimen"))
    return [Asked(item, specimens.get(item.code, "")) for item in items]
