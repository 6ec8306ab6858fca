"""G12: each door gives each person of the cast the declared answer, and refusals change and tell nothing."""

import pytest

from hospital.audit import doors
from hospital.kit.access import Rule
from hospital.kit.doors import Route
from tests.access import matrix, subjects
from tests.cast import Cast

FACTORIES = subjects.load()
DOORS = [
    pytest.param(route, verb, rule, id=f"{verb}-{route.name}")
    for route in doors.all_routes()
    if not route.is_socket and not route.is_admin
    for verb, rule in sorted(route.rules.items())
]


@pytest.mark.parametrize(("route", "verb", "rule"), DOORS)
def test_each_person_gets_the_declared_answer(route: Route, verb: str, rule: Rule, cast: Cast) -> None:
    everyone = matrix.visitors(cast)
    cases = matrix.cases_of(route, rule, cast, FACTORIES, everyone)
    verdict = matrix.try_door(route, verb, rule, cases, everyone)
    assert verdict.faults == []


def test_administration_is_for_administrators_alone(cast: Cast) -> None:
    """The admin's doors need no subject: whoever isn't an administrator is refused before any object is looked for."""
    admin_doors = [route for route in doors.all_routes() if route.is_admin]
    assert admin_doors
    everyone = matrix.visitors(cast)
    outsiders = [visitor for visitor in everyone if visitor.name != "admin"]
    faults: list[str] = []
    for route in admin_doors:
        url = "/" + _filled(route)
        for verb in ("GET", "POST"):
            for visitor in outsiders:
                outcome = matrix.knock(visitor, url, verb, subjects.Case("any", {}, may=()))
                if outcome.status not in (401, 404) or outcome.changed:
                    faults.append(f"{verb} {url} as {visitor.name}: {outcome.status} {outcome.changed}")
    assert faults == []


def _filled(route: Route) -> str:
    import re

    path = re.sub(r"<[^>]*>", "1", route.path)
    return (
        path.replace("(?P", "1")
        .rstrip("$)")
        .replace("^", "")
        .replace("\\Z", "")
        .replace(".*", "x")
        .replace("(?P<url>", "")
    )
