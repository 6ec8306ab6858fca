"""A headless browser for the tests: one Chromium and one live server for the whole run, a fresh profile per page.

    @pytest.mark.browser
    def test_a_patient_books(cast, open_page):
        page = open_page(PHONE, cast.wang_fang)
        page.goto("/doctors/")
        page.get_by_role("link", name="李建国").click()
        page.wait_for_url("**/doctors/*/")

Wait on conditions (`wait_for_url`, `expect(...)`), never for a time. Every page is watched: a console error, a script
error, a Content Security Policy report, a failed request or a request to another host fails the test that opened it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.cast import Person, client_for

Size = tuple[int, int]
PHONE: Size = (390, 844)
DESKTOP: Size = (1280, 900)
WORKSTATION: Size = (1440, 900)
TABLET: Size = (1024, 768)

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 90_000  # milliseconds: against waiting for ever. How fast a page must be is never asked by its waiting.
expect.set_options(timeout=PATIENCE)


@dataclass
class Watch:
    """What went wrong on the pages of one test, and what they loaded."""

    host: str
    faults: list[str] = field(default_factory=list)
    bytes_received: dict[str, int] = field(default_factory=dict)

    def over(self, page: Page) -> None:
        page.on("console", lambda line: self._console(line))
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("request", lambda request: self._request(request.url))
        page.on("requestfailed", lambda request: self._failed(request))

    def _console(self, line: Any) -> None:
        # A refusal (4xx) that the page shows is no fault of the page; the browser logs it all the same.
        if line.type == "error" and "Failed to load resource" not in line.text:
            self.faults.append(f"console: {line.text}")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.host:
            self.faults.append(f"request to another host: {url}")

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # left the page, or a newer search replaced it
            self.faults.append(f"failed: {request.url} {request.failure}")


@contextmanager
def headless() -> Iterator[Browser]:
    # Playwright runs an event loop in this thread; Django would take every query of the test for one made inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with headless() as browser:
        yield browser


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, live_server: Any) -> Iterator[OpenPage]:
    """open_page(PHONE, cast.wang_fang, language="en", care=True, touch=True) -> a page on the live server.

    Without a person nobody is signed in. Further options go to the browser's context (offline, java_script_enabled...).
    """
    contexts = []
    watch = Watch(host=urlsplit(live_server.url).netloc)

    def opened(
        size: Size = PHONE, person: Person | None = None, *, language: str = "", care: bool = False, **options: Any
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        cookies = {name: morsel.value for name, morsel in client_for(person).cookies.items()}
        if language:
            cookies[settings.LANGUAGE_COOKIE_NAME] = language
        if care:
            cookies["ih_care"] = "1"
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        watch.over(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not watch.faults, "\n".join(watch.faults)


def look(page: Page, name: str, folder: Path | str | None = None, *, full: bool = True) -> Path:
    """Keep a picture of the page as <folder>/<name>.png (folder: LOOK_DIR of the environment, or var/looks)."""
    place = Path(folder or os.environ.get("LOOK_DIR") or settings.VAR_DIR / "looks")
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}.png"
    page.screenshot(path=path, full_page=full)
    return path
