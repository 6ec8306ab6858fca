"""The kiosk in the hall (H13): check in, pay, print. Nobody signs in; the machine proves itself by its key, and the
patient by the visit card. Left alone it goes back to the start, and the card is forgotten."""

from collections.abc import Callable
from functools import wraps

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

import billing.selectors
import billing.services
from appointments import errors, selectors, services
from appointments.models import Kiosk
from billing.models import Channel, PayMethod
from billing.states import LIVE_ORDER
from billing.views.pay import qr_data
from hospital.kit import clock
from hospital.kit.access import public
from hospital.kit.money import total
from hospital.kit.problems import NotFound, Problem

_KEY, _PATIENT = "ih_kiosk", "ih_kiosk_patient"
_YEAR = 366 * 24 * 3600
_STAYS = 90  # seconds without a touch after which the card is forgotten; while a code to pay is shown, longer
_STAYS_PAYING = 240
_WHY = "a machine in the hall has nobody to sign in: it answers only with its own key and a visit card (H13)"


class KeyForm(forms.Form):
    key = forms.CharField(label=_("Key of this kiosk"), max_length=60, widget=forms.PasswordInput)


class CardForm(forms.Form):
    code = forms.CharField(
        label=_("Code of the visit card"),
        max_length=500,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "inputmode": "numeric"}),
    )


def _kiosk(request: HttpRequest) -> Kiosk | None:
    try:
        return services.kiosk_of_key(request.COOKIES.get(_KEY, ""), at=clock.now())
    except errors.KioskUnknown:
        return None


View = Callable[[HttpRequest, Kiosk, int], HttpResponse]


def _with_card(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Only on a known machine and shortly after a card was read; otherwise the start."""

    @wraps(view)
    def run(request: HttpRequest) -> HttpResponse:
        kiosk = _kiosk(request)
        said = request.get_signed_cookie(_PATIENT, default="", salt=_PATIENT, max_age=_STAYS_PAYING)
        if kiosk is None or not said:
            return _forget(redirect("appointments:kiosk"))
        return _remember(view(request, kiosk, int(said)), int(said))

    return run


def _remember(response: HttpResponse, patient_id: int) -> HttpResponse:
    if _PATIENT not in response.cookies:
        response.set_signed_cookie(
            _PATIENT, str(patient_id), salt=_PATIENT, max_age=_STAYS_PAYING, httponly=True, samesite="Strict",
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


def _forget(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(_PATIENT, samesite="Strict")
    response.headers["Cache-Control"] = "no-store"
    return response


@public("appointments.kiosk", _WHY, methods=["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The first picture: hold your card here. A machine without a key is asked for it."""
    kiosk = _kiosk(request)
    if kiosk is None:
        return _set_up(request)
    if request.method != "POST":
        return _forget(render(request, "appointments/kiosk_start.html", {"kiosk": kiosk, "form": CardForm()}))
    form = CardForm(request.POST)
    problem: Problem | None = None
    if form.is_valid():
        try:
            patient_id = selectors.card_read_for(services.kiosk_actor(kiosk), form.cleaned_data["code"], at=clock.now())
            return _remember(redirect("appointments:kiosk_visits"), patient_id)
        except Problem as refusal:
            problem = refusal
    context = {"kiosk": kiosk, "form": CardForm(), "problem": problem}
    return _forget(render(request, "appointments/kiosk_start.html", context, status=422))


def _set_up(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST or None)
    problem: Problem | None = None
    if request.method == "POST" and form.is_valid():
        try:
            services.kiosk_of_key(form.cleaned_data["key"], at=clock.now())
            response = redirect("appointments:kiosk")
            response.set_cookie(
                _KEY, form.cleaned_data["key"].strip(), max_age=_YEAR, httponly=True, samesite="Strict",
                secure=settings.SESSION_COOKIE_SECURE,
            )  # fmt: skip
            return response
        except Problem as refusal:
            problem = refusal
    status = 200 if request.method == "GET" else 422
    return render(request, "appointments/kiosk_set_up.html", {"form": form, "problem": problem}, status=status)


@public("appointments.kiosk_visits", _WHY)
@_with_card
def visits(request: HttpRequest, kiosk: Kiosk, patient_id: int) -> HttpResponse:
    """What this patient can do here now: check in, pay, print."""
    return _visits(request, kiosk, patient_id)


def _visits(
    request: HttpRequest, kiosk: Kiosk, patient_id: int, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    at = clock.now()
    actor = services.kiosk_actor(kiosk, patient_id)
    patient, lines = selectors.kiosk_visits_for(actor, patient_id, at=at)
    owed = list(billing.selectors.open_charges_for(actor, at=at).prefetch_related("lines"))
    context = {
        "kiosk": kiosk, "patient": patient, "lines": lines, "owed": owed, "problem": problem, "stays": _STAYS,
        "total": total(charge.amount for charge in owed), "at": at,
    }  # fmt: skip
    return render(request, "appointments/kiosk_visits.html", context, status=status)


def _number(request: HttpRequest, name: str) -> int:
    said = (request.POST if request.method == "POST" else request.GET).get(name, "")
    if not said.isdecimal() or len(said) > 18:
        raise NotFound
    return int(said)


@public("appointments.kiosk_check_in", _WHY, methods=["POST"])
@_with_card
def check_in(request: HttpRequest, kiosk: Kiosk, patient_id: int) -> HttpResponse:
    try:
        services.booking_check_in_at_kiosk(
            kiosk=kiosk, patient_id=patient_id, booking_id=_number(request, "booking"), at=clock.now()
        )
    except NotFound:
        raise
    except Problem as problem:
        return _visits(request, kiosk, patient_id, problem, status=problem.status)
    return redirect("appointments:kiosk_visits")


@public("appointments.kiosk_slip", _WHY)
@_with_card
def slip(request: HttpRequest, kiosk: Kiosk, patient_id: int) -> HttpResponse:
    """The paper with number, room and doctor, for a roll of 80 mm; printed at once, then back."""
    at = clock.now()
    patient, lines = selectors.kiosk_visits_for(services.kiosk_actor(kiosk, patient_id), patient_id, at=at)
    line = next((one for one in lines if one.booking.pk == _number(request, "booking") and one.ticket), None)
    if line is None:
        raise NotFound
    context = {"kiosk": kiosk, "patient": patient, "line": line, "at": at, "stays": 10}
    return render(request, "appointments/kiosk_slip.html", context)


@public("appointments.kiosk_pay", _WHY, methods=["POST"])
@_with_card
def pay(request: HttpRequest, kiosk: Kiosk, patient_id: int) -> HttpResponse:
    """Everything owed in one order, by a code that the patient's phone scans."""
    actor, at = services.kiosk_actor(kiosk, patient_id), clock.now()
    charges = [charge.pk for charge in billing.selectors.open_charges_for(actor, at=at)]
    if not charges:
        return redirect("appointments:kiosk_visits")
    order = billing.services.pay_order_start(
        actor=actor, charge_ids=charges, channel=Channel.WECHAT, method=PayMethod.NATIVE, at=at
    )
    return redirect(f"/kiosk/pay/state/?order={order.number}")


@public("appointments.kiosk_pay_state", _WHY)
@_with_card
def pay_state(request: HttpRequest, kiosk: Kiosk, patient_id: int) -> HttpResponse:
    """The code, asked again and again until the money is there; the channel's word counts, not the patient's."""
    actor, at = services.kiosk_actor(kiosk, patient_id), clock.now()
    number = request.GET.get("order", "")[:40]
    order = billing.selectors.order_for(actor, number)
    if order.status in LIVE_ORDER:
        billing.services.order_look(order.pk, at=at)
        order = billing.selectors.order_for(actor, number)
    code = order.prepared.get("code_url", "")
    context = {
        "order": order, "live": order.status in LIVE_ORDER, "qr": qr_data(code) if code else "", "kiosk": kiosk,
        "stays": _STAYS_PAYING - 30,
    }  # fmt: skip
    htmx = bool(getattr(request, "htmx", False))
    return render(request, f"appointments/kiosk_pay{'_state' if htmx else ''}.html", context)


@public("appointments.kiosk_leave", _WHY, methods=["POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Done: the card is forgotten at once."""
    return _forget(redirect("appointments:kiosk"))
