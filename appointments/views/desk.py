"""The window and the telephone desk (1440 x 900, keyboard first): a number, a doctor's initials, Enter, Enter.

Numbers and names of patients travel by POST; what stands in a URL is the turn at this desk, which is nobody else's.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import billing.selectors
import billing.services
from appointments import errors, parameters, policy, services
from appointments.models import Channel, DeskTurn
from appointments.selectors import desk as desks
from appointments.selectors.alternatives import times_for
from billing.models import Channel as PayChannel
from billing.models import PayMethod
from billing.states import LIVE_ORDER
from billing.views.pay import qr_data
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.problems import NotFound, Problem, add_to_form
from hospital.kit.routes import may_open


class FindForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Visit card, mobile, document or record number"),
        max_length=500,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("The patient is"),
        choices=[(Channel.DESK, gettext_lazy("at the window")), (Channel.PHONE, gettext_lazy("on the telephone"))],
        initial=Channel.DESK,
        widget=forms.RadioSelect,
    )


@rule("appointments.desk", policy.DESK_ROLES, methods=["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Find who stands at the window or calls, by a whole number."""
    actor, at = actor_of(request), clock.now()
    asked = request.GET.get("channel", "") or desks.last_channel(actor, at=at)
    form = FindForm(request.POST or None, initial={"channel": asked if asked in {"desk", "phone"} else Channel.DESK})
    status, found = 200, []
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            try:
                found = services.desk_find(actor=actor, text=said["text"], channel=Channel(said["channel"]), at=at)
            except Problem as problem:
                add_to_form(form, problem)
                status = problem.status
            else:
                if len(found) == 1:
                    return redirect("appointments_staff:desk_patient", found[0].pk)
                if not found:
                    form.add_error("text", _("No patient has this card or number."))
                status = 200 if found else 422
    context = {"form": form, "turns": found or desks.desk_turns_now(actor, at=at), "found": bool(found)}
    return render(request, "appointments/desk.html", context, status=status)


@rule("appointments.desk_patient", policy.DESK_ROLES, subject="desk_turn")
def patient(request: HttpRequest, turn_id: int) -> HttpResponse:
    """The patient at this desk, the bookings that stand, and the search for a doctor."""
    return _patient(request, turn_id)


def _patient(request: HttpRequest, turn_id: int, problem: Problem | None = None, **more: Any) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    turn, bookings = desks.desk_turn_for(actor, turn_id, at=at)
    text = (request.POST.get("q", "") or request.GET.get("q", "")).strip()[:60]
    choices = desks.desk_choices(actor, text, Channel(turn.channel), at=at)
    context = {
        "turn": turn, "bookings": bookings, "q": text, "choices": choices, "problem": problem,
        "at_window": turn.channel == Channel.DESK, "may_waive": _may_waive(problem),
        "phone_minutes": parameters.PHONE_HOLD_MINUTES.at(at), **more,
    }  # fmt: skip
    return render(request, "appointments/desk_patient.html", context, status=problem.status if problem else 200)


def _may_waive(problem: Problem | None) -> bool:
    """Whether a reason may help: the field for it is shown."""
    return problem is not None and (not problem.hard or isinstance(problem, errors.OverrideReasonNeeded))


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise NotFound
    return int(text)


@rule("appointments.desk_book", policy.DESK_ROLES, methods=["POST"], subject="desk_turn")
def book(request: HttpRequest, turn_id: int) -> HttpResponse:
    """The chosen session, at the time chosen beside it."""
    session = request.POST.get("session", "")
    period = _number(request.POST.get(f"period-{session}", "") or request.POST.get("period", ""))
    extra = request.POST.get("extra") == session != ""
    try:
        booking = services.desk_hold(
            actor=actor_of(request), turn_id=turn_id, period_id=period, extra=extra,
            because=request.POST.get("because", ""), at=clock.now(),
        )  # fmt: skip
    except NotFound:
        raise
    except Problem as problem:
        return _patient(request, turn_id, problem, chosen=session, chosen_period=period, extra=extra)
    return redirect("appointments_staff:desk_booking", turn_id, booking.pk)


@rule("appointments.desk_leave", policy.DESK_ROLES, methods=["POST"], subject="desk_turn")
def leave(request: HttpRequest, turn_id: int) -> HttpResponse:
    services.desk_leave(actor=actor_of(request), turn_id=turn_id, at=clock.now())
    return redirect("appointments_staff:desk")


@rule("appointments.desk_booking", policy.DESK_ROLES, subject="desk_booking")
@rule("appointments.desk_booking_change", policy.DESK_ROLES, methods=["POST"], subject="desk_booking")
def booking(request: HttpRequest, turn_id: int, booking_id: int) -> HttpResponse:
    """One booking of the patient at this desk: how it is paid, another time, cancel."""
    actor, at = actor_of(request), clock.now()
    problem: Problem | None = None
    if request.method == "POST":
        try:
            return _change(request, turn_id, booking_id)
        except NotFound:
            raise
        except Problem as refusal:
            problem = refusal
    turn, found = desks.desk_booking_for(actor, turn_id, booking_id, at=at)
    context = {
        "turn": turn, "booking": found, "problem": problem, "may_waive": _may_waive(problem),
        "verb": request.POST.get("verb", ""), "chosen": request.POST.get("period", ""),
        "times": times_for(found, at=at), "stopped": policy.is_stopped(found),
        "cash": may_open(actor, "/staff/cash/"), "at_window": turn.channel == Channel.DESK,
        **_order(request, turn),
    }  # fmt: skip
    return render(request, "appointments/desk_booking.html", context, status=problem.status if problem else 200)


def _change(request: HttpRequest, turn_id: int, booking_id: int) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    verb, because = request.POST.get("verb", ""), request.POST.get("because", "")
    here = redirect("appointments_staff:desk_booking", turn_id, booking_id)
    if verb == "cancel":
        services.desk_cancel(actor=actor, turn_id=turn_id, booking_id=booking_id, because=because, at=at)
        messages.success(request, _("Cancelled. What was paid goes back by the way it came."))
        return redirect("appointments_staff:desk_patient", turn_id)
    if verb == "move":
        period = _number(request.POST.get("period", ""))
        services.desk_move(
            actor=actor, turn_id=turn_id, booking_id=booking_id, period_id=period, because=because, at=at
        )
        messages.success(request, _("Moved; the patient is told."))
        return here
    if verb == "pay":
        turn, found = desks.desk_booking_for(actor, turn_id, booking_id, at=at)
        if found.charge_id is None:
            raise NotFound
        _turn, acting = desks.desk_turn(actor, turn.pk, at=at)
        order = billing.services.pay_order_start(
            actor=acting, charge_ids=[found.charge_id], channel=PayChannel.WECHAT, method=PayMethod.NATIVE, at=at
        )
        here["Location"] += f"?order={order.number}"
        return here
    raise NotFound


def _order(request: HttpRequest, turn: DeskTurn) -> dict[str, Any]:
    """The code that the patient scans at the window, asked again until the money is there."""
    number = request.GET.get("order", "")[:40]
    if not number:
        return {}
    at = clock.now()
    _turn, acting = desks.desk_turn(actor_of(request), turn.pk, at=at)
    order = billing.selectors.order_for(acting, number)
    if order.status in LIVE_ORDER:
        billing.services.order_look(order.pk, at=at)
        order = billing.selectors.order_for(acting, number)
    code = order.prepared.get("code_url", "")
    return {"order": order, "live": order.status in LIVE_ORDER, "qr": qr_data(code) if code else ""}


@rule("appointments.desk_pay_state", policy.DESK_ROLES, subject="desk_booking")
def pay_state(request: HttpRequest, turn_id: int, booking_id: int) -> HttpResponse:
    """The same code again, as a fragment."""
    turn, found = desks.desk_booking_for(actor_of(request), turn_id, booking_id, at=clock.now())
    context = {"turn": turn, "booking": found, **_order(request, turn)}
    return render(request, "appointments/desk_pay.html", context)


@rule("appointments.overrides", policy.OVERRIDE_READERS)
def overrides(request: HttpRequest) -> HttpResponse:
    """Which rules staff set aside, who, for whom, why."""
    rows = desks.overrides_for(actor_of(request), at=clock.now())
    words = {
        kind.code: kind.title for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Problem)
    }
    for row in rows:
        row.in_words = words.get(row.rule, "")  # type: ignore[attr-defined]
    return render(request, "appointments/overrides.html", {"rows": rows})
