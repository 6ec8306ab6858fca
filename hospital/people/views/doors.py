"""What the sign-in pages share: where to go afterwards, which browser this is, and the page itself."""

import hashlib
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from .. import wechat
from ..forms import PasswordForm, PhoneForm

_BINDING = "people.binding"
STAFF_PATHS = ("/staff/", "/admin/")


def next_of(request: HttpRequest, default: str = "/") -> str:
    """The page of our own to go on to; never another host."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else default


def binding_of(request: HttpRequest) -> str:
    """What a code is bound to: a secret of this browser's session, made when a code is first asked for (G20)."""
    secret = request.session.get(_BINDING)
    if secret is None:
        secret = request.session[_BINDING] = secrets.token_urlsafe(24)
    return hashlib.sha256(str(secret).encode()).hexdigest()


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    context.setdefault("next", next_of(request, ""))
    context["wechat"] = wechat.is_set_up()
    return render(request, f"people/{template}", context, status=status)


def sign_in_page(request: HttpRequest, status: int = 200) -> HttpResponse:
    """The sign-in page; also the answer to a stranger at a private page, who comes back there afterwards."""
    back = request.get_full_path() if request.method == "GET" else "/"
    if request.path.startswith(STAFF_PATHS):
        return page(request, "staff_sign_in.html", status, form=PasswordForm(staff=True), next=back)
    return page(request, "sign_in.html", status, form=PhoneForm(), next=back)
