"""Each page of the house, as each person whom its rule lets in: axe finds nothing, focus shows, nothing overflows,
and every link on it opens for who sees it.

The list of pages is the list of routes (AG-02, AG-04). Forms are handed in empty as well, so that what they answer is
seen too: an error is linked to its field and announced. A route of which no page was seen must be named in NO_PAGE.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser

from hospital.audit import doors
from hospital.kit.access import Rule
from hospital.kit.doors import Route
from tests.access import matrix, subjects
from tests.access.conftest import House, house
from tests.browser import PHONE
from tests.cast import give_password
from tests.face import walk

__all__ = ["house"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

# Doors that answer no page to anybody: files, fragments of a page, answers to programs, redirects.
NO_PAGE = {
    # to programs
    "livez", "readyz", "forms:concepts", "consult:messages", "organisation_staff:concepts",
    "appointments:kiosk_pay_state", "appointments_staff:desk_pay_state",
    # fragments of pages that are looked at
    "people:card_qr", "billing:order_state", "billing_staff:room_state", "appointments:visit_queue", "emr_staff:icd10",
    "emr_staff:patient_360",
    # behind a card that was read at the kiosk: test_kiosk.py looks at them
    "appointments:kiosk_visits", "appointments:kiosk_slip",
    # on to another page
    "people:sign_in_code", "people:wechat", "billing:insured_back", "billing:back_unionpay",
    # files
    "emr:report_pdf", "treatment:slip_pdf", "consult_staff:picture", "consult:picture", "billing:receipt_pdf",
    "appointments:exam_pdf", "billing_staff:cases_export", "billing_staff:daily_export", "billing_staff:analysis_export",
    # the second step of signing in, which nobody of the cast stands at: looked at below
    "people_staff:second_factor", "people_staff:enrol",
}  # fmt: skip
# At 320 px a desktop of 1280 px at 400 %; at 720 px a workstation at 200 % (WCAG 1.4.10, 1.4.4).
NARROW_PATIENT, NARROW_STAFF = 320, 720

# Doors for programs, and pages that other people made.
ELSEWHERE = {"schema", "api_docs", "admin"}

FACTORIES = subjects.load()


def _is_elsewhere(name: str) -> bool:
    room = name.split(":")[0]
    return room in ELSEWHERE or room.endswith("_api")


DOORS = [
    pytest.param(route, verb, rule, id=f"{verb}-{route.name}")
    for route in doors.all_routes()
    if not route.is_socket and not route.is_admin and not _is_elsewhere(route.name)
    for verb, rule in sorted(route.rules.items())
    if verb in {"GET", "POST"}
]


@pytest.fixture
def _django_db_helper(house: House) -> None:
    """Takes the place of pytest-django's transaction for each test: the house keeps one for all its doors."""


@pytest.fixture(autouse=True)
def _wechat_is_set_up(settings: Any) -> None:
    """As in the demo; without it the way to WeChat is a page that says so."""
    settings.WECHAT_APP_ID = "wx0000000000000001"


@pytest.fixture(scope="module")
def walker(chromium: Browser) -> Iterator[walk.Walker]:
    found = walk.Walker(chromium)
    yield found
    found.close()


@pytest.fixture(scope="module")
def seen() -> set[Any]:
    """What was looked at already: a refusal, or a form's own page, looks the same behind many doors."""
    return set()


@pytest.fixture(scope="module")
def tried() -> set[tuple[str, str]]:
    """Who opened which kind of door by a link."""
    return set()


@pytest.mark.parametrize(("route", "verb", "rule"), DOORS)
def test_its_pages_are_clean(
    route: Route, verb: str, rule: Rule, house: House, walker: walk.Walker, seen: set[Any], tried: set[tuple[str, str]]
) -> None:
    pages, faults = 0, []
    with house.door() as (cast, everyone):
        cases = matrix.cases_of(route, rule, cast, FACTORIES, everyone)
        for case, path, visitor in walk.visits(route, rule, cases, everyone):
            client = walk.browser_of(visitor)
            answer = client.get(path, dict(case.query or {})) if verb == "GET" else client.post(path, {})
            if not walk.is_page(answer):
                continue
            pages += 1
            shape = walk.shape_of(answer)
            if shape in seen and pages > 1:
                continue
            seen.add(shape)
            where = f"{verb} {path} [{case.relation}] as {visitor.name}"
            faults += [f"{where}: {dead}" for dead in walk.dead_links(client, answer, visitor.name, tried)]
            faults += [f"{where}: {fault}" for fault in look(walker, client, answer, path, where)]
    assert faults == []
    if verb == "GET":
        assert (pages == 0) == (route.name in NO_PAGE), f"{pages} pages of {route.name}"


def test_the_second_step_of_signing_in_is_clean(house: House, walker: walk.Walker) -> None:
    """For who has a second factor and for who must enrol one; both again after a wrong code."""
    with house.door() as (cast, _everyone):
        cast.nurse.device.delete()
        faults = []
        for person, name in ((cast.doctor_li, "second_factor"), (cast.nurse, "enrol")):
            give_password(person, "a long enough password")
            client = Client()
            data = {"name": person.staff.number, "password": "a long enough password"}
            assert client.post(reverse("people_staff:sign_in"), data).status_code == 302
            path = reverse(f"people_staff:{name}")
            for answer in (client.get(path), client.post(path, {"token": ""})):
                assert walk.is_page(answer)
                faults += look(walker, client, answer, path, f"{path} {answer.status_code}")
    assert faults == []


def look(walker: walk.Walker, client: Any, answer: Any, path: str, name: str) -> list[str]:
    size = walk.frame_of(answer)
    walker.show(client, answer, path, size)
    walker.keep(name)
    assert walker.page.locator("html").get_attribute("lang") == "zh-hans"
    return walker.faults(size, NARROW_PATIENT if size == PHONE else NARROW_STAFF)
