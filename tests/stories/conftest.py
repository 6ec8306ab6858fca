"""The demo hospital on the test's database, running, on a Monday morning."""

import os
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser

from hospital.kit import clock
from hospital.organisation.seeding import DEMO_PASSWORD, DEMO_TOTP_KEY
from tests.drill import Drill, WallClock

from .day import Day
from .house import House


def _monday(moment: str) -> datetime:
    """A coming Monday: the story needs working days before it, and clinics that are seeded from there on."""
    today = clock.today()
    return clock.at_local(today + timedelta(days=7 - today.weekday()), time.fromisoformat(moment))


@pytest.fixture
def house(tmp_path: Path, transactional_db: None) -> Iterator[House]:
    call_command("load_catalogues")
    call_command("load_consent")
    call_command("seed", "--size", "demo", "--at", _monday("08:00").isoformat())
    wall_clock = WallClock(tmp_path / "clock", _monday("08:30"))
    drill = Drill(tmp_path, wall_clock)
    try:
        drill.start()
        yield House(drill, wall_clock, DEMO_PASSWORD, bytes.fromhex(DEMO_TOTP_KEY))
    finally:
        drill.stop()


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
