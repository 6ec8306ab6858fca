"""The pages of an online visit, as the patient and the doctor go through them; all of it without a script."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consult.models import OnlineVisit, TalkMessage
from hospital.organisation.models import PolicyParameter
from tests.appointments.test_suspicion import answer_to, sum_of
from tests.cast import client_for
from tests.consult.stage import Stage, jpeg

pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_the_patients_way_from_the_first_page_to_the_cashier(stage: Stage) -> None:
    stage.was_here()
    client = client_for(stage.cast.wang_fang)
    doctor = stage.cast.doctor_li.staff
    assert doctor.name in text_of(client.get("/consult/"))
    page = text_of(client.get(f"/consult/doctor/{doctor.pk}/apply/"))
    assert "乳房恶性肿瘤" in page
    where = client.post(f"/consult/doctor/{doctor.pk}/apply/", {"patient": stage.cast.wang_fang.patient_id})
    visit = OnlineVisit.objects.get()
    assert where["Location"] == f"/consult/{visit.pk}/"
    assert "线上复诊能做什么" in text_of(client.get(where["Location"]))
    client.post(f"/consult/{visit.pk}/consent/", {"version": 1})
    assert f"/forms/{visit.form_id}/" in text_of(client.get(f"/consult/{visit.pk}/"))
    stage.answer(visit)
    assert f"/consult/{visit.pk}/time/" in text_of(client.get(f"/consult/{visit.pk}/"))
    times = text_of(client.get(f"/consult/{visit.pk}/time/"))
    assert "14:00" in times and "¥50.00" in times  # the price before paying (IH-14)
    held = client.post(f"/consult/{visit.pk}/time/", {"period": stage.periods()[0].pk})
    visit.refresh_from_db()
    assert visit.booking is not None and held["Location"] == f"/pay/{visit.booking.charge_id}/"
    assert "¥50.00" in text_of(client.get(f"/consult/{visit.pk}/"))


def test_one_device_of_two_accounts_is_asked_a_question_and_goes_on_AP07(stage: Stage) -> None:
    """By page and by API: a refusal for nobody, one question for whoever holds places like a dealer."""
    PolicyParameter.objects.create(
        name="appointments.device_accounts", value=1, effective_from=stage.at - timedelta(days=1), source="t"
    )
    for person in (stage.cast.wang_fang, stage.cast.stranger):
        stage.was_here(person)
        visit = stage.apply(person)
        stage.consent(visit)
        stage.answer(visit)
    first, second = OnlineVisit.objects.order_by("pk")
    period = stage.periods()[0]
    browser = {"user-agent": "the tablet in the hall"}
    held = client_for(stage.cast.wang_fang, headers=browser).post(f"/consult/{first.pk}/time/", {"period": period.pk})
    assert held.status_code == 302
    client, time = client_for(stage.cast.stranger, headers=browser), f"/consult/{second.pk}/time/"
    asked = client.post(time, {"period": period.pk})
    assert asked.status_code == 422 and f'name="period" value="{period.pk}"' in text_of(asked)
    assert client.post(time, {"period": period.pk} | answer_to(asked) | {"answer": "99"}).status_code == 422
    api = f"/api/v1/online-visits/{second.pk}/booking/"
    refused = client.post(api, {"period_id": period.pk}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (422, "AP-07-question")
    said = refused.json()["errors"]
    again = {"period_id": period.pk, "question": said["question"], "answer": sum_of(said["answer"])}
    assert client.post(api, again, content_type="application/json").status_code == 200
    asked = client_for(stage.cast.stranger, headers=browser).post(time, {"period": period.pk})
    assert asked.status_code == 302, "held already: nobody is asked twice for the same place"


def test_a_first_visit_is_told_why_and_where_to_go_IH01(stage: Stage) -> None:
    client = client_for(stage.cast.wang_fang)
    url = f"/consult/doctor/{stage.cast.doctor_li.staff.pk}/apply/"
    assert 'name="hospital"' in text_of(client.get(url))
    assert client.post(url, {"patient": stage.cast.wang_fang.patient_id}).status_code == 422
    assert client.post(url, {"patient": stage.cast.stranger.patient_id}).status_code == 404
    fields = {"patient": stage.cast.wang_fang.patient_id, "kind": "discharge", "display": "乳腺癌", "hospital": "县医院",
              "diagnosed_on": "2026-01-05"}  # fmt: skip
    bad = client.post(url, {**fields, "file": SimpleUploadedFile("a.jpg", b"<svg/>")})
    assert bad.status_code == 422 and not OnlineVisit.objects.exists()
    good = client.post(url, {**fields, "file": SimpleUploadedFile("a.exe", jpeg())})
    assert good.status_code == 302
    visit = OnlineVisit.objects.get()
    assert visit.evidence.get().file.name.endswith(".jpg")


def test_patient_and_doctor_talk_without_a_script(stage: Stage) -> None:
    stage.was_here()
    visit = stage.waiting()
    patient, doctor = client_for(stage.cast.wang_fang), client_for(stage.cast.doctor_li)
    assert stage.cast.wang_fang.name in text_of(doctor.get("/staff/consult/"))
    work = text_of(doctor.get(f"/staff/consult/{visit.pk}/"))
    assert "右乳术后复查" in work and 'value="accept"' in work
    assert doctor.post(f"/staff/consult/{visit.pk}/act/", {"action": "say", "text": "x"}).status_code == 409
    assert doctor.post(f"/staff/consult/{visit.pk}/act/", {"action": "accept"}).status_code == 302
    patient.post(f"/consult/{visit.pk}/talk/", {"text": "医生您好 <b>"})
    assert "医生您好 &lt;b&gt;" in text_of(doctor.get(f"/staff/consult/{visit.pk}/"))
    doctor.post(f"/staff/consult/{visit.pk}/act/", {"action": "say", "text": "您好,请讲"})
    assert "您好,请讲" in text_of(patient.get(f"/consult/{visit.pk}/talk/"))
    ended = doctor.post(f"/staff/consult/{visit.pk}/act/", {"action": "end", "code": "done", "note": "三个月后复查"})
    assert ended.status_code == 302
    assert "三个月后复查" in text_of(patient.get(f"/consult/{visit.pk}/"))
    assert patient.post(f"/consult/{visit.pk}/talk/", {"text": "还在吗"}).status_code == 409


def test_polling_gives_what_came_after(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    client = client_for(stage.cast.wang_fang)
    url = f"/talk/{visit.pk}/messages/"
    first = client.get(url, {"after": 0}).json()
    assert first["last"] == TalkMessage.objects.filter(visit=visit).count() and first["open"]
    for _ in range(2):
        assert client.post(url, {"text": "一次", "key": "k"}).status_code == 201
    news = client.get(url, {"after": first["last"]}).json()
    assert news["last"] == first["last"] + 1 and "一次" in news["html"]
    assert client_for(stage.cast.stranger).get(url).status_code == 404


def test_lists_ask_the_database_as_often_for_many_as_for_one(stage: Stage) -> None:
    def count(person: Any, url: str) -> int:
        client = client_for(person)
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    stage.was_here()
    stage.waiting()
    places = ((stage.cast.doctor_li, "/staff/consult/"), (stage.cast.wang_fang, "/consult/"))
    one = [count(*place) for place in places]
    stage.was_here(stage.cast.mother)
    stage.was_here(stage.cast.stranger)
    stage.waiting(stage.cast.mother, 1)
    stage.waiting(stage.cast.stranger, 2)
    assert [count(*place) for place in places] == one


def test_an_expired_visit_says_that_the_money_goes_back_IH19(stage: Stage) -> None:
    from consult import services

    stage.was_here()
    visit = stage.waiting()
    assert visit.answer_until is not None
    services.visits_tidy(at=visit.answer_until + timedelta(seconds=1))
    page = text_of(client_for(stage.cast.wang_fang).get(f"/consult/{visit.pk}/"))
    assert "退回" in page
