"""Patients sign in by phone and code (H1, G20, G21)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from hospital.kit import clock, sweeps
from hospital.people.models import Account, LoginCode, OutgoingCode
from tests.cast import Cast, client_for

PHONE = "13800138000"


def _ask(client: Client, phone: str = PHONE):
    return client.post("/sign-in/code/", {"phone": phone, "next": "/family/"})


def _enter(client: Client, code: str, phone: str = PHONE, **more: str):
    return client.post("/sign-in/", {"phone": phone, "code": code, **more})


def test_first_use_signs_up_and_second_signs_in(db, outside) -> None:
    client = Client()
    assert _ask(client).status_code == 200
    response = _enter(client, outside.code_for(PHONE), next="/family/")
    assert (response.status_code, response.headers["location"]) == (302, "/family/")
    assert client.get("/api/v1/me/").json()["roles"] == ["unverified"]
    account = Account.objects.get()
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        other = Client()
        _ask(other, "+86 138 0013 8000")
        assert _enter(other, outside.code_for(PHONE)).status_code == 302
        assert other.get("/api/v1/me/").json()["account_id"] == account.pk


def test_the_page_that_asks_for_the_code_leads_back_to_the_beginning_when_it_is_loaded_again(db) -> None:
    """A phone that showed the text message meanwhile asks for the address anew."""
    answer = Client().get("/sign-in/code/?next=/family/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/sign-in/?next=%2Ffamily%2F")
    assert Client().get("/sign-in/code/?next=https://evil.example/").headers["location"] == "/sign-in/?next=%2F"


def _body(response, phone: str) -> list[str]:
    lines = response.content.decode().replace(phone, "").splitlines()
    return [line for line in lines if "csrf" not in line.lower() and "data-now" not in line]


def test_known_and_unknown_phones_get_the_same_page(cast: Cast, outside) -> None:
    known, unknown = _ask(Client(), cast.wang_fang.phone), _ask(Client())
    assert known.status_code == unknown.status_code == 200
    assert _body(known, cast.wang_fang.phone) == _body(unknown, PHONE)


def test_code_is_single_use(db, outside) -> None:
    client = Client()
    _ask(client)
    code = outside.code_for(PHONE)
    assert _enter(client, code).status_code == 302
    client.post("/sign-out/")
    assert _enter(client, code).status_code == 422


def test_code_works_only_in_the_browser_that_asked(db, outside) -> None:
    """G20: bound to the request."""
    client, thief = Client(), Client()
    _ask(client)
    code = outside.code_for(PHONE)
    assert _enter(thief, code).status_code == 422
    thief.post("/sign-in/code/", {"phone": "13900139000"})  # has a session of its own now
    assert _enter(thief, code).status_code == 422
    assert _enter(client, code).status_code == 302


def test_code_lives_five_minutes(db, outside) -> None:
    client = Client()
    start = clock.now()
    with time_machine.travel(start, tick=False):
        _ask(client)
        code = outside.code_for(PHONE)
    with time_machine.travel(start + timedelta(minutes=5, seconds=1), tick=False):
        assert _enter(client, code).status_code == 422


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_five_wrong_tries_close_the_code_and_sending_again_opens_nothing(db, outside) -> None:
    """G20: a resend doesn't reset the counter."""
    client = Client()
    start = clock.now()
    with time_machine.travel(start, tick=False):
        _ask(client)
        code = outside.code_for(PHONE)
        for _ in range(5):
            assert _enter(client, _other(code)).status_code == 422
        assert _enter(client, code).status_code == 422
    with time_machine.travel(start + timedelta(seconds=90), tick=False):
        _ask(client)
        assert _enter(client, outside.code_for(PHONE)).status_code == 422
        assert LoginCode.objects.order_by("-pk").first().tries == 5


@pytest.mark.parametrize(("gap", "codes"), [(61, 5), (13 * 60, 10)])
def test_codes_to_one_phone_are_limited(db, outside, gap: int, codes: int) -> None:
    """G21: 1 a minute, 5 an hour, 10 a day, however the number is spelt and whoever asks."""
    spellings = [PHONE, "+8613800138000", "138 0013 8000", "１３８００１３８０００", "0086-138-0013-8000"]
    start = clock.now()
    for turn in range(codes + 3):
        with time_machine.travel(start + timedelta(seconds=gap * turn), tick=False):
            status = _ask(Client(), spellings[turn % 5]).status_code
            assert status == (200 if turn < codes else 429)
            assert _ask(Client(headers={"x-forwarded-for": f"10.0.0.{turn}"})).status_code == 429
            sweeps.run("people.codes", at=clock.now())
    assert len(outside.sms_log()) == codes


def test_codes_from_one_address_are_limited(db, outside) -> None:
    """G21: a thousand phones from one address; a forged X-Forwarded-For changes nothing without a proxy of ours."""
    answers = [
        _ask(Client(headers={"x-forwarded-for": f"10.1.1.{turn}"}), f"1380000{turn:04d}").status_code
        for turn in range(40)
    ]
    assert answers == [200] * 30 + [429] * 10


def test_nothing_secret_stays_in_the_tables(db, outside) -> None:
    """G27: the code is hashed, the outgoing row is wiped when sent."""
    client = Client()
    _ask(client)
    code = outside.code_for(PHONE)
    row = OutgoingCode.objects.get()
    assert (row.code, row.phone) == ("", "") and row.sent_at
    assert code not in str(LoginCode.objects.values().get())


def test_gateway_that_fails_gets_the_same_key_again(db, outside) -> None:
    client = Client()
    outside.behave("drop", 1)  # accepted, then the answer is lost
    start = clock.now()
    with time_machine.travel(start, tick=False):
        _ask(client)
        sweeps.run("people.codes", at=clock.now())
        assert OutgoingCode.objects.get().sent_at is None
    with time_machine.travel(start + timedelta(seconds=5), tick=False):
        assert _enter(client, outside.code_for(PHONE)).status_code == 302
    assert [row["calls"] for row in outside.sms_log()] == [2]


def test_expired_codes_are_dropped_unsent(db, outside) -> None:
    outside.behave("error", 50)
    start = clock.now()
    with time_machine.travel(start, tick=False):
        _ask(Client())
        sweeps.run("people.codes", at=clock.now())
    sweeps.run("people.codes", at=start + timedelta(minutes=6))
    row = OutgoingCode.objects.get()
    assert (row.code, row.phone, row.sent_at) == ("", "", None) and row.dropped_at
    assert outside.sms_log() == []


def test_without_a_gateway_nothing_is_pretended(db, settings) -> None:
    settings.SMS_BASE_URL = ""
    assert _ask(Client()).status_code == 503
    assert not LoginCode.objects.exists()


def test_closed_account_is_told_after_the_code_only(cast: Cast, outside) -> None:
    cast.wang_fang.account.is_active = False
    cast.wang_fang.account.save(update_fields=["is_active"])
    client = Client()
    assert _ask(client, cast.wang_fang.phone).status_code == 200
    assert _enter(client, outside.code_for(cast.wang_fang.phone), cast.wang_fang.phone).status_code == 403


@pytest.mark.parametrize("phone", ["", "12345", "23800138000", "138001380001", "abc", "1380013800\x00"])
def test_what_is_no_phone_is_refused_with_the_form_kept(db, outside, phone: str) -> None:
    assert _ask(Client(), phone).status_code == 422


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "\\\\evil"])
def test_next_never_leaves_the_house(db, outside, target: str) -> None:
    client = Client()
    _ask(client)
    assert _enter(client, outside.code_for(PHONE), next=target).headers["location"] == "/"


def test_signed_in_patients_are_sent_on(cast: Cast) -> None:
    assert client_for(cast.wang_fang).get("/sign-in/").headers["location"] == "/"
