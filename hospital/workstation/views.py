"""The workstation's first page and its command bar."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import CLINICIANS, STAFF, Role
from hospital.kit.routes import may_open

from . import my_day, selectors, services
from .forms import UNMASK_REASONS, UnmaskForm

EMERGENCY_PAGE = "/staff/emergency/"
SHOWN_SECONDS = 60  # for which a name and numbers in full stay on the screen


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


@rule("workstation.command", STAFF, methods=["GET", "POST"])
def command(request: HttpRequest) -> HttpResponse:
    """What the command bar finds: the pages of one's roles and the patients in one's care. A page without htmx.

    By POST: what is typed may be a name or a number, and those stand in no URL (SEC-13).
    """
    text = request.POST.get("q", "").strip()
    found = selectors.command_find(actor=actor_of(request), text=text, at=clock.now())
    htmx = getattr(request, "htmx", False)
    template = "workstation/command_results.html" if htmx else "workstation/command.html"
    emergency = EMERGENCY_PAGE if may_open(actor_of(request), EMERGENCY_PAGE) else ""
    return render(request, template, {"found": found, "q": text, "emergency": emergency})


@rule("workstation.identity", CLINICIANS, methods=["GET", "POST"], subject="workstation.identity")
def identity(request: HttpRequest, pk: int) -> HttpResponse:
    """The masked identity of a patient in one's care; with a reason, in full for a minute (SEC-09)."""
    actor, at = actor_of(request), clock.now()
    patient = selectors.patient_in_care(actor, pk, at=at)
    form = UnmaskForm(request.POST or None)
    shown: dict[str, object] = {"patient": patient, "form": form, "seconds": SHOWN_SECONDS}
    if request.method == "POST" and form.is_valid():
        reason = str(dict(UNMASK_REASONS)[form.cleaned_data["reason"]])
        shown["full"] = services.identity_show(actor=actor, patient_id=pk, reason=reason, at=at)
    status = 422 if form.errors else 200
    template = "workstation/identity.html" if getattr(request, "htmx", False) else "workstation/identity_page.html"
    return render(request, template, shown, status=status)
