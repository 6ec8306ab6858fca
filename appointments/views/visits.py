"""The patient's visits: what comes, what was, and everything about one of them."""

from datetime import datetime, timedelta
from typing import Any, get_args

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from appointments import errors, kinds, parameters, policy, selectors, services
from appointments.geo import Position
from appointments.models import Absence, Booking, CampusPoint, Ticket
from appointments.selectors.visits import Part
from appointments.states import BookingStatus, SessionStatus, TicketStatus
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS
from hospital.kit.problems import NotFound, Problem

TONES = {
    BookingStatus.HELD: "warn",
    BookingStatus.BOOKED: "success",
    BookingStatus.CHECKED_IN: "info",
    BookingStatus.NO_SHOW: "danger",
}
_MAY_BE_MISSED = frozenset({BookingStatus.NO_SHOW, BookingStatus.CANCELLED})  # of these some are in the ledger (AP-06)


@require_safe
@rule("appointments.visits", SIGNED_IN_PATIENTS)
def visits(request: HttpRequest) -> HttpResponse:
    part: Part = next((one for one in get_args(Part) if one == request.GET.get("show")), "upcoming")
    rows = selectors.visits_for(actor_of(request), part, at=clock.now())
    parts = [("upcoming", _("Upcoming")), ("past", _("Past")), ("cancelled", _("Called off"))]
    for row in rows:
        row.shown, row.tone = shown_status(row)  # type: ignore[attr-defined]
    return render(request, "appointments/visits.html", {"rows": rows, "part": part, "parts": parts})


@rule("appointments.visit", SIGNED_IN_PATIENTS, subject="booking")
def visit(request: HttpRequest, booking_id: int) -> HttpResponse:
    """One visit: its stations, where and when, the code for check-in, what to bring, the queue."""
    at, actor = clock.now(), actor_of(request)
    booking = selectors.booking_for(actor, booking_id, at=at)
    if booking.session.status == SessionStatus.STOPPED:
        services.stop_seen(actor=actor, booking_id=booking_id, at=at)
    ticket = Ticket.objects.select_related("session").filter(booking=booking).first()
    shown, tone = shown_status(booking)
    return render(
        request,
        "appointments/visit.html",
        {
            "booking": booking, "ticket": ticket, "shown": shown, "tone": tone, "stopped": policy.is_stopped(booking),
            "stations": stations(booking, ticket), **_queue(ticket, at), "kind": kinds.get(booking.kind),
            "room_url": _room_url(booking), "may_cancel": policy.may_cancel(booking, at) and not policy.is_stopped(booking),
            "cancel_until": policy.cancel_until(booking, at), "early": parameters.CHECK_IN_EARLY.at(at),
            "check_in_here": _may_check_in_here(booking, ticket, at),
            "absence": Absence.objects.filter(booking=booking).first() if booking.status in _MAY_BE_MISSED else None,
        },
    )  # fmt: skip


@rule("appointments.visit_queue", SIGNED_IN_PATIENTS, subject="booking")
def visit_queue(request: HttpRequest, booking_id: int) -> HttpResponse:
    """The queue card alone, asked for again and again while one waits."""
    at = clock.now()
    booking = selectors.booking_for(actor_of(request), booking_id, at=at)
    ticket = Ticket.objects.select_related("session").filter(booking=booking).first()
    return render(request, "appointments/queue_card.html", {"booking": booking, "ticket": ticket, **_queue(ticket, at)})


class PositionForm(forms.Form):
    """What the phone says of its position; compared at once and forgotten."""

    latitude = forms.FloatField(min_value=-90, max_value=90)
    longitude = forms.FloatField(min_value=-180, max_value=180)
    accuracy = forms.FloatField(min_value=0, max_value=1_000_000)


@rule("appointments.visit_check_in", SIGNED_IN_PATIENTS, methods=["POST"], subject="booking")
def visit_check_in(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Check in by the own phone, near the campus (AP-10)."""
    actor, at = actor_of(request), clock.now()
    selectors.booking_for(actor, booking_id, at=at)
    form = PositionForm(request.POST)
    try:
        if not form.is_valid():
            raise errors.PositionTooRough
        services.booking_check_in_here(
            actor=actor, booking_id=booking_id, position=Position(**form.cleaned_data), at=at
        )
    except NotFound:
        raise
    except Problem as problem:
        messages.warning(request, f"{problem.reason} {problem.next_step}")
    else:
        messages.success(request, _("You are checked in. Your place in the line is shown here."))
    return redirect("appointments:visit", booking_id)


def _queue(ticket: Ticket | None, at: datetime) -> dict[str, Any]:
    waiting = ticket is not None and ticket.status == TicketStatus.WAITING
    return {"line": selectors.queue_position(ticket, at=at) if ticket is not None and waiting else None}


def _room_url(booking: Booking) -> str:
    """Where the visit takes place, for kinds that aren't at the hospital."""
    url = kinds.get(booking.kind).visit_url
    live = booking.status in {BookingStatus.BOOKED, BookingStatus.SEEN}
    return url(booking.pk) if url is not None and live else ""


def _may_check_in_here(booking: Booking, ticket: Ticket | None, at: datetime) -> bool:
    """The button is there when it may work: at the time, and where the campus' position is known."""
    away = ticket is not None and ticket.status == TicketStatus.AWAY
    opens = booking.starts_at - timedelta(minutes=parameters.CHECK_IN_EARLY.at(at))
    due = (
        booking.status == BookingStatus.BOOKED
        and not policy.is_stopped(booking)
        and opens <= at < booking.session.ends_at
    )
    comes = kinds.get(booking.kind).comes
    return comes and (due or away) and CampusPoint.objects.filter(campus_id=booking.department.campus_id).exists()


def shown_status(booking: Booking) -> tuple[str, str]:
    """The word for a booking and its tone: of a stopped clinic it says so, not that all is well."""
    if policy.is_stopped(booking):
        return booking.session.get_status_display(), "danger"
    return booking.get_status_display(), TONES.get(BookingStatus(booking.status), "")


@rule("appointments.visit_cancel", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="booking")
def visit_cancel(request: HttpRequest, booking_id: int) -> HttpResponse:
    """Ask once what will happen, then give the booking back."""
    at, actor = clock.now(), actor_of(request)
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:200]
        services.booking_cancel(actor=actor, booking_id=booking_id, at=at, reason=reason)
        messages.success(request, _("The booking is cancelled. What was paid goes back the way it came."))
        return redirect("appointments:visit", booking_id)
    booking = selectors.booking_for(actor, booking_id, at=at)
    reasons = [_("I can't come on that day"), _("I have found another time"), _("I feel better"), _("Another reason")]
    return render(
        request,
        "appointments/cancel.html",
        {
            "booking": booking, "may_cancel": policy.may_cancel(booking, at), "reasons": reasons,
            "counts": services.next_cancel_counts(booking, at=at),
        },
    )  # fmt: skip


def stations(booking: Booking, ticket: Ticket | None) -> list[dict[str, Any]]:
    """The visit as a row of stations, for the timeline."""
    status = BookingStatus(booking.status)
    found: list[dict[str, Any]] = [{"title": _("Chosen"), "at": booking.created_at, "state": "done"}]
    if status == BookingStatus.HELD:
        return [*found, {"title": _("Waiting for payment"), "state": "now"}, {"title": _("Booked"), "state": "todo"}]
    if booking.booked_at is not None:
        found.append({"title": _("Booked"), "at": booking.booked_at, "state": "done"})
    if status in {BookingStatus.CANCELLED, BookingStatus.EXPIRED, BookingStatus.NO_SHOW}:
        ended = {"title": booking.get_status_display(), "at": booking.ended_at, "text": booking.cancel_reason}
        return [*found, ended | {"state": "danger"}]
    if kinds.get(booking.kind).comes:
        if booking.checked_in_at is not None:
            found.append({"title": _("Checked in"), "at": booking.checked_in_at, "state": "done"})
        else:
            found.append({"title": _("Check in at the hospital"), "state": "now"})
    return [*found, *_room_stations(booking, ticket)]


def _room_stations(booking: Booking, ticket: Ticket | None) -> list[dict[str, Any]]:
    seen = booking.status == BookingStatus.SEEN
    if ticket is None:
        return [{"title": _("With the doctor"), "state": "done" if seen else "todo"}]
    at = ticket.serving_at or (ticket.called_at if ticket.status == TicketStatus.CALLED else None)
    now = ticket.status in {TicketStatus.CALLED, TicketStatus.SERVING}
    room = {"title": _("With the doctor"), "at": at, "state": "now" if now else "done" if seen else "todo"}
    if ticket.status == TicketStatus.WAITING:
        return [{"title": _("Waiting to be called"), "state": "now"}, room]
    if ticket.status == TicketStatus.FINISHED:
        return [room, {"title": _("Visit finished"), "at": ticket.finished_at, "state": "done"}]
    return [room]
