"""Staff sign in: staff number and password, then the second factor; the first time they enrol it (SEC-01)."""

import base64

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from hospital.kit import clock
from hospital.kit.access import actor_of, public
from hospital.kit.problems import Problem, add_to_form

from .. import services, sessions
from ..forms import PasswordForm, SecondFactorForm
from ..models import Account
from .doors import next_of, page

# Between the two factors: who showed the right password, when, and under which password and epoch.
_PENDING, _NEXT = "people.pending", "people.next"
_PENDING_SECONDS = 300


@public("people.staff_sign_in", "the way in for staff", methods=["GET", "POST"])
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None, staff=True)
    if request.method == "GET":
        return page(request, "staff_sign_in.html", form=form)
    if not form.is_valid():
        return page(request, "staff_sign_in.html", 422, form=form)
    at = clock.now()
    try:
        account = services.sign_in_by_password(
            actor=actor_of(request), name=form.cleaned_data["name"], password=form.cleaned_data["password"],
            staff=True, at=at,
        )  # fmt: skip
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "staff_sign_in.html", problem.status, form=form)
    sessions.end(request)
    request.session[_PENDING] = [account.pk, at.timestamp(), account.get_session_auth_hash()]
    request.session[_NEXT] = next_of(request, "/staff/")
    return redirect("people_staff:second_factor" if services.has_second_factor(account.pk) else "people_staff:enrol")


@public("people.second_factor", "the second step of the way in for staff", methods=["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    account = _pending(request)
    if account is None:
        return redirect("people_staff:sign_in")
    form = SecondFactorForm(request.POST or None)
    if request.method == "GET":
        return page(request, "second_factor.html", form=form)
    if not form.is_valid():
        return page(request, "second_factor.html", 422, form=form)
    try:
        device = services.second_factor_prove(
            actor=actor_of(request), account_id=account.pk, token=form.cleaned_data["token"], at=clock.now()
        )
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "second_factor.html", problem.status, form=form)
    go_on = request.session.get(_NEXT, "/staff/")
    sessions.end(request)
    sessions.begin(request, account, at=clock.now(), device=device)
    return redirect(go_on)


@public("people.enrol", "the first second factor of a member of staff", methods=["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Show the authenticator's key as a QR, confirm it by its first code, show the recovery codes once."""
    account = _pending(request)
    if account is None:
        return redirect("people_staff:sign_in")
    if services.has_second_factor(account.pk):
        return redirect("people_staff:second_factor")
    device = services.second_factor_enrol(account_id=account.pk)
    secret = base64.b32encode(device.bin_key).decode()
    qr = segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2)
    form = SecondFactorForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        status = 200 if request.method == "GET" else 422
        return page(request, "enrol.html", status, form=form, qr=qr, secret=secret)
    try:
        device, codes = services.second_factor_confirm(
            actor=actor_of(request), account_id=account.pk, token=form.cleaned_data["token"], at=clock.now()
        )
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "enrol.html", problem.status, form=form, qr=qr, secret=secret)
    go_on = request.session.get(_NEXT, "/staff/")
    sessions.end(request)
    sessions.begin(request, account, at=clock.now(), device=device)
    return page(request, "recovery_codes.html", codes=codes, next=go_on)


def _pending(request: HttpRequest) -> Account | None:
    """Whoever showed the right password a moment ago in this session; nobody else can try a second factor."""
    pk, since, bound = request.session.get(_PENDING, (None, 0, ""))
    account: Account | None = Account.objects.filter(pk=pk, is_active=True, is_staff=True).first()
    if account is None or clock.now().timestamp() - since > _PENDING_SECONDS:
        return None
    return account if account.get_session_auth_hash() == bound else None
