"""The command bar finds patients in one's care, and pages of one's roles; never anybody else (MR-12, SEC-09, T20, H6)."""

import pytest

from hospital.kit import clock
from hospital.kit.routes import may_open
from hospital.workstation import selectors
from hospital.workstation.navigation import GROUPS, places_for
from tests.cast import actor_of_person, client_for


def found(person, text):
    return [hit.title for hit in selectors.command_find(actor=actor_of_person(person), text=text, at=clock.now())]


@pytest.mark.parametrize("text", ["王芳", "芳", "wangfang", "wang", "wf", "record", "phone", "document"])
def test_a_patient_in_care_is_found_by_each_way(cast, text):
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    patient = cast.wang_fang.patient
    text = {"record": patient.record_no, "phone": patient.phone, "document": patient.document_no.lower()}.get(
        text, text
    )
    assert "王*" in found(cast.doctor_li, text)


def test_a_patient_not_in_care_is_not_found_even_by_the_full_number(cast):
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    stranger = cast.stranger.patient
    for text in [stranger.name, stranger.record_no, stranger.phone, stranger.document_no]:
        assert found(cast.doctor_li, text) == []
    assert found(cast.other_doctor, "王芳") == []


def test_an_ended_care_relation_finds_nobody(cast):
    cast.care_begins(cast.doctor_li, cast.wang_fang, hours=-1)
    assert found(cast.doctor_li, "王芳") == []


def test_a_department_in_charge_finds_its_patient(cast):
    relation = cast.care_begins(cast.doctor_li, cast.wang_fang)
    type(relation).objects.filter(pk=relation.pk).update(staff=None, department=cast.oncology)
    assert found(cast.nurse, "王芳") == ["王*"]
    assert found(cast.other_doctor, "王芳") == []


@pytest.mark.parametrize("who", ["finance", "cashier", "admin", "auditor"])
def test_those_who_treat_nobody_find_no_patient(cast, who):
    cast.care_begins(getattr(cast, who), cast.wang_fang)
    assert found(getattr(cast, who), "王芳") == []


def test_names_and_numbers_are_masked(cast):
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    page = client_for(cast.doctor_li).post("/staff/command/", {"q": "王芳"}).content.decode()
    assert "王*" in page
    for secret in [cast.wang_fang.patient.phone, cast.wang_fang.patient.document_no]:
        assert secret not in page


def test_a_part_answers_htmx_and_a_page_answers_without(cast):
    client = client_for(cast.doctor_li)
    whole = client.post("/staff/command/", {"q": "今日"}).content.decode()
    part = client.post("/staff/command/", {"q": "今日"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole and "<html" not in part
    assert 'href="/staff/"' in part and 'role="option"' in part


def test_searching_asks_few_questions(cast, django_assert_max_num_queries):
    for at in range(12):
        cast.care_begins(cast.doctor_li, cast.new_patient(f"王{'甲乙丙丁戊己庚辛壬癸子丑'[at]}"))
    actor = actor_of_person(cast.doctor_li)
    with django_assert_max_num_queries(3):
        assert len(selectors.command_find(actor=actor, text="王", at=clock.now())) == selectors.MOST


def test_the_menu_shows_what_the_pages_own_rules_allow(cast):
    for who in ["doctor_li", "pharmacist", "finance", "admin"]:
        actor = actor_of_person(getattr(cast, who))
        shown = {place.path for _group, places in places_for(actor) for place in places}
        assert shown == {place.path for group in GROUPS for place in group.places if may_open(actor, place.path)}
        client = client_for(getattr(cast, who))
        for path in shown:
            assert client.get(path).status_code == 200, f"{who} is offered {path}"


def test_only_administrators_are_shown_the_administration(cast):
    assert 'href="/admin/"' in client_for(cast.admin).get("/staff/").content.decode()
    assert 'href="/admin/"' not in client_for(cast.doctor_li).get("/staff/").content.decode()
