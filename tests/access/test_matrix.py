"""G12: each door gives each person of the cast the declared answer, and refusals change and tell nothing."""

import itertools

import pytest

from hospital.audit import doors
from hospital.kit.access import Rule
from hospital.kit.actor import Role
from hospital.kit.doors import Route
from tests.access import matrix, subjects
from tests.access.conftest import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def _django_db_helper(house: House) -> None:
    """Takes the place of pytest-django's transaction for each test: the house keeps one for all its doors."""


FACTORIES = subjects.load()
DOORS = [
    pytest.param(route, verb, rule, id=f"{verb}-{route.name}")
    for route in doors.all_routes()
    if not route.is_socket and not route.is_admin
    for verb, rule in sorted(route.rules.items())
]


@pytest.mark.parametrize(("route", "verb", "rule"), DOORS)
def test_each_person_gets_the_declared_answer(route: Route, verb: str, rule: Rule, house: House) -> None:
    with house.door() as (cast, everyone):
        cases = matrix.cases_of(route, rule, cast, FACTORIES, everyone)
        verdict = matrix.try_door(route, verb, rule, cases, everyone)
    assert verdict.faults == []


SOCKETS = [pytest.param(route, id=route.name) for route in doors.all_routes() if route.is_socket]


@pytest.mark.parametrize("route", SOCKETS)
def test_each_socket_lets_in_whom_its_rule_says(route: Route, house: House) -> None:
    (rule,) = route.rules.values()
    with house.door() as (cast, everyone):
        cases = matrix.cases_of(route, rule, cast, FACTORIES, everyone)
        assert matrix.try_socket(route, rule, cases, everyone).faults == []


def test_administration_is_for_administrators_alone(house: House) -> None:
    """The admin's doors need no subject: whoever isn't an administrator is refused before any object is looked for.

    The gate is one for all doors and asks for the role alone: at each door stand every kind of nobody and a few of the others,
    who take turns.
    """
    admin_doors = [route for route in doors.all_routes() if route.is_admin]
    assert admin_doors
    faults: list[str] = []
    with house.door() as (_, everyone):
        outsiders = _one_of_each([visitor for visitor in everyone if visitor.name != "admin"])
        nobody = [visitor for visitor in outsiders if Role.ANONYMOUS in visitor.roles]
        turns = itertools.cycle([visitor for visitor in outsiders if visitor not in nobody])
        for route in admin_doors:
            url, before = "/" + _filled(route), matrix.counters()
            callers = [*nobody, *itertools.islice(turns, 4)]
            for verb in ("GET", "POST"):
                for visitor in callers:
                    answer, _ = matrix.ask(visitor, url, verb, subjects.Case("any", {}, may=()))
                    if answer.status_code not in (401, 404):
                        faults.append(f"{verb} {url} as {visitor.name}: {answer.status_code}")
            if changed := set(matrix.moved_since(before)) - matrix.MAY_CHANGE:
                faults.append(f"{url}: {changed}")
    assert faults == []


def _one_of_each(everyone: list[matrix.Visitor]) -> list[matrix.Visitor]:
    """One per set of roles, which is all that the admin's rule asks for, and every kind of nobody."""
    found: dict[object, matrix.Visitor] = {}
    for visitor in everyone:
        found.setdefault(visitor.name if Role.ANONYMOUS in visitor.roles else visitor.roles, visitor)
    return list(found.values())


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
