"""The cash desk (tablet or desktop): find the patient, take cash, hand refunds back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.money import format_yuan, total
from hospital.kit.problems import NotFound, Problem
from hospital.people.models import Patient

from .. import selectors
from ..channels.cash import services
from ..forms import DeskSearch
from .pay import _title_of

CASHIERS = {Role.CASHIER}


@rule("billing.cash_desk", CASHIERS)
def desk(request: HttpRequest) -> HttpResponse:
    """The day of this desk, and the search."""
    return render(request, "billing/cash_desk.html", _context(request, DeskSearch()))


@rule("billing.cash_desk_find", CASHIERS, methods=["POST"])
def find(request: HttpRequest) -> HttpResponse:
    """By card: the number travels in the body, never in a URL or a log."""
    form = DeskSearch(request.POST)
    if form.is_valid():
        try:
            patient = services.desk_patient(actor=actor_of(request), text=form.cleaned_data["card"], at=clock.now())
            return redirect("billing_staff:cash_patient", patient_id=patient.pk)
        except NotFound:
            form.add_error("card", _("No patient has this card or number."))
    return render(request, "billing/cash_desk.html", _context(request, form), status=422)


def _context(request: HttpRequest, form: DeskSearch) -> dict[str, Any]:
    taken, given = selectors.desk_today(actor_of(request), at=clock.now())
    return {"form": form, "taken": taken, "given": given, "drawer": taken - given}


@rule("billing.cash_patient", CASHIERS, subject="desk_patient")
def patient_page(request: HttpRequest, patient_id: int) -> HttpResponse:
    return _patient(request, patient_id)


def _patient(request: HttpRequest, patient_id: int, problem: Problem | None = None) -> HttpResponse:
    at = clock.now()
    patient, charges, refunds = selectors.desk_patient_for(actor_of(request), patient_id, at=at)
    context = {
        "patient": patient, "lines": [(charge, _title_of(charge)) for charge in charges], "refunds": refunds,
        "total": total(charge.amount for charge in charges), "problem": problem,
    }  # fmt: skip
    return render(request, "billing/cash_patient.html", context, status=problem.status if problem else 200)


@rule("billing.cash_take", CASHIERS, methods=["POST"], subject="desk_patient_take")
def take(request: HttpRequest, patient_id: int) -> HttpResponse:
    if not Patient.objects.filter(pk=patient_id).exists():
        raise NotFound
    chosen = [int(value) for value in request.POST.getlist("charge") if value.isdigit() and len(value) < 19]
    if not chosen:
        return redirect("billing_staff:cash_patient", patient_id=patient_id)
    try:
        payment = services.cash_take(actor=actor_of(request), patient_id=patient_id, charge_ids=chosen, at=clock.now())
    except NotFound:
        raise
    except Problem as problem:
        return _patient(request, patient_id, problem)
    messages.success(request, _("%(yuan)s yuan taken, receipt %(number)s") % {
        "yuan": format_yuan(payment.amount), "number": payment.transaction_id})  # fmt: skip
    return redirect(reverse("billing_staff:cash_patient", args=[patient_id]))


@rule("billing.cash_give_back", CASHIERS, methods=["POST"], subject="cash_refund")
def give_back(request: HttpRequest, refund_id: int) -> HttpResponse:
    refund = services.cash_give_back(actor=actor_of(request), refund_id=refund_id, at=clock.now())
    messages.success(request, _("%(yuan)s yuan handed back") % {"yuan": format_yuan(refund.amount)})
    if refund.charge is None:
        return redirect("billing_staff:cash_desk")
    return redirect("billing_staff:cash_patient", patient_id=refund.charge.patient_id)
