"""The workstation's first page and its command bar."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import STAFF, Role

from . import my_day, selectors


@rule("workstation.home", STAFF)
def home(request: HttpRequest) -> HttpResponse:
    """My day."""
    actor, now = actor_of(request), clock.now()
    context = {
        "now": now,
        "tiles": my_day.tiles_for(actor, at=now),
        "sees_patients": actor.is_any(Role.DOCTOR),
        "bookings": my_day.bookings_of_today(actor, at=now),
    }
    return render(request, "workstation/home.html", context)


@rule("workstation.command", STAFF)
def command(request: HttpRequest) -> HttpResponse:
    """What the command bar finds: the pages of one's roles and the patients in one's care. A page without htmx."""
    text = request.GET.get("q", "").strip()
    found = selectors.command_find(actor=actor_of(request), text=text, at=clock.now())
    htmx = getattr(request, "htmx", False)
    template = "workstation/command_results.html" if htmx else "workstation/command.html"
    return render(request, template, {"found": found, "q": text})
