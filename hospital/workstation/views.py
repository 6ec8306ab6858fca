"""The workstation's first page and its command bar."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import STAFF

from . import selectors


@rule("workstation.home", STAFF)
def home(request: HttpRequest) -> HttpResponse:
    """My day."""
    return render(request, "workstation/home.html", {"now": clock.now()})


@rule("workstation.command", STAFF)
def command(request: HttpRequest) -> HttpResponse:
    """What the command bar finds: the pages of one's roles and the patients in one's care. A page without htmx."""
    text = request.GET.get("q", "").strip()
    found = selectors.command_find(actor=actor_of(request), text=text)
    htmx = getattr(request, "htmx", False)
    template = "workstation/command_results.html" if htmx else "workstation/command.html"
    return render(request, template, {"found": found, "q": text})
