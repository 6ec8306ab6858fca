"""Screens without a hand on them: many rooms take turns, nothing stands below the edge, and a lost server is said (A5)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from playwright.sync_api import Browser, Page, expect

from appointments import selectors
from appointments.models import Session
from hospital.kit import clock
from hospital.organisation.models import Staff
from tests.appointments.conftest import Clinic
from tests.cast import Cast

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 9, 0, tzinfo=clock.SHANGHAI)
SCREENS = [(1920, 1080), (1440, 900), (1366, 768), (1080, 1920)]


def room(number: int, at: datetime, **columns: Any) -> selectors.HallRoom:
    """A busy room with the longest of names, as a screen meets them."""
    session = Session(
        doctor=Staff(name="欧阳若华"), date=at.date(), room="门诊二楼国际医疗部专家诊室" if number % 3 == 2 else f"{number}诊室",
        during=DateTimeTZRange(at, at + timedelta(hours=3)),
    )  # fmt: skip
    values = {
        "called": "欧阳*华", "called_number": 100 + number, "called_again": number % 2 == 0, "called_at": None,
        "waiting": [(120 + place, "司马*文") for place in range(4)], "more": 23,
    } | columns  # fmt: skip
    return selectors.HallRoom(session=session, **values)


def test_every_room_has_its_turn_within_one_round_a5() -> None:
    rooms = [room(number, AT) for number in range(17)]
    seen: list[list[selectors.HallRoom]] = []
    for seconds in range(0, 30, 5):  # as often as a screen asks
        picture = selectors.hall_picture(rooms, at=AT + timedelta(seconds=seconds))
        assert len(picture.rooms) <= 8 and picture.of == 3
        assert len(picture.rooms) + len(picture.elsewhere) == 17
        seen.append(picture.rooms)
    shown = {one.session.room + str(one.called_number) for rooms in seen for one in rooms}
    assert len(shown) == 17
    assert [len(one) for one in seen[::2]] in ([6, 6, 5], [6, 5, 6], [5, 6, 6])  # not 8, 8 and 1
    assert seen[0] == seen[1] != seen[2]


def test_eight_rooms_stand_still_and_need_no_line_of_calls_a5() -> None:
    rooms = [room(number, AT, called_at=AT) for number in range(8)]
    for seconds in (0, 10, 20):
        picture = selectors.hall_picture(rooms, at=AT + timedelta(seconds=seconds))
        assert picture.rooms == rooms and picture.of == 1 and not picture.calls


def test_who_is_called_in_a_room_that_is_not_shown_stands_above_the_rooms_for_two_minutes_a5() -> None:
    rooms = [room(number, AT) for number in range(9)]
    rooms[8] = room(8, AT, called_at=AT)
    rooms[0] = room(0, AT, called_at=AT + timedelta(seconds=5))
    for seconds in (5, 15, 60):
        picture = selectors.hall_picture(rooms, at=AT + timedelta(seconds=seconds))
        assert picture.calls == [rooms[0], rooms[8]]  # the newest first, whichever picture stands
    assert not selectors.hall_picture(rooms, at=AT + timedelta(seconds=126)).calls


def test_room_two_stands_before_room_ten(clinic: Clinic, cast: Cast) -> None:
    for doctor, name in ((cast.doctor_li, "10诊室"), (cast.head, "2诊室"), (cast.other_doctor, "A3")):
        clinic.open(clinic.roster(doctor, clinic.day, "14:00", "15:00", room=name))
    at = clinic.session.starts_at + timedelta(hours=5)
    assert [one.name for one in selectors.hall_rooms(cast.oncology.pk, at=at)] == ["2诊室", "10诊室", "A3"]


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """So many busy rooms at the department, whatever the hour of the test; one of them called just now."""

    def fill(number: int) -> None:
        def rooms(department_id: int, *, at: datetime, **options: Any) -> list[selectors.HallRoom]:
            return [room(one, at, called_at=at if one < 5 else None) for one in range(number)]

        monkeypatch.setattr(selectors, "hall_rooms", rooms)

    return fill


# Whatever of the page or of a room stands outside what is seen; a wall has no hand that scrolls.
_OUTSIDE = """() => [
  document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight,
  ...[...document.querySelectorAll("main, #hall, .hall__room, .hall__rooms")].map((one) => one.scrollHeight - one.clientHeight),
].filter((more) => more > 1)"""


@pytest.mark.browser
def test_no_number_of_rooms_overflows_any_screen_a5(cast: Cast, open_page: Any, busy: Callable[[int], None]) -> None:
    url = f"/hall/{cast.oncology.pk}/"
    page: Page = open_page(SCREENS[0])
    for number in (1, 2, 3, 4, 6, 8, 16, 31):
        busy(number)
        page.goto(url)
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(_OUTSIDE) == [], (number, width, height)
            expect(page.locator(".hall__room").last).to_be_in_viewport(ratio=0.99)
        assert page.locator(".hall__turn").count() == (number > 8)
        assert page.locator(".hall__calls").count() == (number > 8)


@pytest.mark.browser
@pytest.mark.parametrize("path", ["", "room/?name=3诊室"])
def test_a_screen_says_that_the_server_is_lost_and_comes_back_by_itself_a5(
    cast: Cast, chromium: Browser, live_server: Any, busy: Callable[[int], None], path: str
) -> None:
    busy(2)
    page = chromium.new_page()  # not open_page, which takes a failed request for a fault of the page
    page.clock.install()
    page.goto(f"{live_server.url}/hall/{cast.oncology.pk}/{path}")
    lost, picture = page.locator("[data-lost]"), page.locator("[data-live]")
    expect(lost).to_be_hidden()

    def poll_is(answered: Callable[[Any], Any]) -> None:
        page.unroute_all()
        page.route("**/hall/**", answered)
        page.clock.run_for(5_000)

    poll_is(lambda route: route.abort("connectionrefused"))  # nobody listens
    expect(lost).to_be_visible()
    assert "is-old" in (picture.get_attribute("class") or "")
    expect(page.locator(".toast")).to_have_count(0)  # nobody could close it
    poll_is(lambda route: route.continue_())
    expect(lost).to_be_hidden()
    poll_is(lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))  # the proxy speaks for it
    expect(lost).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Bad Gateway")
    poll_is(lambda route: route.continue_())
    expect(lost).to_be_hidden()
    poll_is(lambda route: None)  # the line is open and nobody answers
    expect(lost).to_be_visible(timeout=60_000)
    poll_is(lambda route: route.continue_())
    expect(lost).to_be_hidden()
    page.close()
