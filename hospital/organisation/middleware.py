"""Who acts in this request: account, profiles or posts, address. Built once, read by rules, policies and audit."""

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from hospital.kit import clock
from hospital.kit.actor import ANONYMOUS, Actor, Role

from . import selectors


def client_ip(request: HttpRequest) -> str:
    """The address of the client; as many hops of X-Forwarded-For are believed as there are proxies of ours (G21)."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return hops[-trusted]
    return str(request.META.get("REMOTE_ADDR", ""))


def device_mark(request: HttpRequest) -> str:
    """The browser by what it calls itself."""
    return hashlib.sha256(request.headers.get("User-Agent", "").encode()).hexdigest()[:16]


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = self._actor(request)  # type: ignore[attr-defined]
        return self.get_response(request)

    def _actor(self, request: HttpRequest) -> Actor:
        ip = client_ip(request)
        device = device_mark(request)
        request_id: str = getattr(request, "request_id", "")
        token = getattr(request, "service_token", None)
        if token is not None:
            return Actor(
                roles=frozenset({Role.SERVICE}), service=token.name, scopes=frozenset(token.scopes), ip=ip, device=device,
                request_id=request_id,
            )  # fmt: skip
        if not request.user.is_authenticated:
            return Actor(roles=ANONYMOUS.roles, ip=ip, device=device, request_id=request_id)
        return selectors.actor_for(request.user, at=clock.now(), ip=ip, device=device, request_id=request_id)
