"""Family members (H1): added with consent, proved by their own phone, never a way into somebody's record (IH-04)."""

from datetime import date

import pytest

from hospital.people import identity
from hospital.people.models import FamilyLink, Patient
from tests.cast import Cast, client_for

FATHER = identity.compose("120103", date(1950, 4, 5), 11)


def _add(client, **changes: str):
    data = {"relation": "parent", "name": "王大山", "document_type": "01", "document_no": FATHER, "phone": "13700137000",
            "consent": "on", **changes}  # fmt: skip
    return client.post("/family/add/", data)


def test_a_grown_up_consents_by_a_code_to_their_own_phone(cast: Cast, outside) -> None:
    client = client_for(cast.wang_fang)
    assert _add(client).status_code == 200
    assert not FamilyLink.objects.filter(account=cast.wang_fang.account, patient__birth_date=date(1950, 4, 5)).exists()
    assert _add(client, code="000000").status_code == 422
    assert _add(client, code=outside.code_for("13700137000")).status_code == 302
    patient = Patient.objects.get(birth_date=date(1950, 4, 5))
    assert (patient.name, patient.sex, patient.region_code, patient.verified_at) == ("王大山", "1", "120103", None)


def test_a_child_is_added_by_the_guardian(cast: Cast) -> None:
    """SEC-07: under 14 the guardian consents; no code."""
    child = identity.compose("120103", date(cast.at.year - 5, 1, 1), 12)
    client = client_for(cast.wang_fang)
    assert _add(client, relation="child", name="王小宝", document_no=child, phone="").status_code == 302
    assert FamilyLink.objects.get(relation="child").consent_version.startswith("guardian")


@pytest.mark.parametrize("name", ["赵敏", "赵明"])
def test_a_known_name_and_number_open_nobodys_record(cast: Cast, outside, name: str) -> None:
    """The stranger is on file with her own phone: a code to another phone doesn't help, right name or not."""
    client = client_for(cast.wang_fang)
    stranger = {"name": name, "document_no": cast.stranger.patient.document_no, "relation": "other"}
    _add(client, **stranger)
    refused = _add(client, **stranger, code=outside.code_for("13700137000"))
    assert refused.status_code == 409
    _add(client, **stranger, phone="")
    assert not FamilyLink.objects.filter(account=cast.wang_fang.account, patient=cast.stranger.patient).exists()


def test_the_register_says_no(cast: Cast, outside, settings) -> None:
    from pathlib import Path
    from threading import Thread
    from wsgiref.simple_server import make_server

    from hospital.people.sandbox import make_app

    server = make_server("127.0.0.1", 0, make_app(Path()))
    Thread(target=server.serve_forever, daemon=True).start()
    settings.IDENTITY_BASE_URL = f"http://127.0.0.1:{server.server_port}/identity"
    client = client_for(cast.wang_fang)
    assert _add(client, name="假大山", phone="").status_code == 409
    assert _add(client, phone="").status_code == 302
    assert Patient.objects.get(birth_date=date(1950, 4, 5)).verified_at
    server.shutdown()
    server.server_close()


def test_five_profiles_are_the_most(cast: Cast) -> None:
    """AP-04"""
    client = client_for(cast.wang_fang)
    numbers = [identity.compose("120103", date(1950, 4, day), 11) for day in range(1, 6)]
    answers = [_add(client, document_no=number, phone="").status_code for number in numbers]
    assert answers == [302, 302, 302, 409, 409]


def test_removing_is_as_easy(cast: Cast) -> None:
    client = client_for(cast.wang_fang)
    link = cast.wang_fang.account.family_links.get(relation="parent")
    assert client.post(f"/family/{link.pk}/remove/").status_code == 302
    assert client.get("/card/", {"patient": cast.mother.patient_id}).status_code == 404


def test_without_consent_nothing_is_kept(cast: Cast) -> None:
    before = Patient.objects.count()
    assert _add(client_for(cast.wang_fang), consent="").status_code == 422
    assert Patient.objects.count() == before


def test_the_family_page_asks_the_database_little(cast: Cast, django_assert_max_num_queries) -> None:
    client = client_for(cast.wang_fang)
    with django_assert_max_num_queries(8):
        page = client.get("/family/").content.decode()
    assert cast.mother.patient.document_no not in page


def test_the_desk_verifies_with_the_document_in_hand(cast: Cast) -> None:
    desk, patient = client_for(cast.cashier), cast.unverified.patient
    wrong = desk.post("/staff/identity/", {"record_no": patient.record_no, "document_no": FATHER})
    assert wrong.status_code == 422
    right = desk.post("/staff/identity/", {"record_no": patient.record_no, "document_no": patient.document_no})
    assert right.status_code == 302
    assert client_for(cast.unverified).get("/api/v1/me/").json()["roles"] == ["patient"]
