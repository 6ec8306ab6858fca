"""Check-in at the desk: scan the visit card, the patient is in the queue (AP-10)."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from appointments import errors, policy, selectors, services
from appointments.models import Booking
from appointments.states import BookingStatus
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.problems import NotFound, Problem


class ScanForm(forms.Form):
    """What a scanner types: the code of the visit card and Enter."""

    code = forms.CharField(
        label=_("Code of the visit card"),
        max_length=500,
        strip=True,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "inputmode": "text"}),
    )


@rule("appointments.check_in", policy.CHECK_IN_ROLES, methods=["GET", "POST"])
def check_in(request: HttpRequest) -> HttpResponse:
    """Scan: with one visit of today that may be checked in, this is done at once; with several, choose."""
    form = ScanForm(request.POST or None)
    if request.method != "POST":
        return _page(request, ScanForm())
    if not form.is_valid():
        return _page(request, form, status=422)
    at, actor = clock.now(), actor_of(request)
    try:
        found = selectors.scanned_for(actor, form.cleaned_data["code"], at=at)
        if not found:
            raise errors.NothingToday
        waiting = [booking for booking in found if booking.status == BookingStatus.BOOKED]
        if len(waiting) > 1:
            return _page(request, ScanForm(), choices=waiting)
        ticket = services.booking_check_in(actor=actor, booking_id=(waiting or found)[0].pk, at=at)
    except Problem as problem:
        return _page(request, ScanForm(), problem=problem, status=problem.status)
    return redirect("appointments_staff:checked_in", ticket.booking_id)


@rule("appointments.check_in_one", policy.CHECK_IN_ROLES, methods=["POST"], subject="booking")
def check_in_one(request: HttpRequest, booking_id: int) -> HttpResponse:
    """The one of several visits that the patient came for."""
    try:
        ticket = services.booking_check_in(actor=actor_of(request), booking_id=booking_id, at=clock.now())
    except NotFound:
        raise
    except Problem as problem:
        return _page(request, ScanForm(), problem=problem, status=problem.status)
    return redirect("appointments_staff:checked_in", ticket.booking_id)


@rule("appointments.checked_in", policy.CHECK_IN_ROLES, subject="booking")
def checked_in(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Done: number, room, how many go before; and the field for the next card."""
    at = clock.now()
    ticket = selectors.ticket_for(actor_of(request), booking_id, at=at)
    line = selectors.queue_position(ticket, at=at)
    return _page(request, ScanForm(), done={"ticket": ticket, "booking": ticket.booking, "line": line})


def _page(
    request: HttpRequest,
    form: ScanForm,
    *,
    problem: Problem | None = None,
    choices: list[Booking] | None = None,
    done: dict[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "problem": problem, "choices": choices, "done": done}
    return render(request, "appointments/check_in.html", context, status=status)
