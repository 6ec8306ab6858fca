"""The screen in the waiting hall: no hand on it, no login, masked names (A5, SEC-09)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from appointments import selectors
from hospital.kit import clock
from hospital.kit.access import public
from hospital.kit.problems import NotFound
from hospital.organisation.models import Department


@public("appointments.hall", "a screen on the wall has nobody to sign in; names are masked (SEC-09)", subject="hall")
def hall(request: HttpRequest, department_id: int) -> HttpResponse:
    department = Department.objects.select_related("campus").filter(pk=department_id, is_open=True).first()
    if department is None:
        raise NotFound
    at = clock.now()
    template = "appointments/hall_rooms.html" if getattr(request, "htmx", False) else "appointments/hall.html"
    rooms = selectors.hall_rooms(department_id, at=at)
    return render(request, template, {"department": department, "rooms": rooms, "now": at})
