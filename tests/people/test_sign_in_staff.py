"""Staff sign in by two factors (SEC-01); failures are counted (SEC-02, G23); sessions end when they must (G22)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.audit.models import Entry
from hospital.kit import clock
from hospital.people.services import account_close
from tests.cast import HOUSE, Cast, client_for, give_password

PASSWORD = "clinic-of-lanterns-7"


def _password(client: Client, person, password: str = PASSWORD):
    return client.post("/staff/sign-in/", {"name": person.account.login, "password": password})


def _token(device: TOTPDevice) -> str:
    totp = TOTP(device.bin_key)
    totp.time = clock.now().timestamp()
    return f"{totp.token():06d}"


def test_password_alone_opens_nothing(cast: Cast) -> None:
    give_password(cast.doctor_li, PASSWORD)
    client = Client()
    assert _password(client, cast.doctor_li).headers["location"] == "/staff/sign-in/second/"
    assert client.get("/api/v1/me/").status_code == 401
    key = client.session.session_key
    response = client.post("/staff/sign-in/second/", {"token": _token(cast.doctor_li.device)})
    assert response.headers["location"] == "/staff/"
    assert client.session.session_key != key  # G22: the key rotates
    assert client.get("/api/v1/me/").json()["roles"] == ["doctor"]


def test_a_code_is_good_once(cast: Cast) -> None:
    give_password(cast.doctor_li, PASSWORD)
    token = _token(cast.doctor_li.device)
    for expected in (302, 422):
        client = Client()
        _password(client, cast.doctor_li)
        assert client.post("/staff/sign-in/second/", {"token": token}).status_code == expected


def test_first_sign_in_enrols_and_recovery_codes_work_once(cast: Cast) -> None:
    cast.nurse.device.delete()
    give_password(cast.nurse, PASSWORD)
    client = Client()
    assert _password(client, cast.nurse).headers["location"] == "/staff/sign-in/enrol/"
    assert b"data:image/svg" in client.get("/staff/sign-in/enrol/").content
    device = TOTPDevice.objects.get(user=cast.nurse.account)
    assert not device.confirmed
    page = client.post("/staff/sign-in/enrol/", {"token": _token(device)})
    assert page.status_code == 200 and client.get("/api/v1/me/").status_code == 200
    code = page.context["codes"][0]
    for expected in (302, 422):
        other = Client()
        _password(other, cast.nurse)
        assert other.post("/staff/sign-in/second/", {"token": code}).status_code == expected


def test_enrolment_isnt_open_to_an_account_that_has_a_second_factor(cast: Cast) -> None:
    give_password(cast.doctor_li, PASSWORD)
    client = Client()
    _password(client, cast.doctor_li)
    assert client.get("/staff/sign-in/enrol/").headers["location"] == "/staff/sign-in/second/"
    assert TOTPDevice.objects.filter(user=cast.doctor_li.account).count() == 1


def test_five_failures_close_the_account_for_a_quarter_of_an_hour(cast: Cast) -> None:
    """SEC-02: also for the right password, also from other addresses."""
    give_password(cast.doctor_li, PASSWORD)
    start = clock.now()
    with time_machine.travel(start, tick=False):
        assert [_password(Client(), cast.doctor_li, "wrong").status_code for _ in range(7)] == [422] * 5 + [429] * 2
        assert _password(Client(REMOTE_ADDR="10.9.9.9"), cast.doctor_li).status_code == 429
    with time_machine.travel(start + timedelta(minutes=15, seconds=1), tick=False):
        assert _password(Client(), cast.doctor_li).status_code == 302
    assert Entry.objects.filter(action="sign_in.password", outcome="refused").count() == 5


def test_right_passwords_are_no_failures(cast: Cast) -> None:
    give_password(cast.doctor_li, PASSWORD)
    assert {_password(Client(), cast.doctor_li).status_code for _ in range(7)} == {302}


def test_spraying_names_from_one_address_is_stopped(cast: Cast) -> None:
    """G23"""
    answers = [
        Client().post("/staff/sign-in/", {"name": f"nobody{turn}", "password": "x"}).status_code for turn in range(22)
    ]
    assert answers == [422] * 20 + [429] * 2


def test_unknown_name_and_wrong_password_read_the_same(cast: Cast) -> None:
    give_password(cast.doctor_li, PASSWORD)
    known = _password(Client(), cast.doctor_li, "wrong")
    unknown = Client().post("/staff/sign-in/", {"name": "S99999", "password": "wrong"})
    assert known.context["form"].errors == unknown.context["form"].errors


@pytest.mark.parametrize("who", ["doctor_li", "wang_fang"])
def test_a_session_left_alone_ends(cast: Cast, who: str) -> None:
    """SEC-03: 15 minutes for staff, 30 for patients; pages that ask by themselves don't extend it."""
    minutes = 15 if who == "doctor_li" else 30
    start = clock.now()
    with time_machine.travel(start, tick=False):
        used, left = client_for(getattr(cast, who)), client_for(getattr(cast, who))
    for step in range(1, 4):
        with time_machine.travel(start + timedelta(minutes=(minutes - 1) * step), tick=False):
            assert used.get("/api/v1/me/").status_code == 200
            status = left.get("/api/v1/me/", headers={"x-background": "1"}).status_code
            assert status == (200 if step == 1 else 401)


def test_closing_an_account_ends_its_sessions_at_once(cast: Cast) -> None:
    client = client_for(cast.doctor_li)
    account_close(actor=HOUSE, account_id=cast.doctor_li.account.pk, reason="left", at=clock.now())
    assert client.get("/api/v1/me/").status_code == 401


def test_signing_out_everywhere_ends_the_other_device(cast: Cast) -> None:
    here, there = client_for(cast.wang_fang), client_for(cast.wang_fang)
    here.post("/security/sign-out-everywhere/")
    assert (here.get("/api/v1/me/").status_code, there.get("/api/v1/me/").status_code) == (401, 401)


def test_a_new_password_keeps_this_device_alone(cast: Cast) -> None:
    here, there = client_for(cast.wang_fang), client_for(cast.wang_fang)
    key = here.session.session_key
    assert here.post("/security/password/", {"password": PASSWORD}).status_code == 302
    assert here.get("/api/v1/me/").status_code == 200 and here.session.session_key != key
    assert there.get("/api/v1/me/").status_code == 401
    patient = Client()
    patient.post("/sign-in/password/", {"name": cast.wang_fang.phone, "password": PASSWORD})
    assert patient.get("/api/v1/me/").status_code == 200


def test_a_protected_step_asks_again_after_ten_minutes(cast: Cast) -> None:
    """SEC-01 step-up."""
    start = clock.now()
    with time_machine.travel(start, tick=False):
        client = client_for(cast.doctor_li)
    with time_machine.travel(start + timedelta(minutes=11), tick=False):
        assert client.post("/security/password/", {"password": PASSWORD}).headers["location"].startswith("/confirm/")
        done = client.post("/confirm/", {"token": _token(cast.doctor_li.device), "next": "/security/"})
        assert done.headers["location"] == "/security/"
        assert client.post("/security/password/", {"password": PASSWORD}).headers["location"] == "/security/"


def test_a_signed_out_cookie_is_worthless(cast: Cast) -> None:
    client = client_for(cast.wang_fang)
    thief = Client()
    thief.cookies["ih_session"] = client.cookies["ih_session"].value
    client.post("/sign-out/")
    assert thief.get("/api/v1/me/").status_code == 401
