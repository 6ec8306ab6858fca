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
    picture = selectors.hall_picture(selectors.hall_rooms(department_id, at=at), at=at)
    return render(request, template, {"department": department, "picture": picture, "now": at})


@public("appointments.room", "a screen at a door has nobody to sign in; names are masked (SEC-09)", subject="hall")
def room(request: HttpRequest, department_id: int) -> HttpResponse:
    """The screen at one door (?name=3诊室): who sits there now, who is called, who comes next."""
    department = Department.objects.select_related("campus").filter(pk=department_id, is_open=True).first()
    if department is None:
        raise NotFound
    at, name = clock.now(), request.GET.get("name", "")[:40]
    rooms = selectors.hall_rooms(department_id, at=at, room=name, shown=3)
    template = "appointments/room_now.html" if getattr(request, "htmx", False) else "appointments/room.html"
    return render(
        request, template, {"department": department, "name": name, "room": rooms[0] if rooms else None, "now": at}
    )
