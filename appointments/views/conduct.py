"""Missed visits: the patient's appeal, and the head's answer (AP-06)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from appointments import selectors, services
from appointments.models import Absence
from appointments.selectors.conduct import appeals_for
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Role
from hospital.kit.problems import NotFound, Problem


@rule("appointments.visit_appeal", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="missed_booking")
def visit_appeal(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Why the visit was missed, in the patient's words; what came of it."""
    at, actor = clock.now(), actor_of(request)
    booking = selectors.booking_for(actor, booking_id, at=at)
    absence = Absence.objects.filter(booking=booking).first()
    if absence is None:
        raise NotFound
    problem = None
    if request.method == "POST":
        try:
            services.absence_appeal(actor=actor, booking_id=booking_id, reason=request.POST.get("reason", ""), at=at)
        except Problem as error:
            problem = error
        else:
            messages.success(request, _("Your appeal is with the department; you find the answer here."))
            return redirect("appointments:visit_appeal", booking_id)
    context = {"booking": booking, "absence": absence, "problem": problem}
    return render(request, "appointments/appeal.html", context, status=problem.status if problem else 200)


@rule("appointments.appeals", {Role.HEAD})
def appeals(request: HttpRequest) -> HttpResponse:
    """Appeals of the head's own department, oldest first."""
    rows = appeals_for(actor_of(request), at=clock.now())
    return render(request, "appointments/appeals.html", {"rows": rows})


@rule("appointments.appeal_decide", {Role.HEAD}, methods=["POST"], subject="absence")
def appeal_decide(request: HttpRequest, absence_id: int) -> HttpResponse:
    try:
        services.appeal_decide(
            actor=actor_of(request), absence_id=absence_id, excuse=request.POST.get("excuse") == "1",
            answer=request.POST.get("answer", ""), at=clock.now(),
        )  # fmt: skip
    except NotFound:
        raise
    except Problem as problem:  # no answer written, or a colleague was first
        messages.warning(request, f"{problem.reason} {problem.next_step}")
    else:
        messages.success(request, _("Decided; the patient is told."))
    return redirect("appointments_staff:appeals")
