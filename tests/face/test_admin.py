"""The administration in a browser: dressed, in Chinese, without a breach of the Content Security Policy (AG-04)."""

import pytest

from tests.browser import WORKSTATION
from tests.face.test_pages import violations

pytestmark = pytest.mark.browser


def test_the_administration_is_clean_under_the_strict_policy(cast, open_page):
    page = open_page(WORKSTATION, cast.admin)
    page.goto("/admin/")
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    assert page.locator("#site-name svg.icon").is_visible()
    header = page.locator("#header").evaluate("header => getComputedStyle(header).backgroundColor")
    assert header == "rgb(8, 64, 61)", "the header wears the brand colour of tokens.css"
    assert violations(page) == []
