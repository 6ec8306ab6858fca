"""Sessions: how one begins, how it stays alive, how it ends (SEC-01, SEC-03, G22).

The account's password and epoch are part of Django's session hash, so that raising the epoch, a new password or
is_active=False ends every session of the account at its next request.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth import login, logout
from django.http import HttpRequest
from django_otp import login as otp_login
from django_otp.models import Device

from .models import Account
from .parameters import FRESH_MINUTES, IDLE_MINUTES_PATIENT, IDLE_MINUTES_STAFF

BACKEND = "hospital.people.backends.AccountBackend"
# A request that a page makes by itself says so; it neither extends the session nor escapes its end.
BACKGROUND_HEADER = "X-Background"

_SEEN, _FRESH = "people.seen_at", "people.fresh_at"
_WRITE_EVERY = 20  # seconds: a session row isn't rewritten by each request


def begin(request: HttpRequest, account: Account, *, at: datetime, device: Device | None = None) -> None:
    """Sign `account` in on this browser under a new session key. Staff bring the device of their second factor."""
    if account.is_staff and device is None:
        raise ValueError("a member of staff signs in by two factors")
    request.session.cycle_key()
    login(request, account, backend=BACKEND)
    request.user = account
    if device is not None:
        otp_login(request, device)
    request.session[_SEEN] = at.timestamp()
    request.session[_FRESH] = at.timestamp()


def end(request: HttpRequest) -> None:
    """Sign out: the session row and all that it held are gone (SEC-13)."""
    logout(request)


def refresh(request: HttpRequest, *, at: datetime) -> None:
    """Remember that the person has just proved again who they are."""
    request.session[_FRESH] = at.timestamp()


def is_fresh(request: HttpRequest, *, at: datetime) -> bool:
    """Was identity proved a short while ago, as signing, refunds and copies ask (SEC-01, SEC-03)?"""
    proved = request.session.get(_FRESH)
    return proved is not None and at.timestamp() - proved <= FRESH_MINUTES.at(at) * 60


def is_idle(request: HttpRequest, account: Account, *, at: datetime) -> bool:
    limit = IDLE_MINUTES_STAFF if account.is_staff else IDLE_MINUTES_PATIENT
    return left_alone(request, lambda: limit.at(at), at=at)


def left_alone(request: HttpRequest, minutes: Callable[[], int], *, at: datetime) -> bool:
    """Was this session unused for longer than so many minutes?"""
    seen = request.session.get(_SEEN)
    if seen is None:
        return True
    unused = timedelta(seconds=at.timestamp() - seen)
    if unused < timedelta(minutes=1):
        return False  # no limit is shorter; spares most requests the look at the parameter
    return unused > timedelta(minutes=minutes())


def touch(request: HttpRequest, *, at: datetime) -> None:
    """Note that a person (not a page by itself) used the session."""
    if request.headers.get(BACKGROUND_HEADER):
        return
    if at.timestamp() - request.session.get(_SEEN, 0) >= _WRITE_EVERY:
        request.session[_SEEN] = at.timestamp()
