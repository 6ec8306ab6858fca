"""The signatures under a day: the finance office's first, an auditor's second, for closing it and for opening it again (PAY-07)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import Problem

from ..reporting.signatures import days_to_sign
from ..services import closing
from .reports import day_asked

FINANCE, AUDITOR = {Role.FINANCE}, {Role.AUDITOR}


@rule("billing.day_close", FINANCE, methods=["POST"])
def close(request: HttpRequest) -> HttpResponse:
    """The finance office proposes; the day stays open until an auditor signs."""
    day = day_asked(request.POST.get("day"))
    try:
        closing.day_close_propose(actor=actor_of(request), day=day, at=clock.now())
    except Problem as problem:
        if problem.status == 404:
            raise
        messages.error(request, f"{problem.reason} {problem.next_step}")
    return redirect(f"{reverse('billing_staff:finance')}?day={day}")


@rule("billing.day_reopen", FINANCE, methods=["POST"])
def reopen(request: HttpRequest) -> HttpResponse:
    """The finance office asks; the day stays closed until an auditor agrees."""
    day = day_asked(request.POST.get("day"))
    try:
        closing.day_reopen_propose(
            actor=actor_of(request), day=day, reason=request.POST.get("reason", ""), at=clock.now()
        )
    except Problem as problem:
        if problem.status == 404:
            raise
        messages.error(request, f"{problem.reason} {problem.next_step}")
    return redirect(f"{reverse('billing_staff:finance')}?day={day}")


@rule("billing.days", AUDITOR)
def days(request: HttpRequest) -> HttpResponse:
    """What waits for an auditor's signature, with what they sign."""
    return render(request, "billing/days.html", {"waiting": days_to_sign(actor_of(request), at=clock.now())})


@rule("billing.day_sign", AUDITOR, methods=["POST"])
def sign(request: HttpRequest) -> HttpResponse:
    """The second signature: under the closing, or under its opening again."""
    actor, at, day = actor_of(request), clock.now(), day_asked(request.POST.get("day"))
    verb = closing.day_reopen_confirm if request.POST.get("step") == "reopen" else closing.day_close_confirm
    try:
        verb(actor=actor, day=day, at=at)
    except Problem as problem:
        if problem.status == 404:
            raise
        context = {"waiting": days_to_sign(actor, at=at), "problem": problem}
        return render(request, "billing/days.html", context, status=problem.status)
    return redirect("billing_staff:days")
