"""An answer as the API gives it: the same body, and the headers that the house's middleware puts on every answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string
from rest_framework.renderers import JSONRenderer

from appointments.api.views import Bookings
from hospital.audit.replies import Reply
from hospital.kit.access import rules_of
from hospital.kit.problems import Problem
from hospital.problem_pages import note_refusal, server_error

from .asked import PATH, Asked

# Middleware that only puts headers on an answer: it runs once for each kind of answer, and its headers are kept.
DRESSES = frozenset(
    {
        "django.middleware.security.SecurityMiddleware",
        "hospital.content_policy.ContentPolicyMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "hospital.problem_pages.AccessMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    }
)
_SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
# Middleware that has nothing to say to such a request, or whose questions asked.py and crowd.py ask.
ANSWERED = frozenset(
    {
        "hospital.people.middleware.RequestIdMiddleware",
        "hospital.health.HealthMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        _SESSION,
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "hospital.people.middleware.SecondFactorMiddleware",
        "hospital.people.middleware.SessionGuardMiddleware",
        "hospital.people.middleware.ServiceTokenMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django_htmx.middleware.HtmxMiddleware",
        "hospital.organisation.middleware.ActorMiddleware",
        "hospital.problem_pages.ProblemMiddleware",
        "simple_history.middleware.HistoryRequestMiddleware",
    }
)
Header = tuple[bytes, bytes]
Handler = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: list[Header]
    body: bytes


def held(one: Asked, reply: Reply) -> Answer:
    """A place, or what was answered to this key before."""
    body: bytes = JSONRenderer().render(reply.body)
    location = f"{PATH}{reply.body['id']}/".encode()
    return _answer(one, reply.status, "application/json", body, [(b"Location", location)])


def refused(one: Asked, problem: Problem) -> Answer:
    one.request.resolver_match = _match()
    note_refusal(one.request, problem)
    with translation.override(one.language):
        body: bytes = JSONRenderer().render(problem.as_dict())
    return _answer(one, problem.status, "application/problem+json", body, [])


def away(one: Asked) -> Answer:
    """Inside an `except`: the database is away (hospital.problem_pages.server_error)."""
    said = server_error(one.request)
    return Answer(said.status_code, [*_headers(said), _request_id(one)], said.content)


def _answer(one: Asked, status: int, kind: str, body: bytes, own: list[Header]) -> Answer:
    head = _head(one.request.is_secure(), one.language, status, kind, one.request)
    own = [*own, (b"Content-Length", b"%d" % len(body)), _request_id(one)]
    if one.request.session.modified:
        own.append((b"Set-Cookie", _session_cookie(one.request).encode("latin-1")))
    return Answer(status, [*head, *own], body)


def _request_id(one: Asked) -> Header:
    return b"X-Request-Id", str(one.request.request_id).encode()  # type: ignore[attr-defined]


def _session_cookie(request: HttpRequest) -> str:
    """As the session middleware renews it."""
    bearer, same_site = (
        HttpResponse(),
        cast("Literal['Lax', 'Strict', 'None', False]", settings.SESSION_COOKIE_SAMESITE),
    )
    bearer.set_cookie(
        settings.SESSION_COOKIE_NAME, str(request.session.session_key), max_age=request.session.get_expiry_age(),
        domain=settings.SESSION_COOKIE_DOMAIN, path=settings.SESSION_COOKIE_PATH, secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY, samesite=same_site,
    )  # fmt: skip
    return bearer.cookies[settings.SESSION_COOKIE_NAME].OutputString()


_heads: dict[tuple[Any, ...], list[Header]] = {}


def _head(secure: bool, language: str, status: int, kind: str, request: HttpRequest) -> list[Header]:
    known = _heads.get((secure, language, status, kind))
    if known is None:
        request.access_rule = rules_of(_match().func)["POST"]  # type: ignore[attr-defined]
        view = Bookings()
        view.setup(request)
        request.lane_answer = HttpResponse(  # type: ignore[attr-defined]
            status=status, content_type=kind, headers={"Allow": ", ".join(view.allowed_methods)}
        )
        with translation.override(language):
            dressed = _chain()(request)
        del dressed["Content-Length"]
        known = _heads[secure, language, status, kind] = _headers(dressed)
    return known


def _headers(response: HttpResponse) -> list[Header]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]


@cache
def _match() -> ResolverMatch:
    return resolve(PATH)


@cache
def _chain() -> Handler:
    handler: Handler = lambda request: request.lane_answer  # type: ignore[attr-defined]  # noqa: E731
    for name in reversed(settings.MIDDLEWARE):
        if name in DRESSES:
            handler = import_string(name)(handler)
        elif name == _SESSION:
            handler = _varies(handler)
    return handler


def _varies(handler: Handler) -> Handler:
    """What the session middleware says of an answer to somebody who is signed in."""

    def varied(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        patch_vary_headers(response, ("Cookie",))
        return response

    return varied
