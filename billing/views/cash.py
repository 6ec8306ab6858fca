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

from .. import errors, selectors
from ..channels.cash import services, shifts
from ..forms import DeskSearch, ShiftBegin, ShiftCount
from ..models import Channel, Payment
from ..states import ShiftStatus
from .pay import _title_of

CASHIERS = {Role.CASHIER}
CHECKERS = {Role.CASHIER, Role.FINANCE}


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


def _context(request: HttpRequest, form: DeskSearch, **more: Any) -> dict[str, Any]:
    context = {
        "form": form,
        "desk": selectors.desk_for(actor_of(request)),
        "begin": ShiftBegin(),
        "count": ShiftCount(),
    }
    return context | more


@rule("billing.shift_begin", CASHIERS, methods=["POST"])
def shift_begin(request: HttpRequest) -> HttpResponse:
    """Open the shift with the change that lies in the drawer."""
    form = ShiftBegin(request.POST)
    if not form.is_valid():
        return render(request, "billing/cash_desk.html", _context(request, DeskSearch(), begin=form), status=422)
    shifts.shift_begin(actor=actor_of(request), float_fen=form.cleaned_data["float_yuan"], at=clock.now())
    return redirect("billing_staff:cash_desk")


@rule("billing.shift_count", CASHIERS, methods=["POST"], subject="own_shift")
def shift_count(request: HttpRequest, shift_id: int) -> HttpResponse:
    """What was counted; equal to the books it closes the shift, else a second person is asked."""
    form = ShiftCount(request.POST)
    actor, problem = actor_of(request), None
    if form.is_valid():
        said = form.cleaned_data
        try:
            shift = shifts.shift_count(
                actor=actor, shift_id=shift_id, counted_cash=said["cash"], counted_card=said["card"],
                reason=said["reason"], at=clock.now(),
            )  # fmt: skip
        except errors.ReasonMissing as missing:
            problem = missing
        else:
            closed = shift.status == ShiftStatus.CLOSED
            messages.success(
                request, _("The shift is closed.") if closed else _("Counted; a second person must check it.")
            )
            return redirect("billing_staff:cash_desk")
    context = _context(request, DeskSearch(), count=form, problem=problem)
    return render(request, "billing/cash_desk.html", context, status=422)


@rule("billing.shifts", CHECKERS)
def shift_list(request: HttpRequest) -> HttpResponse:
    """Counts that wait for a second person."""
    return render(request, "billing/shifts.html", {"desk": selectors.desk_for(actor_of(request))})


@rule("billing.shift_check", CHECKERS, methods=["POST"], subject="counted_shift")
def shift_check(request: HttpRequest, shift_id: int) -> HttpResponse:
    """The second signature under a difference."""
    actor = actor_of(request)
    shifts.shift_check(actor=actor, shift_id=shift_id, at=clock.now())
    messages.success(request, _("The difference is booked and the shift closed."))
    return redirect("billing_staff:cash_desk" if actor.is_any(Role.CASHIER) else "billing_staff:shifts")


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
        payment = _taken(request, patient_id, chosen)
    except NotFound:
        raise
    except Problem as problem:
        return _patient(request, patient_id, problem)
    messages.success(request, _("%(yuan)s yuan taken, receipt %(number)s") % {
        "yuan": format_yuan(payment.amount), "number": payment.transaction_id})  # fmt: skip
    return redirect(reverse("billing_staff:cash_patient", args=[patient_id]))


def _taken(request: HttpRequest, patient_id: int, chosen: list[int]) -> Payment:
    actor, at = actor_of(request), clock.now()
    if request.POST.get("by") != "card":
        return services.cash_take(actor=actor, patient_id=patient_id, charge_ids=chosen, at=at)
    return services.card_take(
        actor=actor, patient_id=patient_id, charge_ids=chosen, slip=request.POST.get("slip", ""),
        terminal=request.POST.get("terminal", ""), at=at, channel=request.POST.get("terminal_channel", Channel.POS),
    )  # fmt: skip


@rule("billing.cash_give_back", CASHIERS, methods=["POST"], subject="cash_refund")
def give_back(request: HttpRequest, refund_id: int) -> HttpResponse:
    refund = services.desk_give_back(
        actor=actor_of(request), refund_id=refund_id, at=clock.now(), slip=request.POST.get("slip", ""),
        terminal=request.POST.get("terminal", ""),
    )  # fmt: skip
    messages.success(request, _("%(yuan)s yuan handed back") % {"yuan": format_yuan(refund.amount)})
    if refund.charge is None:
        return redirect("billing_staff:cash_desk")
    return redirect("billing_staff:cash_patient", patient_id=refund.charge.patient_id)
