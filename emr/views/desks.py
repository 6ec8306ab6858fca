"""Desks: results to sign off, the pharmacy, patients in care, requests to amend."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import NotFound, Problem, add_to_form
from hospital.kit.transactions import entry

from .. import drug_checks, proof, selectors, services
from ..forms import HandledForm, ProblemForm, ReleaseForm, ReviewForm, SendForm
from ..models import Allergy, CriticalAlert, NoteStatus, PrescriptionStatus, ProblemStatus, ReportStatus
from ..services.dispensing import MATCH_GROUPS, MATCHES
from ..words import REPORT_TONES
from .note import DOCTORS, READERS

PHARMACISTS = frozenset({Role.PHARMACIST})
RECORDS = frozenset({Role.RECORDS})


# --- results ------------------------------------------------------------------------------------------------


@rule("emr.results", DOCTORS)
def results(request: HttpRequest) -> HttpResponse:
    """What waits for this doctor's signature."""
    rows = selectors.reports_waiting(actor_of(request), at=clock.now())
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    return render(request, "emr/results.html", {"page": page})


@rule("emr.result", READERS - {Role.PHARMACIST}, subject="emr.result")
def result(request: HttpRequest, pk: int) -> HttpResponse:
    return _result_page(request, pk, ReleaseForm(), HandledForm())


def _result_page(
    request: HttpRequest, pk: int, release_form: ReleaseForm, handled_form: HandledForm, status: int = 200
) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    report = selectors.report_for_doctor(actor, pk, at=at)
    alerts = CriticalAlert.objects.filter(observation__report=report).select_related("observation", "acknowledged_by")
    context: dict[str, Any] = {
        "report": report, "patient": report.patient, "lines": selectors.report_lines(report, released_only=False),
        "tone": REPORT_TONES[ReportStatus(report.status)], "alerts": alerts, "release_form": release_form,
        "open_alerts": [alert for alert in alerts if alert.acknowledged_at is None], "handled_form": handled_form,
        "may_release": actor.is_any(Role.DOCTOR)
        and report.status in {ReportStatus.RECEIVED, ReportStatus.REVIEWED},
        "record": selectors.record_for(actor, report.patient_id, "result", at=at), "fresh": proof.is_fresh(request),
    }  # fmt: skip
    return render(request, "emr/result.html", context, status=status)


@rule("emr.result_release", DOCTORS, methods=["POST"], subject="emr.result")
def release(request: HttpRequest, pk: int) -> HttpResponse:
    form = ReleaseForm(request.POST)
    if form.is_valid():
        try:
            proof.require_fresh(request)
            entry(services.report_release)(
                actor=actor_of(request), report_id=pk, at=clock.now(), comment=form.cleaned_data["comment"]
            )
        except Problem as problem:
            if problem.status == 404:
                raise
            add_to_form(form, problem)
            return _result_page(request, pk, form, HandledForm(), status=problem.status)
        messages.success(request, _("Released; the patient has been told."))
        return redirect("emr_staff:results")
    return _result_page(request, pk, form, HandledForm(), status=422)


@rule("emr.result_acknowledge", DOCTORS, methods=["POST"], subject="emr.result")
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a critical value."""
    form = HandledForm(request.POST)
    if not form.is_valid():
        return _result_page(request, pk, ReleaseForm(), form, status=422)
    entry(services.critical_acknowledge)(
        actor=actor_of(request), report_id=pk, handled=form.cleaned_data["handled"], at=clock.now()
    )
    messages.success(request, _("Noted."))
    return redirect("emr_staff:result", pk)


@rule("emr.result_review", DOCTORS, methods=["POST"], subject="emr.result")
def review_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Seen, but kept back to be told in person."""
    entry(services.report_review)(actor=actor_of(request), report_id=pk, at=clock.now())
    messages.success(request, _("Marked as seen; the patient doesn't see it yet."))
    return redirect("emr_staff:results")


# --- pharmacy -----------------------------------------------------------------------------------------------


@rule("emr.pharmacy", PHARMACISTS)
def pharmacy(request: HttpRequest) -> HttpResponse:
    """The queue: to review, to dispense, to hand over or send; the oldest first."""
    actor, at = actor_of(request), clock.now()
    rows = list(selectors.prescriptions_for_pharmacist(actor, at=at)[:200])
    groups = {
        "review": [row for row in rows if row.status in {PrescriptionStatus.SIGNED, PrescriptionStatus.REVIEWING}],
        "dispense": [row for row in rows if row.status == PrescriptionStatus.PAID],
        "hand_over": [row for row in rows if row.status == PrescriptionStatus.DISPENSED],
    }
    waiting = [
        (row, int((at - row.signed_at).total_seconds() // 60) if row.signed_at else 0) for row in groups["review"]
    ]
    return render(request, "emr/pharmacy.html", {"waiting": waiting, "me": actor.staff_id, **groups})


@rule("emr.pharmacy_one", PHARMACISTS, subject="emr.pharmacy")
def pharmacy_one(request: HttpRequest, pk: int) -> HttpResponse:
    return _pharmacy_page(request, pk, ReviewForm(), SendForm())


def _pharmacy_page(
    request: HttpRequest, pk: int, form: ReviewForm, send_form: SendForm, problem: Problem | None = None
) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    found = selectors.prescription_for_pharmacist(actor, pk, at=at)
    status = problem.status if problem else 422 if form.errors or send_form.errors else 200
    context: dict[str, Any] = {
        "prescription": found, "patient": found.patient, "form": form, "send_form": send_form, "problem": problem,
        "age": selectors.age_on(found.patient.birth_date, at),
        "lines": found.lines.select_related("drug").order_by("position"),
        "diagnoses": selectors.encounter_diagnoses(found.encounter),
        "allergies": Allergy.objects.filter(patient=found.patient, resolved_at=None),
        "active": drug_checks.active_lines(found.patient_id, at=at, besides=found),
        "measured": selectors.latest_results(found.patient_id),
        "reviews": found.reviews.select_related("reviewer").order_by("-at"),
        "mine": found.status == PrescriptionStatus.REVIEWING and found.reviewer_id == actor.staff_id,
        "may_take": found.status == PrescriptionStatus.SIGNED and found.doctor_id != actor.staff_id,
        "may_dispense": found.status == PrescriptionStatus.PAID,
        "matches": [
            (words, [(name, label) for group, name, label in MATCHES if group == key])
            for key, words in MATCH_GROUPS.items()
        ],
        "ticked": request.POST.getlist("match"), "delivery": getattr(found, "delivery", None),
        "fresh": proof.is_fresh(request),
    }  # fmt: skip
    return render(request, "emr/pharmacy_one.html", context, status=status)


@rule("emr.pharmacy_take", PHARMACISTS, methods=["POST"], subject="emr.pharmacy")
def take(request: HttpRequest, pk: int) -> HttpResponse:
    entry(services.prescription_take)(actor=actor_of(request), prescription_id=pk, at=clock.now())
    return redirect("emr_staff:pharmacy_one", pk)


@rule("emr.pharmacy_review", PHARMACISTS, methods=["POST"], subject="emr.pharmacy")
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Pass, return or refuse; then the next one."""
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _pharmacy_page(request, pk, form, SendForm())
    given = form.cleaned_data
    try:
        proof.require_fresh(request)
        entry(services.prescription_review)(
            actor=actor_of(request), prescription_id=pk, outcome=given["outcome"], findings=given["findings"],
            comment=given["comment"], at=clock.now(),
        )  # fmt: skip
    except Problem as problem:
        if problem.status == 404:
            raise
        return _pharmacy_page(request, pk, form, SendForm(), problem)
    messages.success(request, _("Decided."))
    return redirect("emr_staff:pharmacy")


@rule("emr.pharmacy_dispense", PHARMACISTS, methods=["POST"], subject="emr.pharmacy")
def dispense(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        entry(services.prescription_dispense)(
            actor=actor_of(request), prescription_id=pk, matches=request.POST.getlist("match"), at=clock.now()
        )
    except Problem as problem:
        if problem.status == 404:
            raise
        return _pharmacy_page(request, pk, ReviewForm(), SendForm(), problem)
    messages.success(request, _("Dispensed; the patient has been told."))
    return redirect("emr_staff:pharmacy_one", pk)


@rule("emr.pharmacy_send", PHARMACISTS, methods=["POST"], subject="emr.pharmacy")
def send(request: HttpRequest, pk: int) -> HttpResponse:
    form = SendForm(request.POST)
    if not form.is_valid():
        return _pharmacy_page(request, pk, ReviewForm(), form)
    entry(services.delivery_send)(
        actor=actor_of(request), prescription_id=pk, courier=form.cleaned_data["courier"],
        tracking_no=form.cleaned_data["tracking_no"], at=clock.now(),
    )  # fmt: skip
    return redirect("emr_staff:pharmacy_one", pk)


@rule("emr.pharmacy_hand_over", PHARMACISTS, methods=["POST"], subject="emr.pharmacy")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """The patient stands at the window and has the drugs."""
    entry(services.delivery_arrive)(actor=actor_of(request), prescription_id=pk, at=clock.now())
    messages.success(request, _("Handed over."))
    return redirect("emr_staff:pharmacy")


# --- patients -----------------------------------------------------------------------------------------------


@rule("emr.patients", READERS)
def patients(request: HttpRequest) -> HttpResponse:
    """The patients in one's care."""
    return render(request, "emr/patients.html", {"rows": selectors.patients_for(actor_of(request), at=clock.now())})


@rule("emr.patient", READERS, subject="emr.patient")
def patient(request: HttpRequest, pk: int) -> HttpResponse:
    found = selectors.record_for(actor_of(request), pk, "patient page", at=clock.now())
    return render(request, "emr/patient.html", {"record": found, "patient": found.patient})


@rule("emr.patient_360", READERS, subject="emr.patient")
def patient_360(request: HttpRequest, pk: int) -> HttpResponse:
    """The 360 view as a fragment, for the right side of any page."""
    found = selectors.record_for(actor_of(request), pk, "360 view", at=clock.now())
    return render(request, "emr/record_360.html", {"record": found, "patient": found.patient})


@rule("emr.problem", DOCTORS, methods=["POST"], subject="emr.problem")
def problem(request: HttpRequest, pk: int) -> HttpResponse:
    """A line of the problem list is over, or is back. The 360 view where it was pressed, else the patient's page."""
    actor, at = actor_of(request), clock.now()
    form = ProblemForm(request.POST)
    if not form.is_valid():
        raise NotFound
    verb = {ProblemStatus.ACTIVE: services.problem_reopen, ProblemStatus.RESOLVED: services.problem_resolve}[
        ProblemStatus(form.cleaned_data["status"])
    ]
    entry(verb)(actor=actor, patient_id=pk, problem_id=form.cleaned_data["problem"], at=at)
    if "HX-Request" in request.headers:
        return patient_360(request, pk)
    return redirect("emr_staff:patient", pk)


# --- amendments ---------------------------------------------------------------------------------------------


@rule("emr.amendments", RECORDS)
def amendments(request: HttpRequest) -> HttpResponse:
    rows = selectors.amendments_waiting(actor_of(request), at=clock.now())
    return render(request, "emr/amendments.html", {"rows": rows, "archived": NoteStatus.ARCHIVED})


@rule("emr.amendment_decide", RECORDS, methods=["POST"], subject="emr.amendment")
def amendment_decide(request: HttpRequest, pk: int) -> HttpResponse:
    entry(services.amendment_decide)(
        actor=actor_of(request), request_id=pk, approve=request.POST.get("decision") == "approve", at=clock.now()
    )
    messages.success(request, _("Decided."))
    return redirect("emr_staff:amendments")
