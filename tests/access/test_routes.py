"""The three red lines of G12: no door without a rule, no rule without a door, no public door that isn't listed."""

from typing import Any

from django.http import HttpResponse
from django.urls import path
from django.views import View

from hospital.audit import doors
from hospital.kit import access
from hospital.kit import doors as kit_doors
from hospital.kit.access import public, rule
from hospital.kit.actor import PATIENTS
from hospital.public_routes import PUBLIC_ROUTES
from tests.access import subjects


def test_every_door_is_declared() -> None:
    assert [str(fault) for fault in doors.check_access()] == []


def test_the_walk_sees_pages_admin_api_and_health() -> None:
    """Power of the walk: it finds doors of each kind."""
    found = {route.path for route in doors.all_routes()}
    assert {"livez", "admin/", "admin/logout/"} <= found
    assert any(path.startswith("api/v1/") for path in found)


def test_every_subject_has_a_factory() -> None:
    """A route with an id whose rule names a subject that nobody makes fails here."""
    factories = subjects.load()
    named = {rule.subject for route in doors.all_routes() for rule in route.rules.values() if rule.subject}
    assert sorted(named - factories.keys()) == []
    assert sorted(factories.keys() - named) == [], "factories that no rule names"


# --- the walk itself can fail: each fault planted, each found ----------------------------------------------------


def undeclared(request: Any) -> HttpResponse:
    return HttpResponse()


@rule("planted.twin", PATIENTS)
class HalfDeclared(View):
    def get(self, request: Any) -> HttpResponse:
        return HttpResponse()

    def post(self, request: Any) -> HttpResponse:
        return HttpResponse()


@rule("planted.no_code", PATIENTS, methods=["GET", "DELETE"])
class TooMuchDeclared(View):
    def get(self, request: Any) -> HttpResponse:
        return HttpResponse()


@public("planted.open", "planted")
def open_door(request: Any) -> HttpResponse:
    return HttpResponse()


@rule("planted.with_id", PATIENTS)
def with_id(request: Any, pk: int) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("undeclared/", undeclared),
    path("half/", HalfDeclared.as_view()),
    path("too-much/", TooMuchDeclared.as_view()),
    path("open/", open_door),
    path("with-id/<int:pk>/", with_id),
]


def test_planted_faults_of_declaration_are_found() -> None:
    lost = access.Rule("planted.lost", PATIENTS, frozenset({"GET"}))
    found = kit_doors.faults(kit_doors.http_routes(__name__), ["planted.gone"], [lost])
    texts = [str(fault.msg) for fault in found]
    for part in ["undeclared/", "answers POST without", "declares DELETE", "planted.open is public", "planted.gone",
                 "planted.lost belongs to no route", "must name a subject"]:  # fmt: skip
        assert sum(part in text for text in texts) == 1, (part, texts)
    assert len(texts) == 7


def test_public_list_is_short_enough_to_read() -> None:
    assert len(PUBLIC_ROUTES) < 60
