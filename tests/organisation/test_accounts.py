"""Accounts of staff: closed at once (G22), opened again, and a lost second factor forgotten by four eyes (SEC-01)."""

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.audit.models import Entry
from hospital.kit.actor import Role
from hospital.people.models import SecondFactorReset
from tests.cast import client_for, give_password

PASSWORD = "clinic-of-lanterns-7"


@pytest.fixture
def admin(cast):
    return client_for(cast.admin)


def _change(admin, person, change, reason="手续齐全"):
    return admin.post(f"/staff/accounts/{person.account.pk}/change/", {"change": change, "reason": reason})


def test_a_closed_account_is_out_everywhere_at_its_next_request(cast, admin):
    """G22: every session at once, signing in as well; opened again it needs to sign in anew."""
    give_password(cast.doctor_li, PASSWORD)
    sessions = [client_for(cast.doctor_li) for _ in range(3)]
    assert [session.get("/api/v1/me/").status_code for session in sessions] == [200] * 3
    assert _change(admin, cast.doctor_li, "close").status_code == 302
    assert [session.get("/api/v1/me/").status_code for session in sessions] == [401] * 3
    signing_in = {"name": cast.doctor_li.account.login, "password": PASSWORD}
    assert Client().post("/staff/sign-in/", signing_in).status_code == 422
    assert _change(admin, cast.doctor_li, "reopen").status_code == 302
    assert sessions[0].get("/api/v1/me/").status_code == 401
    assert Client().post("/staff/sign-in/", signing_in).status_code == 302
    assert Entry.objects.get(action="account.close").reason == "手续齐全"


def test_a_reason_is_needed_and_nobody_closes_themselves(cast, admin):
    assert _change(admin, cast.doctor_li, "close", reason="").status_code == 422
    assert _change(admin, cast.admin, "close").status_code == 409
    assert _change(admin, cast.doctor_li, "promote").status_code == 422
    cast.doctor_li.account.refresh_from_db()
    assert cast.doctor_li.account.is_active and admin.get("/staff/accounts/").status_code == 200


def test_a_lost_authenticator_is_forgotten_by_two_administrators(cast, admin):
    second = client_for(cast.new_staff("钱管", cast.office, Role.ADMIN))
    give_password(cast.nurse, PASSWORD)
    nurse = client_for(cast.nurse)
    assert _change(admin, cast.nurse, "reset", "手机丢失").status_code == 302
    assert _change(second, cast.nurse, "reset", "手机丢失").status_code == 409  # one request at a time
    path = f"/staff/accounts/resets/{SecondFactorReset.objects.get().pk}/"
    assert path not in admin.get("/staff/accounts/").content.decode()
    assert admin.post(path, {"decision": "approve"}).status_code == 409  # who asked doesn't decide
    assert nurse.get("/api/v1/me/").status_code == 200
    assert path in second.get("/staff/accounts/").content.decode()
    assert second.post(path, {"decision": "approve"}).status_code == 302
    assert nurse.get("/api/v1/me/").status_code == 401
    assert not TOTPDevice.objects.filter(user=cast.nurse.account).exists()
    again = Client().post("/staff/sign-in/", {"name": cast.nurse.account.login, "password": PASSWORD})
    assert again.headers["location"] == "/staff/sign-in/enrol/"
    assert second.post(path, {"decision": "approve"}).status_code == 409


def test_an_administrator_doesnt_decide_on_their_own_account(cast, admin):
    second = cast.new_staff("钱管", cast.office, Role.ADMIN)
    _change(admin, second, "reset", "换手机")
    path = f"/staff/accounts/resets/{SecondFactorReset.objects.get().pk}/"
    assert client_for(second).post(path, {"decision": "approve"}).status_code == 409


def test_a_refused_request_changes_nothing(cast, admin):
    second = client_for(cast.new_staff("钱管", cast.office, Role.ADMIN))
    _change(admin, cast.nurse, "reset")
    second.post(f"/staff/accounts/resets/{SecondFactorReset.objects.get().pk}/", {"decision": "refuse"})
    assert TOTPDevice.objects.filter(user=cast.nurse.account).exists()
    assert client_for(cast.nurse).get("/api/v1/me/").status_code == 200


def test_the_list_finds_people_and_asks_few_questions(cast, admin, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        page = admin.get("/staff/accounts/", {"q": "李建国"}).content.decode()
    assert cast.doctor_li.account.login in page and cast.nurse.account.login not in page
