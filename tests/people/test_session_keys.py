"""G22: a session's key changes at sign-in and with the password; names that look alike open nothing."""

from django.contrib.sessions.models import Session
from django.test import Client

from tests.cast import client_for, give_password

PHONE, PASSWORD = "13800138000", "clinic-of-lanterns-7"


def test_a_key_that_was_planted_before_sign_in_is_worthless(db, outside) -> None:
    """Fixation: whoever set the cookie beforehand isn't signed in with its owner."""
    victim = Client()
    victim.post("/sign-in/code/", {"phone": PHONE})
    planted = victim.session.session_key
    assert victim.post("/sign-in/", {"phone": PHONE, "code": outside.code_for(PHONE)}).status_code == 302
    assert victim.session.session_key != planted and not Session.objects.filter(pk=planted).exists()
    thief = Client()
    thief.cookies["ih_session"] = planted
    assert thief.get("/api/v1/me/").status_code == 401


def test_a_key_of_the_thiefs_own_making_is_not_taken(db, outside) -> None:
    thief = Client()
    thief.cookies["ih_session"] = "a" * 32
    thief.post("/sign-in/code/", {"phone": PHONE})
    assert thief.cookies["ih_session"].value != "a" * 32


def test_the_key_changes_with_the_password(cast) -> None:
    client = client_for(cast.wang_fang)
    before = client.cookies["ih_session"].value
    assert client.post("/security/password/", {"password": PASSWORD}).status_code == 302
    assert client.cookies["ih_session"].value != before and client.get("/api/v1/me/").status_code == 200
    assert not Session.objects.filter(pk=before).exists()


def test_names_that_differ_in_case_or_width_open_nothing(cast) -> None:
    give_password(cast.doctor_li, PASSWORD)
    login = cast.doctor_li.account.login
    for spelt in (login.lower(), login.translate({ord(c): ord(c) + 0xFEE0 for c in login})):
        assert spelt != login
        assert Client().post("/staff/sign-in/", {"name": spelt, "password": PASSWORD}).status_code == 422
