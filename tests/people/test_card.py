"""H2: the square code is taken for two minutes at most, and the page says when it has become too old."""

from datetime import timedelta

import pytest

from hospital.kit import clock
from hospital.people import card
from tests.browser import PHONE


def test_a_code_is_good_until_it_says_so_and_no_longer() -> None:
    at = clock.now()
    until = card.good_until(at)
    assert timedelta(seconds=60) < until - at <= timedelta(seconds=120)
    code = card.code_at("912345678901", at)
    assert card.number_of(code, until - timedelta(seconds=1)) == "912345678901"
    assert card.number_of(code, until) is None


@pytest.mark.browser
def test_without_a_network_the_page_owns_up_and_the_bars_stay(cast, open_page) -> None:
    page = open_page(PHONE, cast.wang_fang)
    page.clock.install()
    page.goto("/card/")
    code, note = page.locator("#card-qr img"), page.locator("[data-stale]")
    assert code.is_visible() and note.is_hidden()
    page.locator("#card-qr").evaluate("code => code.setAttribute('hx-trigger', 'never') || htmx.process(code)")
    page.route("**/qr/", lambda route: route.abort("aborted"))  # the network is gone
    page.clock.run_for(121_000)
    assert code.is_hidden() and note.is_visible()
    assert page.get_by_role("img", name="条形码").is_visible()
