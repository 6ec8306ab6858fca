"""Keys of programs (SEC-01): shown once, kept as a hash, good for what they name, ended at once."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client

from hospital.kit import clock
from hospital.people.models import ServiceToken
from tests.cast import client_for


@pytest.fixture
def admin(cast):
    return client_for(cast.admin)


def _make(admin, **changes) -> str:
    asked = {"name": "检验系统", "days": "30", "scopes": ["people.me"]} | changes
    answer = admin.post("/staff/programs/", asked)
    assert answer.status_code == 200, answer.context["form"].errors
    return str(answer.context["token"])


def _me(token: str) -> int:
    return Client().get("/api/v1/me/", headers={"authorization": f"Bearer {token}"}).status_code


def test_a_key_is_shown_once_and_kept_as_a_hash(cast, admin):
    token = _make(admin)
    assert _me(token) == 200
    assert token not in admin.get("/staff/programs/").content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(people_servicetoken)::text FROM people_servicetoken")
        assert token not in cursor.fetchone()[0]


def test_a_key_opens_only_what_it_names(cast, admin):
    token = _make(admin, scopes=["organisation.concepts"])
    assert _me(token) == 404
    ask = Client().get(
        "/api/v1/concepts/", {"system": "icd10", "q": "肺"}, headers={"authorization": f"Bearer {token}"}
    )
    assert ask.status_code == 200


def test_an_ended_or_expired_key_is_a_strangers(cast, admin):
    token, other = _make(admin), _make(admin, name="影像系统")
    path = f"/staff/programs/{ServiceToken.objects.get(name='检验系统').pk}/end/"
    assert admin.post(path).status_code == 302
    assert (_me(token), _me(other)) == (401, 200)
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert _me(other) == 401


def test_last_use_is_kept(cast, admin):
    token = _make(admin)
    assert ServiceToken.objects.get().last_used_at is None
    _me(token)
    assert ServiceToken.objects.get().last_used_at is not None


@pytest.mark.parametrize("changes", [{"name": ""}, {"days": "0"}, {"days": "367"}, {"scopes": []}, {"scopes": ["*"]}])
def test_what_is_not_allowed_makes_no_key(cast, admin, changes):
    asked = {"name": "检验系统", "days": "30", "scopes": ["people.me"]} | changes
    assert admin.post("/staff/programs/", asked).status_code == 422
    assert not ServiceToken.objects.exists()


def test_a_name_is_taken_once(cast, admin):
    _make(admin)
    assert admin.post("/staff/programs/", {"name": "检验系统", "days": "1", "scopes": ["people.me"]}).status_code == 409
