"""Where refusals become answers, and where the door is: the two outermost rules of every request.

A Problem raised anywhere below becomes a page, an htmx fragment or an RFC 9457 body with the same code, reason and
next step. AccessMiddleware asks the view's declared rule before the view runs (hospital/kit/access.py).
"""

import logging
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db import InterfaceError, OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _

from hospital.audit.services import record
from hospital.kit import access, clock
from hospital.kit.problems import Forbidden, NotFound, Problem, SignInNeeded, TooMany
from hospital.people import sessions
from hospital.people.errors import ConfirmNeeded

log = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class PageExpired(Problem):
    """The CSRF token is missing or old."""

    code = "page-expired"
    status = 403
    title = _("This page has expired")
    next_step = _("Reload the page and try again; you may have to sign in.")


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.get_preferred_type(["text/html", "application/json"]) == (
        "application/json"
    )


def note_refusal(request: HttpRequest, problem: Problem) -> None:
    """Leave one security line of a refusal at a private route (G12): a signed-in person's in the audit trail.

    A stranger's goes to the log only, or anybody could fill a table that never shrinks.
    """
    match = request.resolver_match
    log.info("refused %s on %s", problem.code, match and match.view_name)
    if match is None or not isinstance(problem, (NotFound, Forbidden, access.Undeclared)):
        return
    if isinstance(problem, ConfirmNeeded):
        return  # no refusal: the person proves who they are and goes on
    found = access.rules_of(match.func).get(request.method or "GET")
    actor = access.actor_of(request)
    if (actor.account_id is None and not actor.is_system) or (found is not None and found.is_public):
        return
    target = " ".join(
        [str(request.method), match.view_name, *(f"{key}={value}" for key, value in match.kwargs.items())]
    )
    with transaction.atomic():
        record(actor, "access.refused", at=clock.now(), outcome=problem.code, reason=target[:500])


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as this client reads it."""
    note_refusal(request, problem)
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(problem.as_dict(), status=problem.status, content_type="application/problem+json")
    elif isinstance(problem, ConfirmNeeded) and not getattr(request, "htmx", False):
        back = (
            request.get_full_path() if request.method == "GET" else urlsplit(request.headers.get("Referer", "/")).path
        )
        response = redirect(f"{reverse('people:confirm')}?{urlencode({'next': back})}")
    elif isinstance(problem, SignInNeeded):
        from hospital.people.views import sign_in_page

        response = sign_in_page(request, status=problem.status)
    else:
        htmx = bool(getattr(request, "htmx", False))
        template = "problem_fragment.html" if htmx else "problem.html"
        response = render(request, template, {"problem": problem}, status=problem.status)
    if isinstance(problem, access.MethodNotAllowed):
        response["Allow"] = ", ".join(problem.allowed)
    if isinstance(problem, TooMany):
        response["Retry-After"] = str(problem.retry_after)
    add_never_cache_headers(response)
    return response


class ProblemMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Problem):
            return answer(request, error)
        if isinstance(error, Http404):
            return answer(request, NotFound())
        return None


class AccessMiddleware:
    """Default deny: asks the rule of the resolved view; adds no-store to everything that isn't public."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        found: access.Rule | None = getattr(request, "access_rule", None)
        if found is None or not found.is_public:
            response.setdefault("Cache-Control", "no-store, private")
        return response

    def process_view(
        self, request: HttpRequest, callback: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        try:
            found = access.require(callback, request.method or "GET", access.actor_of(request))
        except Problem as problem:
            return answer(request, problem)
        request.access_rule = found  # type: ignore[attr-defined]
        if found.sign_in_fresh and not sessions.is_fresh(request, at=clock.now()):
            return answer(request, ConfirmNeeded())
        return None


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, PageExpired())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Nothing here asks the database: it may be what is away. Then it is a 503, and the same again may well succeed."""
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if away else 500
    response: HttpResponse
    if wants_json(request):
        body = {"type": "about:blank", "code": "away" if away else "broken", "status": status}
        response = JsonResponse(body, status=status, content_type="application/problem+json")
    else:
        response = HttpResponse(loader.get_template("500.html").render(), status=status)
    if away:
        response["Retry-After"] = "10"
    add_never_cache_headers(response)
    return response


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Forbidden())
