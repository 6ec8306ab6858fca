"""The demo hospital on the test's database, running, on a Monday morning."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser
from pytest_django.plugin import DjangoDbBlocker

from hospital.kit import clock
from hospital.organisation.models import SpecialDay
from hospital.organisation.seeding import DEMO_PASSWORD, DEMO_TOTP_KEY
from tests.browser import headless
from tests.drill import Drill, WallClock

from .day import Day
from .house import House


@dataclass(frozen=True)
class Monday:
    """The demo hospital's database, and the day that begins in it."""

    database: str
    day: date

    def at(self, moment: str) -> datetime:
        return clock.at_local(self.day, time.fromisoformat(moment))


def _coming_monday() -> date:
    """A Monday without a holiday in the days before it and the weeks after: those of the story are working days."""
    today = clock.today()
    day = today + timedelta(days=7 - today.weekday())
    while SpecialDay.objects.filter(day__range=(day - timedelta(days=4), day + timedelta(days=25))).exists():
        day += timedelta(days=7)
    return day


def _copy(name: str, source: str) -> None:
    """Make a database with what is in `source`; as Django's own test runner makes its databases."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')


def _drop(name: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _inside(name: str) -> Iterator[None]:
    """Django's own connection is to this database meanwhile."""
    database = connection.settings_dict
    connection.close()
    before, database["NAME"] = database["NAME"], name
    try:
        yield
    finally:
        connection.close()
        database["NAME"] = before


@pytest.fixture(scope="session")
def monday(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Monday]:
    """The database of the demo hospital at eight on a Monday: made once, each story lives on a copy of it."""
    tests = connection.settings_dict["NAME"]
    name = f"{tests}_monday"
    with django_db_blocker.unblock():
        _copy(name, tests)
        with _inside(name):
            call_command("load_catalogues")
            call_command("load_consent")
            made = Monday(name, _coming_monday())
            call_command("seed", "--size", "demo", "--at", made.at("08:00").isoformat())
    yield made
    with django_db_blocker.unblock():
        _drop(name)


@pytest.fixture
def house(tmp_path: Path, monday: Monday, transactional_db: None) -> Iterator[House]:
    name = f"{monday.database}_story"
    _copy(name, monday.database)
    with _inside(name):
        wall_clock = WallClock(tmp_path / "clock", monday.at("08:30"))
        drill = Drill(tmp_path, wall_clock)
        try:
            drill.start()
            yield House(drill, wall_clock, DEMO_PASSWORD, bytes.fromhex(DEMO_TOTP_KEY))
        finally:
            drill.stop()
    _drop(name)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of the stories alone: the event loop of a shared one would stay in the thread of the tests after them."""
    with headless() as browser:
        yield browser


@pytest.fixture
def day(house: House, chromium: Browser, tmp_path: Path) -> Iterator[Day]:
    """The same house seen in headless Chromium. TOUR=docs/tour takes the pictures of the README."""
    pictures = Path(os.environ["TOUR"]).resolve() if "TOUR" in os.environ else None
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    made = Day(chromium, house, pictures)
    try:
        yield made
    finally:
        for number, page in enumerate(made.pages):  # how each screen stood at the end, for whoever mends a break
            page.screenshot(path=tmp_path / f"end-{number}.png", full_page=True)
            page.context.close()
