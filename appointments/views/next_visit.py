"""From the visit: the next one, in the doctor's own clinic."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

import emr.selectors
from appointments import services
from appointments.models import Booking, Channel
from appointments.selectors.desk import session_choices
from appointments.states import BookingStatus
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import NotFound, Problem

_STANDS = [BookingStatus.HELD, BookingStatus.BOOKED]


@rule("appointments.next_visit", {Role.DOCTOR}, subject="next_visit")
@rule("appointments.next_visit_book", {Role.DOCTOR}, methods=["POST"], subject="next_visit")
def next_visit(request: HttpRequest, encounter_id: int) -> HttpResponse:
    """The doctor's own clinics with what is free, the room's places included; where all is full, an extra place."""
    actor, at = actor_of(request), clock.now()
    encounter = emr.selectors.encounter_for(actor, encounter_id, at=at)
    session, problem = request.POST.get("session", ""), None
    if request.method == "POST":
        try:
            booking = _book(request, encounter.patient_id, session)
        except NotFound:
            raise
        except Problem as refusal:
            problem = refusal
        else:
            held = booking.status == BookingStatus.HELD
            messages.success(
                request,
                _("Held; the patient has a message and pays on the phone.")
                if held
                else _("Booked; the patient is told."),
            )
            return redirect("appointments_staff:next_visit", encounter_id)
    standing = Booking.objects.filter(
        patient_id=encounter.patient_id, doctor_id=actor.own_staff_id, status__in=_STANDS, during__startswith__gt=at
    )
    choices = session_choices(actor, [actor.own_staff_id], Channel.DOCTOR, at=at)
    today = clock.business_day(at)  # who is here today comes next on another day, unless the doctor says otherwise
    context = {
        "first": next((one for one in choices if one.periods and one.session.date > today), choices[0] if choices else None),
        "any_full": any(not one.periods for one in choices),
        "encounter": encounter, "problem": problem, "chosen": session, "extra": request.POST.get("extra", ""),
        "choices": choices,
        "standing": standing.select_related("session", "department").order_by("during"),
    }  # fmt: skip
    return render(request, "appointments/next_visit.html", context, status=problem.status if problem else 200)


def _book(request: HttpRequest, patient_id: int, session: str) -> Booking:
    number = request.POST.get(f"period-{session}", "")
    if not number.isdecimal() or len(number) > 18:
        raise NotFound
    return services.next_visit_hold(
        actor=actor_of(request), patient_id=patient_id, period_id=int(number), at=clock.now(),
        extra=request.POST.get("extra") == session, because=request.POST.get("because", ""),
    )  # fmt: skip
