"""Opening a record in an emergency, and the judgement of it (SEC-10)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import Problem, add_to_form
from hospital.organisation.selectors import cares_for
from hospital.people.models import Patient
from hospital.people.services import second_factor_prove

from . import emergency, services
from .forms import NumberForm, OpenForm, ReviewForm
from .parameters import EMERGENCY_HOURS
from .selectors import PATIENT_PAGE, age_on

DOCTORS = frozenset({Role.DOCTOR})
JUDGES = frozenset({Role.HEAD, Role.AUDITOR})


def _page(request: HttpRequest, status: int = 200, **shown: Any) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    shown.setdefault("form", NumberForm())
    shown |= {"own": emergency.own_openings(actor, at=at), "hours": EMERGENCY_HOURS.at(at)}
    return render(request, "workstation/emergency.html", shown, status=status)


@rule("workstation.emergency", DOCTORS, methods=["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Find somebody outside one's care by a whole number; by POST, so that no number stands in a URL (SEC-13)."""
    if request.method == "GET":
        return _page(request)
    form = NumberForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, form=form)
    actor, at = actor_of(request), clock.now()
    try:
        found = services.emergency_search(actor=actor, text=form.cleaned_data["text"], at=at)
    except Problem as problem:
        add_to_form(form, problem)
        return _page(request, problem.status, form=form)
    if len(found) == 1 and not cares_for(actor, found[0].pk, at=at):
        return _ask(request, found[0])
    rows = [
        {
            "patient": patient,
            "age": age_on(patient.birth_date, clock.business_day(at)),
            "token": services.found_token(actor, patient),
            "url": PATIENT_PAGE.format(id=patient.pk) if cares_for(actor, patient.pk, at=at) else "",
        }
        for patient in found
    ]
    return _page(request, rows=rows)


@rule("workstation.emergency_choose", DOCTORS, methods=["POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """One of several people with the same number."""
    return _ask(request, services.found_patient(actor_of(request), request.POST.get("found", "")))


def _ask(request: HttpRequest, patient: Patient, form: OpenForm | None = None, status: int = 200) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    shown = {
        "patient": patient, "age": age_on(patient.birth_date, clock.business_day(at)), "hours": EMERGENCY_HOURS.at(at),
        "form": form or OpenForm(initial={"found": services.found_token(actor, patient)}),
    }  # fmt: skip
    return render(request, "workstation/emergency_open.html", shown, status=status)


@rule("workstation.emergency_open", DOCTORS, methods=["POST"])
def open_record(request: HttpRequest) -> HttpResponse:
    """The reason, the second factor once more, then the record."""
    actor, at = actor_of(request), clock.now()
    patient = services.found_patient(actor, request.POST.get("found", ""))
    form = OpenForm(request.POST)
    if not form.is_valid():
        return _ask(request, patient, form, 422)
    try:
        second_factor_prove(actor=actor, account_id=actor.own_account_id, token=form.cleaned_data["token"], at=at)
        services.emergency_open(
            actor=actor, patient_id=patient.pk, reason=form.cleaned_data["reason"], words=form.cleaned_data["words"],
            at=at,
        )  # fmt: skip
    except Problem as problem:
        add_to_form(form, problem)
        return _ask(request, patient, form, problem.status)
    messages.warning(request, _("The record is open for you for a short time. The patient and your head are told."))
    return redirect(PATIENT_PAGE.format(id=patient.pk))


@rule("workstation.emergency_reviews", JUDGES)
def reviews(request: HttpRequest) -> HttpResponse:
    """What waits to be judged, then what was."""
    at = clock.now()
    rows = emergency.openings_for(actor_of(request), at=at)
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    return render(request, "workstation/emergency_reviews.html", {"page": page, "at": at})


@rule("workstation.emergency_review", JUDGES, methods=["GET", "POST"], subject="workstation.emergency")
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One opening: who, why, and what was read; then the judgement."""
    actor, at = actor_of(request), clock.now()
    form = ReviewForm(request.POST or None)
    status = 200
    if request.method == "POST":
        emergency.emergency_to_judge(actor, pk, at=at)
        status = 422
        if form.is_valid():
            asked = form.cleaned_data
            try:
                services.emergency_review(
                    actor=actor, access_id=pk, outcome=asked["outcome"], words=asked["words"], at=at
                )
                messages.success(request, _("Judged."))
                return redirect("workstation_staff:emergency_reviews")
            except Problem as problem:
                add_to_form(form, problem)
                status = problem.status
    shown = {"opening": emergency.opening_for(actor, pk, at=at), "form": form}
    return render(request, "workstation/emergency_review.html", shown, status=status)
