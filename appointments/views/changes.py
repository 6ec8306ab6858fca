"""Another time for a booking, the choice after a stopped clinic, and the waiting list."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import policy, selectors, services
from appointments.models import Booking, HalfDay
from appointments.selectors.alternatives import other_times, times_instead, waiting_for
from appointments.states import StopCaseStatus
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS
from hospital.kit.problems import Invalid, NotFound, Problem
from hospital.people.selectors import family_links_for


@rule("appointments.visit_move", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="booking")
def visit_move(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Choose another free time with the same doctor; what was paid goes along (AP-05)."""
    at, actor = clock.now(), actor_of(request)
    problem = _moved(request, booking_id, at) if request.method == "POST" else None
    if request.method == "POST" and problem is None:
        return redirect("appointments:visit", booking_id)
    booking = selectors.booking_for(actor, booking_id, at=at)
    if policy.is_stopped(booking):
        return redirect("appointments:visit_stopped", booking_id)  # more doctors, and no hour is too late (AP-08)
    movable = policy.may_move(booking, at)
    return render(
        request,
        "appointments/move.html",
        {
            "booking": booking,
            "movable": movable,
            "periods": other_times(booking, at=at) if movable else [],
            "problem": problem,
        },
        status=problem.status if problem else 200,
    )


def _moved(request: HttpRequest, booking_id: int, at: datetime) -> Problem | None:
    period = request.POST.get("period", "")
    try:
        if not period.isdecimal() or len(period) > 18:
            return Invalid(fields={"period": _("Choose a time.")})
        services.booking_move(actor=actor_of(request), booking_id=booking_id, period_id=int(period), at=at)
    except NotFound:
        raise
    except Problem as problem:
        return problem
    messages.success(request, _("The visit has a new time."))
    return None


@rule("appointments.visit_stopped", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="stopped_booking")
def visit_stopped(request: HttpRequest, booking_id: int) -> HttpResponse:
    """The clinic was stopped: a doctor of the same level, another day, or the money back (AP-08)."""
    at, actor = clock.now(), actor_of(request)
    case = services.stop_read(actor=actor, booking_id=booking_id, at=at)
    if case.status != StopCaseStatus.OPEN:
        return redirect("appointments:visit", booking_id)
    problem = None
    if request.method == "POST":
        if request.POST.get("refund"):
            services.stop_refund(actor=actor, booking_id=booking_id, at=at)
            messages.success(request, _("What was paid goes back the way it came."))
            return redirect("appointments:visit", booking_id)
        problem = _moved(request, booking_id, at)
        if problem is None:
            return redirect("appointments:visit", booking_id)
    booking: Booking = selectors.booking_for(actor, booking_id, at=at)
    return render(
        request,
        "appointments/stopped.html",
        {"booking": booking, "case": case, "periods": times_instead(booking, at=at), "problem": problem},
        status=problem.status if problem else 200,
    )


class WaitingForm(forms.Form):
    patient = forms.TypedChoiceField(label=gettext_lazy("Who is the visit for?"), coerce=int)
    first = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    last = forms.DateField(
        label=gettext_lazy("Until"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    half_day = forms.ChoiceField(
        label=gettext_lazy("Half-day"), required=False, choices=[("", gettext_lazy("any")), *HalfDay.choices]
    )

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", _("This day is before the first one."))
        return data


@rule("appointments.waiting_page", SIGNED_IN_PATIENTS, subject="doctor_waiting")
@rule("appointments.waiting_enter", SIGNED_IN_PATIENTS, methods=["POST"], subject="doctor_waiting")
def doctor_waiting(request: HttpRequest, staff_id: int) -> HttpResponse:
    """ "Tell me when": days, half-day and who it is for."""
    at, actor = clock.now(), actor_of(request)
    found = selectors.doctor_shown(staff_id, at=at)
    if found is None:
        raise NotFound
    today = clock.business_day(at)
    first = {"first": today, "last": today + (selectors.LAST_DAY_SHOWN)}
    form = WaitingForm(request.POST or None, initial=first)
    people = [(link.patient_id, link.patient.name) for link in family_links_for(actor)]
    field = form.fields["patient"]
    assert isinstance(field, forms.TypedChoiceField)
    field.choices = people
    problem, status = None, 200
    if request.method == "POST":
        status = 422
        if request.POST.get("patient") not in {str(patient_id) for patient_id, _name in people}:
            raise NotFound
        if form.is_valid():
            data = form.cleaned_data
            try:
                services.waiting_enter(
                    actor=actor, patient_id=data["patient"], doctor_id=staff_id, first=data["first"],
                    last=data["last"], half_day=data["half_day"], at=at,
                )  # fmt: skip
            except NotFound:
                raise
            except Problem as error:
                problem, status = error, error.status
            else:
                messages.success(request, _("We hold the next place that comes free for you and tell you at once."))
                return redirect("appointments:waiting")
    context = {"doctor": found[0], "form": form, "problem": problem, "people": people}
    return render(request, "appointments/waiting_enter.html", context, status=status)


@rule("appointments.waiting", SIGNED_IN_PATIENTS)
def waiting(request: HttpRequest) -> HttpResponse:
    rows = waiting_for(actor_of(request), at=clock.now())
    return render(request, "appointments/waiting.html", {"rows": rows})


@rule("appointments.waiting_withdraw", SIGNED_IN_PATIENTS, methods=["POST"], subject="waiting")
def waiting_withdraw(request: HttpRequest, waiting_id: int) -> HttpResponse:
    services.waiting_withdraw(actor=actor_of(request), waiting_id=waiting_id, at=clock.now())
    messages.success(request, _("You are no longer waiting for this doctor."))
    return redirect("appointments:waiting")
