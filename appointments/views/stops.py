"""The desk's list of calls: whose clinic was stopped and who hasn't read of it (AP-08)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from appointments import policy, services
from appointments.selectors.stops import stops_to_phone
from hospital.kit import clock
from hospital.kit.access import actor_of, rule


@rule("appointments.stops", policy.DESK_ROLES)
def stops(request: HttpRequest) -> HttpResponse:
    found = stops_to_phone(actor_of(request), at=clock.now())
    return render(request, "appointments/stops.html", {"found": found})


@rule("appointments.stop_called", policy.DESK_ROLES, methods=["POST"], subject="stop_case")
def stop_called(request: HttpRequest, case_id: int) -> HttpResponse:
    reached = request.POST.get("reached") == "1"
    if not services.stop_called(actor=actor_of(request), case_id=case_id, reached=reached, at=clock.now()):
        messages.success(request, _("This patient has read it or chosen meanwhile: no call is needed."))
    return redirect("appointments_staff:stops")
