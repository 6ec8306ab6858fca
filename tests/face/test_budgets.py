"""How much a phone must load, and whether the page stands still (budgets of the product, measured in Chromium).

First load at most 120 kB, a repeated one at most 25 kB, layout shift at most 0.02. The test server sends everything
uncompressed, so that what holds here holds better behind a server that compresses.
"""

import pytest
from playwright.sync_api import Page

from tests.browser import PHONE

pytestmark = pytest.mark.browser

FIRST, AGAIN, SHIFT = 120_000, 25_000, 0.02

WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.shifted += entry.value; })
  .observe({type: "layout-shift", buffered: true});
"""


def transferred(page: Page, path: str) -> int:
    """Bytes that came over the wire until the network was quiet, headers included."""
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(path, wait_until="networkidle")
    wire.detach()
    return sum(sizes)


@pytest.mark.parametrize("path", ["/", "/doctors/", "/pay/"])
def test_a_patients_page_stays_within_its_budget(cast, open_page, path):
    page = open_page(PHONE, cast.wang_fang)
    page.add_init_script(WATCH_SHIFTS)
    first = transferred(page, path)
    again = transferred(page, path)
    assert 10_000 < first <= FIRST, f"{path}: {first} bytes"
    assert 0 < again <= AGAIN, f"{path}: {again} bytes"
    assert page.evaluate("window.shifted") <= SHIFT
