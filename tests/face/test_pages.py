"""The pages of the face in a real browser: no axe violation, nothing from another host, a clean console (AG-04)."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser import DESKTOP, PHONE, TABLET, WORKSTATION, Watch

pytestmark = pytest.mark.browser


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {node['target']} {node['failureSummary']}" for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_stranger_meets_clean_pages(cast, open_page, size, language):
    page = open_page(size, language=language)
    for path in ["/", "/about/", "/styleguide/", "/nothing-here/", "/me/"]:
        page.goto(path)
        assert violations(page) == [], path


def test_care_mode_pages_are_clean(cast, open_page):
    page = open_page(PHONE, care=True)
    for path in ["/", "/about/", "/styleguide/"]:
        page.goto(path)
        assert violations(page) == [], path


def test_a_patient_meets_clean_pages(cast, open_page):
    page = open_page(PHONE, cast.wang_fang)
    for path in ["/", "/me/", "/forms/"]:
        assert page.goto(path).status == 200
        assert violations(page) == [], path


@pytest.mark.parametrize("size", [WORKSTATION, TABLET], ids=["workstation", "tablet"])
def test_a_doctor_meets_clean_pages(cast, open_page, size):
    page = open_page(size, cast.doctor_li)
    for path in ["/staff/", "/staff/command/?q=a", "/styleguide/?frame=staff"]:
        page.goto(path)
        assert violations(page) == [], path


def test_the_watch_and_axe_see_faults(cast, chromium, live_server):
    """The control of the tests above: what they promise to notice is noticed."""
    page = chromium.new_page()
    watch = Watch(host="elsewhere.example")
    watch.over(page)
    page.goto(f"{live_server.url}/")
    page.locator("main").evaluate('main => { main.innerHTML += \'<p style="color:red">x</p><img src="data:,">\' }')
    try:
        assert any("another host" in fault for fault in watch.faults)
        assert any("Content Security Policy" in fault for fault in watch.faults)
        assert any(fault.startswith("image-alt") for fault in violations(page))
    finally:
        page.close()
