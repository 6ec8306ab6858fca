"""Patients sign in: by a code to the phone, by password, by WeChat (H1)."""

import secrets
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from hospital.kit import clock
from hospital.kit.access import actor_of, public, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, STAFF
from hospital.kit.problems import Problem, add_to_form

from .. import services, sessions, wechat
from ..errors import ConfirmNeeded, WeChatFailed
from ..forms import CodeForm, PasswordForm, PhoneForm
from ..models import Account, CodePurpose
from .doors import binding_of, next_of, page

_STATE, _OPENID = "people.wechat_state", "people.wechat_openid"


@public("people.sign_in", "the way in", methods=["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the phone; POST: the code that came."""
    if request.method == "GET":
        if actor_of(request).is_patient:
            return redirect(next_of(request))
        return page(request, "sign_in.html", form=PhoneForm(), binds=_OPENID in request.session)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return page(request, "sign_in_code.html", 422, form=form)
    at, sent = clock.now(), form.cleaned_data
    try:
        account = services.sign_in_by_code(
            actor=actor_of(request), phone=sent["phone"], binding=binding_of(request), code=sent["code"], at=at
        )
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "sign_in_code.html", problem.status, form=form)
    openid = request.session.pop(_OPENID, None)
    if openid:
        services.wechat_bind(actor=actor_of(request), account_id=account.pk, openid=openid, at=at)
    return _begin(request, account)


@public("people.sign_in_code", "the way in: asks for a code by text message", methods=["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Send a code, then ask for it. The page is the same for every phone (G20).

    GET: a phone that put the page to sleep while the text was read loads its address again. Which phone was asked for
    is nowhere kept, so it begins anew.
    """
    if request.method == "GET":
        return redirect(f"{reverse('people:sign_in')}?{urlencode({'next': next_of(request)})}")
    form = PhoneForm(request.POST)
    if not form.is_valid():
        return page(request, "sign_in.html", 422, form=form)
    try:
        phone = services.code_send(
            actor=actor_of(request), phone=form.cleaned_data["phone"], purpose=CodePurpose.SIGN_IN,
            binding=binding_of(request), at=clock.now(),
        )  # fmt: skip
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "sign_in.html", problem.status, form=form)
    return page(request, "sign_in_code.html", form=CodeForm(initial={"phone": phone}), phone=phone)


@public("people.sign_in_password", "the way in by password", methods=["GET", "POST"])
def sign_in_password(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None)
    if request.method == "GET":
        return page(request, "sign_in_password.html", form=form)
    if not form.is_valid():
        return page(request, "sign_in_password.html", 422, form=form)
    try:
        account = services.sign_in_by_password(
            actor=actor_of(request), name=form.cleaned_data["name"], password=form.cleaned_data["password"],
            staff=False, at=clock.now(),
        )  # fmt: skip
    except Problem as problem:
        add_to_form(form, problem)
        return page(request, "sign_in_password.html", problem.status, form=form)
    return _begin(request, account)


@public("people.wechat", "the way in by WeChat", subject="people.wechat")
def wechat_go(request: HttpRequest) -> HttpResponse:
    """Send the browser to WeChat; the state binds the answer to this session."""
    if not wechat.is_set_up():
        raise WeChatFailed
    state = request.session[_STATE] = secrets.token_urlsafe(24)
    request.session["people.next"] = next_of(request)
    back = request.build_absolute_uri(reverse("people:wechat_back"))
    return redirect(wechat.authorize_url(state=state, back=back))


@public("people.wechat_back", "WeChat sends the browser here", subject="people.wechat")
def wechat_back(request: HttpRequest) -> HttpResponse:
    """WeChat's answer: sign in, or ask for the phone of a newcomer first."""
    state = request.session.pop(_STATE, "")
    if not state or not constant_time_compare(state, request.GET.get("state", "")):
        raise WeChatFailed
    openid = wechat.openid_of(request.GET.get("code", ""))
    if actor_of(request).is_patient:
        return _bind(request, openid)
    account = services.sign_in_by_wechat(actor=actor_of(request), openid=openid, at=clock.now())
    go_on = request.session.pop("people.next", "/")
    if account is None:
        request.session[_OPENID] = openid
        return page(request, "sign_in.html", form=PhoneForm(), binds=True, next=go_on)
    sessions.begin(request, account, at=clock.now())
    return redirect(go_on)


def _bind(request: HttpRequest, openid: str) -> HttpResponse:
    """Somebody who is signed in already came by way of WeChat: from now on this WeChat is theirs."""
    actor, at = actor_of(request), clock.now()
    if not sessions.is_fresh(request, at=at):
        raise ConfirmNeeded
    services.wechat_bind(actor=actor, account_id=actor.own_account_id, openid=openid, at=at)
    return redirect("people:security")


@rule("people.sign_out", SIGNED_IN_PATIENTS | STAFF, methods=["POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session; what it held is deleted (SEC-13)."""
    actor = actor_of(request)
    assert actor.account_id is not None
    services.sign_out(actor=actor, account_id=actor.account_id, at=clock.now())
    sessions.end(request)
    return redirect("people_staff:sign_in" if actor.is_staff else "people:sign_in")


def _begin(request: HttpRequest, account: Account) -> HttpResponse:
    sessions.begin(request, account, at=clock.now())
    return redirect(next_of(request))
