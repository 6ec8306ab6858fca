"""What was ordered for a patient, on the phone; and the desk that takes specimens."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS, Role
from hospital.kit.problems import NotFound, Problem
from hospital.kit.reasons import in_words
from hospital.kit.transactions import entry
from hospital.people.card import barcode_data_uri

from .. import kinds, selectors, services
from ..forms import words
from ..models import Order, OrderStatus
from ..words import ORDER_TONES

TAKERS = frozenset({Role.NURSE, Role.TECHNICIAN})


@rule("emr.patient_orders", PATIENTS)
def orders(request: HttpRequest) -> HttpResponse:
    rows = selectors.orders_for(actor_of(request), at=clock.now())
    page = Paginator(rows, 20).get_page(request.GET.get("page"))
    cards = [(row, ORDER_TONES[OrderStatus(row.status)], kinds.order_kind(row.kind).title) for row in page]
    several = len(actor_of(request).patient_ids) > 1
    return render(request, "emr/orders.html", {"page": page, "cards": cards, "several": several})


@rule("emr.patient_order", PATIENTS, subject="emr.patient_order")
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """One order: what, how to prepare, where, whether it is paid, how far it is, and its slip."""
    found = selectors.order_for(actor_of(request), pk, at=clock.now())
    kind = kinds.order_kind(found.kind)
    live = found.status not in {OrderStatus.CANCELLED, OrderStatus.STOPPED}
    context: dict[str, Any] = {
        "order": found, "asked": selectors.asked_of(found), "tone": ORDER_TONES[OrderStatus(found.status)],
        "kind": kind.title, "stations": _stations(found), "report": selectors.released_report_of(found),
        "may_pay": found.status == OrderStatus.PLACED and found.charge_id is not None,
        "onward": kind.paid_page(found.pk) if live and found.paid_at and kind.paid_page else "",
        "barcode": barcode_data_uri(found.placer_number)
        if found.status in {OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.SCHEDULED} else "",
    }  # fmt: skip
    return render(request, "emr/order.html", context)


def _stations(found: Order) -> list[dict[str, Any]]:
    """The closed loop as a timeline."""
    over = found.status in {OrderStatus.CANCELLED, OrderStatus.STOPPED}
    path: list[tuple[str, datetime | None]] = [
        (_("Ordered by the doctor"), found.placed_at), (_("Paid"), found.paid_at), (_("Begun"), found.collected_at),
    ]  # fmt: skip
    if found.kind in {"lab", "imaging"}:
        path.append((_("Report written"), found.reported_at))
    stations: list[dict[str, Any]] = []
    reached = max((number for number, (_title, at) in enumerate(path) if at), default=0)
    for number, (title, at) in enumerate(path):
        if at is None and over:
            break
        state = "done" if number <= reached else "now" if number == reached + 1 else "todo"
        stations.append({"title": title, "at": at, "state": state})
    if over:
        stations.append(
            {
                "title": found.get_status_display(),
                "at": found.ended_at,
                "state": "danger",
                "text": in_words(found.end_reason),
            }
        )
    return stations


@rule("emr.specimens", TAKERS)
def specimens(request: HttpRequest) -> HttpResponse:
    """Scan the slip: who it is, what to take; nothing before it is paid."""
    return _desk(request, words(request.GET, "number")[:24])


def _desk(request: HttpRequest, number: str, problem: Problem | None = None) -> HttpResponse:
    found, unknown, at = None, False, clock.now()
    if number:
        try:
            found = selectors.order_by_number(actor_of(request), number, at=at)
        except NotFound:
            unknown = True
    context: dict[str, Any] = {
        "number": number, "order": found, "unknown": unknown, "problem": problem,
        "asked": selectors.asked_of(found) if found else [],
        "age": selectors.age_on(found.patient.birth_date, at) if found else 0,
        "tone": ORDER_TONES[OrderStatus(found.status)] if found else "",
        "may_take": found is not None and found.status in {OrderStatus.PAID, OrderStatus.SCHEDULED},
    }  # fmt: skip
    status = problem.status if problem else 404 if unknown else 200
    return render(request, "emr/specimens.html", context, status=status)


@rule("emr.specimen_take", TAKERS, methods=["POST"], subject="emr.specimen")
def specimen_take(request: HttpRequest, pk: int) -> HttpResponse:
    """The specimen is in the tube."""
    found = Order.objects.filter(pk=pk, kind=selectors.LAB).first()
    if found is None:
        raise NotFound
    try:
        entry(services.specimen_take)(actor=actor_of(request), order_id=pk, at=clock.now())
    except NotFound:
        raise
    except Problem as problem:
        return _desk(request, found.placer_number, problem)
    messages.success(request, _("Taken. Stick the label on before the next patient comes."))
    return redirect(f"{reverse('emr_staff:specimens')}?number={found.placer_number}")
