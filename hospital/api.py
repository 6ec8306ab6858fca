"""How the API comes in and how it refuses: the same actor, rule and problems as the pages."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from hospital.kit.access import actor_of, require
from hospital.kit.problems import Invalid, NotFound, Problem, TooMany
from hospital.problem_pages import PageExpired, note_refusal

if TYPE_CHECKING:  # rest_framework.views itself imports this module, by its name in the settings
    from rest_framework.views import APIView


_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # as django.middleware.csrf


class ActorAuthentication(BaseAuthentication):
    """Takes the actor that the middleware found; a browser's session must bring its CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        raw: HttpRequest = request._request
        if getattr(raw, "service_token", False):
            return raw.user, None
        if not raw.user.is_authenticated:
            return None
        if request.method in _SAFE:  # what changes nothing needs no token
            return raw.user, None
        if not csrf_holds(raw):
            raise PageExpired
        return raw.user, None


def csrf_holds(raw: HttpRequest) -> bool:
    """Did the page that sent this come from us: token and cookie agree, and the origin is ours?"""
    check = CSRFCheck(lambda _: None)  # type: ignore[arg-type]
    check.process_request(raw)
    return not check.process_view(raw, lambda: HttpResponse(), (), {})


class Negotiation(DefaultContentNegotiation):
    """DRF's; who takes any kind, or just JSON, as programs do, gets the first renderer without more questions."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        plain = request.headers.get("Accept", "*/*") in ("*/*", first.media_type)
        if plain and not format_suffix and api_settings.URL_FORMAT_OVERRIDE not in request.GET:
            return first, first.media_type
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen


class ActorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema tells programs to come in: a browser by its session, a program by its token."""

    target_class = "hospital.api.ActorAuthentication"
    name = ["session", "serviceToken"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        session = {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
        return [session, {"type": "http", "scheme": "bearer"}]


class RulePermission(BasePermission):
    """The view's declared rule, asked once more where DRF dispatches."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        require(view, request.method or "GET", actor_of(request._request))
        return True


def problem_answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal as application/problem+json."""
    problem: Problem
    if isinstance(error, Problem):
        problem = error
    elif isinstance(error, Http404):
        problem = NotFound()
    elif isinstance(error, ValidationError):
        detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        problem = Invalid(fields={name: _sentence(value) for name, value in detail.items()})
    elif isinstance(error, ParseError):
        problem = Invalid(fields={"": str(error.detail)})
    elif isinstance(error, APIException):
        body = {"type": "about:blank", "code": error.default_code, "title": str(error.detail)}
        return Response(
            body | {"status": error.status_code}, status=error.status_code, content_type="application/problem+json"
        )
    else:
        return None
    note_refusal(context["request"]._request, problem)
    headers = {"Retry-After": str(problem.retry_after)} if isinstance(problem, TooMany) else None
    return Response(problem.as_dict(), status=problem.status, headers=headers, content_type="application/problem+json")


def _sentence(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}: {_sentence(part)}" for name, part in value.items())
    return " ".join(map(_sentence, value)) if isinstance(value, list) else str(value)
