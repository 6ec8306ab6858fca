"""Looking at a page in a walk by hand: nothing runs over its edge; with LOOK_DIR in the environment a picture is kept."""

import os

from playwright.sync_api import Page

from tests.browser import look


def nothing_runs_over(page: Page) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth") <= 0, page.url


def seen(page: Page, name: str, *, also: tuple[int, int] | None = None) -> None:
    """`also`: looked at in this size too, without going anywhere."""
    nothing_runs_over(page)
    if os.environ.get("LOOK_DIR"):
        look(page, name)
    if also is not None:
        here = page.viewport_size
        assert here is not None
        page.set_viewport_size({"width": also[0], "height": also[1]})
        seen(page, f"{name}-{also[0]}")
        page.set_viewport_size(here)
