"""The OpenAPI description is public, complete, without warnings, and says how a program is refused."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from hospital.api_schema import PROBLEM, codes
from hospital.kit.access import rules_of
from hospital.kit.doors import http_routes
from tests.browser import DESKTOP

VERBS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return dict(Client().get("/api/schema/", {"format": "json"}).json())


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(verb, path, found) for path, verbs in schema["paths"].items() for verb, found in verbs.items()
            if verb in VERBS]  # fmt: skip


def test_schema_lists_every_route_of_the_api(schema) -> None:
    assert schema["openapi"].startswith("3.")
    routes = {route.name: route for route in http_routes() if route.path.startswith("api/v1/")}
    assert len(operations(schema)) == sum(len(rules_of(route.callback)) for route in routes.values()) > 15


def test_it_is_made_without_a_warning_and_is_valid() -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=StringIO())


def test_each_operation_says_what_it_is_for_and_who_may_call(schema) -> None:
    for verb, path, found in operations(schema):
        assert found.get("summary") and len(found.get("description", "")) > 30, f"{verb} {path}"
        assert "May call: " in found["description"] and "Rule: `" in found["description"], f"{verb} {path}"


def test_each_operation_documents_its_refusals_by_stable_codes(schema) -> None:
    for verb, path, found in operations(schema):
        refusal = found["responses"]["default"]["content"][PROBLEM]["schema"]
        assert refusal == {"$ref": "#/components/schemas/Problem"}, f"{verb} {path}"
        assert "404" in found["responses"], f"{verb} {path}"
        assert ({} in found["security"]) == ("401" not in found["responses"]), f"{verb} {path}"
        assert (verb != "get") == ("Retry-After" in found["responses"].get("429", {}).get("headers", {})), (
            f"{verb} {path}"
        )
    listed = {one["code"] for one in schema["components"]["schemas"]["Problem"]["x-codes"]}
    assert {"not-found", "invalid", "idempotency-key-needed", "SEC-01-code"} <= listed


def test_codes_are_used_once() -> None:
    """A program that decides by a code must not meet two meanings of it."""
    from hospital.api_schema import _problems

    names: dict[str, set[str]] = {}
    for kind in _problems():
        names.setdefault(kind.code, set()).add(str(kind.title))
    assert {code: titles for code, titles in names.items() if len(titles) > 1} == {}
    assert len(codes()) == len(names) > 100


def test_a_write_that_makes_something_documents_the_idempotency_key(schema) -> None:
    made = [(path, found) for verb, path, found in operations(schema) if verb == "post" and "201" in found["responses"]]
    assert made
    for path, found in made:
        (key,) = [header for header in found["parameters"] if header["name"] == "Idempotency-Key"]
        assert key["required"] and key["description"], path


def test_the_refusal_that_is_documented_is_the_one_that_comes(db) -> None:
    answer = Client().get("/api/v1/me/")
    assert answer.status_code == 401 and answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "sign-in-needed"


@pytest.mark.browser
def test_the_page_works_under_the_strict_policy_without_a_network_outside(db, open_page) -> None:
    """The watch of open_page fails on any policy report, console error or request to another host."""
    page = open_page(DESKTOP)
    page.goto("/api/docs/")
    page.get_by_text("/api/v1/bookings/").first.wait_for()
    page.locator("#operations-v1-v1_bookings_create .opblock-summary-control").click()
    page.get_by_text("Idempotency-Key").first.wait_for()
    page.get_by_text("SEC-01-code", exact=True).wait_for()
