"""Live is not ready: live says that the process answers, ready says that the house can keep its promises (G31).

    /livez                 restart a process that doesn't answer it
    /readyz                somebody must look: 503 when anything is ill
    /readyz?for=serving    may this process get requests: 503 without database, schema or disk; a container asks this

Strangers read no cause; staff do, and the log.
"""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from hospital.kit import clock, health
from hospital.kit.access import actor_of, public

log = logging.getLogger(__name__)


@public("health.live", "asked by the load balancer")
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"live": True})


@public("health.ready", "asked by the load balancer; names no cause to strangers")
def ready(request: HttpRequest) -> JsonResponse:
    """Only after the middleware below has found that the database answers: who asks is known by it."""
    return _answer(_ills(request), show=actor_of(request).is_staff)


def _ills(request: HttpRequest) -> dict[str, str]:
    return health.ills(clock.now(), serving_only=request.GET.get("for") == "serving")


def _answer(ills: dict[str, str], *, show: bool) -> JsonResponse:
    for name, reason in ills.items():
        log.error("not ready: %s: %s", name, reason)
    body = {"ready": not ills} | ({"ill": ills} if show and ills else {})
    return JsonResponse(body, status=503 if ills else 200, headers={"Cache-Control": "no-store"})


class HealthMiddleware:
    """Answers before anything else asks the database who comes: a probe must not hang with what it probes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/livez" and request.method == "GET":
            return live(request)
        if request.path == "/readyz" and request.method == "GET":
            known = {probe.name: probe for probe in health.registered()}
            if reason := known["database"].ask(clock.now()):
                return _answer({"database": reason}, show=False)
            if not request.COOKIES:  # a load balancer, or nobody whom we know
                return _answer(_ills(request), show=False)
        return self.get_response(request)
