"""The API of online visits: the patient's way and the talk, by the same verbs and to the same people as the pages."""

from typing import Any

import pytest
from django.test import Client

from consult.models import OnlineVisit, TalkMessage
from tests.cast import client_for
from tests.consult.stage import ANSWERS, Stage

pytestmark = pytest.mark.django_db
PLACE = "/api/v1/online-visits/"


def post(client: Client, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    return client.post(f"{PLACE}{path}", body or {}, content_type="application/json", headers=headers)


def _application(stage: Stage, **more: Any) -> dict[str, Any]:
    patient, doctor = stage.cast.wang_fang.patient_id, stage.cast.doctor_li.staff.pk
    return {"patient_id": patient, "doctor_id": doctor, **more}


def test_a_program_goes_the_whole_way_to_the_hold(stage: Stage) -> None:
    stage.was_here()
    client = client_for(stage.cast.wang_fang)
    made = post(client, "", _application(stage), **{"Idempotency-Key": "a"})
    assert made.status_code == 201 and made.json()["status"] == "applying"
    assert post(client, "", _application(stage), **{"Idempotency-Key": "a"}).json() == made.json()
    assert OnlineVisit.objects.count() == 1
    pk = made.json()["id"]
    early = post(client, f"{pk}/booking/", {"period_id": stage.periods()[0].pk})
    assert early.status_code == 409 and early.json()["code"] == "IH-10" and early.json()["next_step"]
    words = client.get(f"{PLACE}{pk}/consent/").json()
    assert post(client, f"{pk}/consent/", {"version": words["version"]}).status_code == 200
    asked = client.get(f"{PLACE}{pk}/answers/").json()
    assert asked["questionnaire"]["resourceType"] == "Questionnaire"
    handed = post(client, f"{pk}/answers/", {"revision": asked["revision"], "answers": ANSWERS})
    assert handed.status_code == 200 and handed.json()["status"] == "completed"
    (first, *_rest) = client.get(f"/api/v1/doctors/{stage.cast.doctor_li.staff.pk}/online-times/").json()
    assert first["price"] == 5000
    held = post(client, f"{pk}/booking/", {"period_id": first["period_id"]})
    assert held.json()["status"] == "paying" and held.json()["booking"]["charge_id"]
    assert post(client, f"{pk}/booking/", {"period_id": first["period_id"]}).json() == held.json()
    assert [row["id"] for row in client.get(PLACE).json()] == [pk]
    assert post(client, f"{pk}/cancel/").json()["status"] == "cancelled"


def test_a_first_visit_needs_evidence_and_a_key_IH01(stage: Stage) -> None:
    client = client_for(stage.cast.wang_fang)
    assert post(client, "", _application(stage)).json()["code"] == "idempotency-key-needed"
    refused = post(client, "", _application(stage), **{"Idempotency-Key": "a"})
    assert (refused.status_code, refused.json()["code"]) == (409, "IH-01") and not OnlineVisit.objects.exists()
    shown = {"kind": "discharge", "display": "乳腺癌", "hospital": "县医院", "diagnosed_on": "2026-01-05"}
    assert post(client, "", _application(stage, shown=shown), **{"Idempotency-Key": "b"}).status_code == 201
    other = _application(stage) | {"patient_id": stage.cast.stranger.patient_id}
    assert post(client, "", other, **{"Idempotency-Key": "c"}).status_code == 404


def test_both_talk_by_the_api_and_the_doctor_ends_it(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    patient, doctor = client_for(stage.cast.wang_fang), client_for(stage.cast.doctor_li)
    before = patient.get(f"{PLACE}{visit.pk}/messages/").json()["last"]
    said = [post(patient, f"{visit.pk}/messages/", {"text": "医生您好", "key": "k"}) for _ in range(2)]
    assert [one.status_code for one in said] == [200, 200] and said[0].json() == said[1].json()
    news = doctor.get(f"{PLACE}{visit.pk}/messages/", {"after": before}).json()
    assert [(line["seq"], line["sender"], line["text"]) for line in news["lines"]] == [
        (before + 1, "patient", "医生您好")
    ]
    assert doctor.get(f"{PLACE}{visit.pk}/messages/", {"after": news["last"]}).json()["lines"] == []
    assert post(patient, f"{visit.pk}/end/", {"code": "done"}).status_code == 404  # only the doctor ends it
    assert post(doctor, f"{visit.pk}/end/", {"code": "tired"}).status_code == 422
    assert post(doctor, f"{visit.pk}/end/", {"code": "done", "note": "三个月后复查"}).json()["status"] == "ended"
    assert post(doctor, f"{visit.pk}/end/", {"code": "done"}).status_code == 409
    late = post(patient, f"{visit.pk}/messages/", {"text": "还在吗", "key": "z"})
    assert (late.status_code, late.json()["code"]) == (409, "consult-not-talking")
    assert not TalkMessage.objects.filter(text="还在吗").exists()


def test_a_stranger_finds_nothing_G12(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    stranger = client_for(stage.cast.stranger)
    for path in ("", "messages/", "answers/"):
        assert stranger.get(f"{PLACE}{visit.pk}/{path}").status_code == 404
    assert post(stranger, f"{visit.pk}/messages/", {"text": "x", "key": "k"}).status_code == 404
    assert stranger.get(PLACE).json() == []
