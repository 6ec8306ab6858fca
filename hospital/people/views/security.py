"""One's own account: confirm that it is you, set a password, leave everywhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_otp import devices_for_user

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, STAFF
from hospital.kit.masking import mask_phone
from hospital.kit.problems import Problem, add_to_form

from .. import services, sessions
from ..forms import CodeForm, NewPasswordForm, SecondFactorForm
from ..models import Account, CodePurpose
from .doors import binding_of, next_of, page

EVERY_SIGNED_IN = SIGNED_IN_PATIENTS | STAFF


def _me(request: HttpRequest) -> Account:
    account = request.user
    assert isinstance(account, Account)
    return account


@rule("people.confirm", EVERY_SIGNED_IN, methods=["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Step-up: staff by their authenticator, patients by a code to their phone (SEC-01, SEC-03)."""
    me = _me(request)
    form = SecondFactorForm(request.POST or None)
    if not me.is_staff:
        form.fields["token"].label = CodeForm.base_fields["code"].label
    shown: dict[str, Any] = {"form": form, "phone": mask_phone(me.phone), "sent": request.GET.get("sent") == "1"}
    if request.method == "GET":
        return page(request, "confirm.html", **shown)
    if not form.is_valid():
        return page(request, "confirm.html", 422, **shown)
    at, token = clock.now(), form.cleaned_data["token"]
    try:
        if me.is_staff:
            services.second_factor_prove(actor=actor_of(request), account_id=me.pk, token=token, at=at)
        else:
            services.code_prove(
                phone=me.phone, purpose=CodePurpose.STEP_UP, binding=binding_of(request), code=token, at=at
            )
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "confirm.html", problem.status, **shown)
    sessions.refresh(request, at=at)
    return redirect(next_of(request))


@rule("people.confirm_code", SIGNED_IN_PATIENTS, methods=["POST"], subject="people.outside")
def confirm_code(request: HttpRequest) -> HttpResponse:
    """Send the code for a confirmation to the account's own phone."""
    me = _me(request)
    form = SecondFactorForm()
    form.fields["token"].label = CodeForm.base_fields["code"].label
    services.code_send(
        actor=actor_of(request),
        phone=me.phone,
        purpose=CodePurpose.STEP_UP,
        binding=binding_of(request),
        at=clock.now(),
    )
    return page(request, "confirm.html", form=form, phone=mask_phone(me.phone), sent=True)


@rule("people.security", EVERY_SIGNED_IN)
def security(request: HttpRequest) -> HttpResponse:
    """Password, devices, sessions of one's own account."""
    me = _me(request)
    return page(
        request, "security.html", form=NewPasswordForm(), phone=mask_phone(me.phone),
        has_password=me.has_usable_password(), bound=bool(me.wechat_openid), devices=[type(device).__name__ for device in devices_for_user(me)],
    )  # fmt: skip


@rule("people.password", EVERY_SIGNED_IN, methods=["POST"], sign_in_fresh=True)
def password(request: HttpRequest) -> HttpResponse:
    """Set a password; all other sessions end, this one goes on under a new key (G22)."""
    form = NewPasswordForm(request.POST)
    me = _me(request)
    if not form.is_valid():
        return page(request, "security.html", 422, form=form)
    at = clock.now()
    try:
        account = services.password_change(
            actor=actor_of(request), account_id=me.pk, password=form.cleaned_data["password"], at=at
        )
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "security.html", problem.status, form=form)
    _go_on(request, account)
    return redirect("people:security")


@rule("people.sign_out_everywhere", EVERY_SIGNED_IN, methods=["POST"])
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    services.sign_out_everywhere(actor=actor, account_id=_me(request).pk, at=clock.now())
    sessions.end(request)
    return redirect("people_staff:sign_in" if actor.is_staff else "people:sign_in")


@rule("people.wechat_unbind", SIGNED_IN_PATIENTS, methods=["POST"], sign_in_fresh=True)
def wechat_unbind(request: HttpRequest) -> HttpResponse:
    services.wechat_unbind(actor=actor_of(request), at=clock.now())
    return redirect("people:security")


def _go_on(request: HttpRequest, account: Account) -> None:
    device = getattr(request.user, "otp_device", None)
    sessions.end(request)
    sessions.begin(request, account, at=clock.now(), device=device)
