"""Each request gets an id, for the log and for the audit line; each session is asked whether it still holds."""

import uuid
from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django_otp.middleware import OTPMiddleware
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.kit import clock
from hospital.kit.kept import Given, Kept

from . import sessions
from .services.tokens import service_token_find


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


# Asked by every request of the staff.
_TOTP = Kept(lambda: TOTPDevice.objects.filter(pk=Given("pk")))
_TOTP_LABEL = TOTPDevice.model_label()


class SecondFactorMiddleware(OTPMiddleware):  # type: ignore[misc] # the package has no types
    """django_otp's, with the usual kind of device read by a query that is built once."""

    def _device_from_persistent_id(self, persistent_id: str) -> Device | None:
        label, _, pk = persistent_id.rpartition("/")
        if label != _TOTP_LABEL or not pk.isdecimal():
            found: Device | None = super()._device_from_persistent_id(persistent_id)
            return found
        return _TOTP.first(pk=int(pk))


def second_factor_proved(request: HttpRequest) -> bool:
    """Did this session prove a device of its account (set by django_otp's middleware)?"""
    return getattr(request.user, "otp_device", None) is not None


class SessionGuardMiddleware:
    """Ends sessions that were left alone too long; staff without a proved second factor are nobody (SEC-01, SEC-03)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        account = request.user
        if account.is_authenticated:
            at = clock.now()
            if sessions.is_idle(request, account, at=at):
                sessions.end(request)
            elif account.is_staff and not second_factor_proved(request):
                request.user = AnonymousUser()
            else:
                sessions.touch(request, at=at)
        return self.get_response(request)


class ServiceTokenMiddleware:
    """Another program comes in by `Authorization: Bearer`; it is never a person, whatever cookies it brings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            request.user = AnonymousUser()
            request.service_token = service_token_find(token.strip(), at=clock.now())  # type: ignore[attr-defined]
        return self.get_response(request)
