"""My day: what waits for whom, with the age of the oldest, and nothing of what others do (C10)."""

from datetime import timedelta

import pytest

from emr.models import Report
from hospital.kit import clock
from hospital.workstation import my_day
from tests.cast import actor_of_person, client_for


@pytest.fixture
def all_pages_exist(monkeypatch):
    monkeypatch.setattr(my_day, "may_open", lambda actor, path: True)


def _report(doctor, patient, *, age):
    at = clock.now() - age
    return Report.objects.create(
        patient=patient.patient, doctor=doctor.staff, kind="lab", title="血常规", source_key=str(age), fingerprint="0",
        observed_at=at, reported_at=at, received_at=at,
    )  # fmt: skip


def test_results_to_sign_are_counted_for_their_doctor_with_the_oldest(cast, all_pages_exist):
    _report(cast.doctor_li, cast.wang_fang, age=timedelta(minutes=90))
    _report(cast.doctor_li, cast.wang_fang, age=timedelta(minutes=5))

    def results_of(person):
        tiles = my_day.tiles_for(actor_of_person(person), at=clock.now())
        return next(tile for tile in tiles if tile.title == "待签结果")

    assert (results_of(cast.doctor_li).number, results_of(cast.doctor_li).hint) == (2, "最早 1 小时前")
    assert (results_of(cast.other_doctor).number, results_of(cast.other_doctor).tone) == (0, "success")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(minutes=59), "最早 59 分钟前"),
        (timedelta(minutes=60), "最早 1 小时前"),
        (timedelta(days=3), "最早 3 天前"),
    ],
)
def test_ages_are_told_in_the_largest_fitting_unit(age, words):
    now = clock.now()
    assert my_day.waited(now - age, now) == words
    assert my_day.waited(None, now) == ""


@pytest.mark.parametrize("who", ["doctor_li", "pharmacist", "therapist", "finance", "records", "auditor", "admin"])
def test_each_role_has_a_first_page(cast, who):
    answer = client_for(getattr(cast, who)).get("/staff/")
    assert answer.status_code == 200 and "我的今日" in answer.content.decode()


def test_a_desk_is_shown_to_those_whose_work_it_is(cast, all_pages_exist):
    def titles(person):
        return {tile.title for tile in my_day.tiles_for(actor_of_person(person), at=clock.now())}

    assert "待审退费" in titles(cast.finance) and "待签结果" not in titles(cast.finance)
    assert {"处方审核", "待发药"} <= titles(cast.pharmacist) and "危急值" not in titles(cast.pharmacist)


def test_patients_and_strangers_have_none(cast, client):
    assert client_for(cast.wang_fang).get("/staff/").status_code == 404
    assert client.get("/staff/").status_code == 401


def test_my_day_asks_few_questions(cast, all_pages_exist, django_assert_max_num_queries):
    client = client_for(cast.doctor_li)
    client.get("/staff/")
    with django_assert_max_num_queries(26):
        client.get("/staff/")
