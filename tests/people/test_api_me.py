"""/api/v1/me/ comes in by the same actor and rule as the pages, and refuses as RFC 9457 says."""

from datetime import timedelta

from django.test import Client

from hospital.people.models import ServiceToken
from hospital.people.services import service_token_create
from tests.cast import HOUSE, Cast, client_for


def test_me_shows_the_profiles_masked(cast: Cast) -> None:
    body = client_for(cast.wang_fang).get("/api/v1/me/").json()
    assert body["roles"] == ["patient"]
    assert body["profiles"] == [
        {"patient_id": cast.wang_fang.patient_id, "name": "王*", "relation": "self", "verified": True},
        {"patient_id": cast.mother.patient_id, "name": "李*兰", "relation": "parent", "verified": True},
    ]


def test_a_stranger_gets_a_problem(cast: Cast) -> None:
    response = Client().get("/api/v1/me/")
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "sign-in-needed"


def _bearer(token: str) -> Client:
    return Client(headers={"authorization": f"Bearer {token}"})


def test_a_program_comes_in_by_token_and_within_its_scopes(cast: Cast) -> None:
    token = service_token_create(actor=HOUSE, name="lis", scopes=["people.me"], days=1, at=cast.at)
    assert _bearer(token).get("/api/v1/me/").json()["service"] == "lis"
    narrow = service_token_create(actor=HOUSE, name="pacs", scopes=["interop."], days=1, at=cast.at)
    assert _bearer(narrow).get("/api/v1/me/").status_code == 404
    assert _bearer(token + "x").get("/api/v1/me/").status_code == 401
    assert not ServiceToken.objects.filter(token_hash__contains=token).exists()


def test_an_expired_or_revoked_token_is_a_stranger(cast: Cast) -> None:
    token = service_token_create(actor=HOUSE, name="lis", scopes=["people.me"], days=1, at=cast.at)
    ServiceToken.objects.update(expires_at=cast.at - timedelta(seconds=1))
    assert _bearer(token).get("/api/v1/me/").status_code == 401
    ServiceToken.objects.update(expires_at=cast.at + timedelta(days=1), revoked_at=cast.at)
    assert _bearer(token).get("/api/v1/me/").status_code == 401


def test_a_bad_token_with_a_good_cookie_is_nobody(cast: Cast) -> None:
    client = client_for(cast.wang_fang, headers={"authorization": "Bearer nonsense"})
    assert client.get("/api/v1/me/").status_code == 401


def test_an_answer_that_is_no_page_may_load_nothing(cast: Cast) -> None:
    client = client_for(cast.wang_fang)
    assert client.get("/api/v1/me/").headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "default-src 'self'" in client.get("/").headers["content-security-policy"]
