"""Who acts on a socket: the same account, limits and second factor as of a page, asked again every few seconds (G19)."""

from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django_otp.middleware import OTPMiddleware

from hospital.kit.actor import ANONYMOUS, Actor
from hospital.people import sessions
from hospital.people.middleware import second_factor_proved

from . import selectors


def actor_of_session(session_key: str | None, *, at: datetime, used: bool = False) -> Actor:
    """The actor of a session as it is now: nobody once it ended, was left alone too long, or its account was shut.

    `used` notes that the person did something, so that a talk keeps the session alive as pages do.
    """
    if not session_key:
        return ANONYMOUS
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request = HttpRequest()
    request.session = store(session_key)
    account: Any = get_user(request)
    if not account.is_authenticated or sessions.is_idle(request, account, at=at):
        return ANONYMOUS
    if account.is_staff:
        request.user = account
        OTPMiddleware(lambda _request: HttpResponse())(request)  # puts the proved device on request.user
        if not second_factor_proved(request):
            return ANONYMOUS
    if used:
        sessions.touch(request, at=at)
        if request.session.modified:
            request.session.save()
    return selectors.actor_for(account, at=at)
