"""What emr charges through billing: orders and prescriptions. Billing calls these back from its notices."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_noop

from billing.models import Charge
from billing.services import refund_request
from hospital.kit.actor import system
from hospital.kit.problems import Problem
from hospital.kit.transactions import within

from . import kinds
from .models import Order, OrderStatus, Prescription, PrescriptionStatus
from .services import orders, prescriptions

ORDER = "emr.order"
PRESCRIPTION = "emr.prescription"

HOUSE = system("emr.charging")


@within
def order_paid(charge_id: int, at: datetime) -> None:
    """The order may go on; one that was cancelled in the meantime gives the money back."""
    order = orders.locked(Charge.objects.values_list("subject_id", flat=True).get(pk=charge_id))
    if order.status == OrderStatus.PLACED:
        orders.order_paid(order=order, at=at)
    elif order.status == OrderStatus.CANCELLED:
        refund_request(
            actor=HOUSE, charge_id=charge_id, at=at, reason=gettext_noop("cancelled"), key=f"emr.order:{order.pk}"
        )


# Why an order ended with its charge, as the patient reads it.
_ENDED = {"refunded": gettext_noop("refunded"), "expired": gettext_noop("not paid in time")}


@within
def order_ended(charge_id: int, at: datetime) -> None:
    """Refunded in full, or not paid in time: the order is off."""
    charge = Charge.objects.get(pk=charge_id)
    order = orders.locked(charge.subject_id)
    if charge.status in _ENDED and order.status in {
        OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.SCHEDULED
    }:  # fmt: skip
        orders.order_cancel(actor=HOUSE, order_id=order.pk, at=at, reason=_ENDED[charge.status])


def order_page(charge: Charge) -> str:
    """Where the patient goes on who has paid for an order: the page of its kind."""
    order = Order.objects.only("kind").get(pk=charge.subject_id)
    page = kinds.order_kind(order.kind).paid_page
    return page(order.pk) if page else reverse("emr:order", args=[order.pk])


def prescription_page(charge: Charge) -> str:
    return reverse("emr:prescription", args=[charge.subject_id])


def order_doctors(subject_ids: Sequence[int]) -> dict[int, int]:
    """Who ordered what was charged, for the finance analysis."""
    return dict(Order.objects.filter(pk__in=subject_ids).values_list("pk", "doctor_id"))


def prescription_doctors(subject_ids: Sequence[int]) -> dict[int, int]:
    return dict(Prescription.objects.filter(pk__in=subject_ids).values_list("pk", "doctor_id"))


def order_may_refund(charge: Charge, at: datetime) -> bool:
    """PAY-09: not once it was carried out."""
    order = Order.objects.get(pk=charge.subject_id)
    if order.status in {OrderStatus.CANCELLED, OrderStatus.STOPPED}:
        return True
    return _passes(lambda: orders.may_still_cancel(order, at))


def order_used(charge: Charge) -> Mapping[str, int]:
    """PAY-09: what was given of an order that its doctor stopped half-way."""
    kind = Order.objects.values_list("kind", flat=True).get(pk=charge.subject_id)
    used = kinds.order_kind(kind).used
    return used(charge.subject_id) if used else {}


@within
def prescription_paid(charge_id: int, at: datetime) -> None:
    prescription = prescriptions.locked(Charge.objects.values_list("subject_id", flat=True).get(pk=charge_id))
    if prescription.status == PrescriptionStatus.APPROVED:
        prescriptions.prescription_paid(prescription=prescription, at=at)
    elif prescription.status in {PrescriptionStatus.VOID, PrescriptionStatus.EXPIRED}:
        key = f"emr.prescription:{prescription.pk}"
        refund_request(actor=HOUSE, charge_id=charge_id, at=at, reason=gettext_noop("not valid any more"), key=key)


@within
def prescription_ended(charge_id: int, at: datetime) -> None:
    """Refunded in full, or not paid in time (RX-01)."""
    charge = Charge.objects.get(pk=charge_id)
    prescription = prescriptions.locked(charge.subject_id)
    if charge.status == "expired" and prescription.status == PrescriptionStatus.APPROVED:
        prescriptions.prescription_expire(prescription=prescription, at=at)
    elif charge.status == "refunded" and prescription.status == PrescriptionStatus.PAID:
        prescriptions.prescription_void(
            actor=HOUSE, prescription_id=prescription.pk, at=at, reason=gettext_noop("refunded")
        )


def prescription_may_refund(charge: Charge, at: datetime) -> bool:
    """PAY-09: drugs that left the pharmacy don't come back."""
    status = Prescription.objects.values_list("status", flat=True).get(pk=charge.subject_id)
    return status not in {PrescriptionStatus.DISPENSED, PrescriptionStatus.DELIVERED}


def _passes(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except Problem:
        return False
    return True
