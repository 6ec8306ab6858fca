"""Refusals and failures as people meet them: a page, a toast, and a page that needs nothing to be drawn (G-2)."""

from django.test import Client

from hospital.portal import views
from tests.cast import client_for


def test_a_missing_page_says_what_to_do_next_with_its_code(cast):
    answer = client_for(cast.wang_fang).get("/no-such-page/")
    page = answer.content.decode()
    assert answer.status_code == 404 and "not-found" in page and 'href="/"' in page


def test_a_refusal_of_an_htmx_request_is_a_toast_without_a_page(client, db):
    answer = client.post("/language/", {"language": "xx"}, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "toast" in page and "<html" not in page


def test_staff_are_led_back_to_their_own_house(cast):
    page = client_for(cast.doctor_li).get("/staff/no-such-page/").content.decode()
    assert 'href="/staff/"' in page and "tabbar" not in page


def test_a_failure_of_ours_is_told_in_plain_words_and_keeps_its_secrets(db, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(views.menu, "common", fail)
    answer = Client(raise_request_exception=False).get("/")
    page = answer.content.decode()
    assert answer.status_code == 500 and "系统出了点问题" in page and "secret" not in page
