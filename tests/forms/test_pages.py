"""Filling in over the pages, with and without their script."""

import re
from typing import Any

import pytest
from django.db import transaction

from hospital.forms import selectors, services
from hospital.forms.models import Questionnaire, Response
from hospital.forms.pages import faults_of
from hospital.kit import clock
from hospital.kit.actor import system
from tests.cast import Cast, client_for
from tests.forms.questionnaires import BECAUSE

pytestmark = pytest.mark.django_db


@pytest.fixture
def response(cast: Cast, told: list, published: None) -> Response:
    with transaction.atomic():
        return services.response_start(
            actor=system("tests"), questionnaire="preconsult-oncology", patient_id=cast.wang_fang.patient_id,
            because=BECAUSE, because_id=1, at=clock.now(),
        )  # fmt: skip


def keys(response: Response) -> dict[str, str]:
    """linkId -> name of its field."""
    return {item.link_id: item.key for item in selectors.definition_of(response).walk()}


def post(client: Any, response: Response, page: Any, action: str = "next", **fields: Any) -> Any:
    response.refresh_from_db()
    names = keys(response)
    data = {names[k.replace("_", "-")]: v for k, v in fields.items() if k.replace("_", "-") in names}
    data |= {k: v for k, v in fields.items() if k.replace("_", "-") not in names}
    url = f"/forms/{response.pk}/"
    return client.post(url, {"revision": response.revision, "page": page, "action": action, **data})


def test_from_the_first_page_to_the_handed_in_form(cast: Cast, response: Response, told: list) -> None:
    client = client_for(cast.wang_fang)
    url = f"/forms/{response.pk}/"
    assert "最主要的不舒服或问题是什么" in client.get(url).content.decode()
    where = post(client, response, 1, chief_complaint="右乳术后复查", purpose=["results"])
    assert where["Location"] == f"{url}?page=2"
    names = keys(response)
    unit = {f"{names['duration']}-unit": "wk"}
    again = post(client, response, 2, symptoms=["pain"], duration="2", **unit)
    assert again.status_code == 422  # pain was chosen, so its score is asked now
    assert "疼痛有几分" in again.content.decode()
    assert post(client, response, 2, symptoms=["pain"], duration="2", pain_score="8", **unit)["Location"].endswith("=3")
    assert post(client, response, 3, change="same")["Location"].endswith("=4")
    drug = {f"{names['drug']}-count": "2", f"{names['drug']}-0.{names['drug-name']}": "来曲唑",
            f"{names['drug']}-1.{names['drug-name']}": "钙片"}  # fmt: skip
    assert post(client, response, 4, takes_drugs="true", **drug)["Location"].endswith("=5")
    assert post(client, response, 5, allergy="none")["Location"].endswith("=6")
    assert post(client, response, 6, pregnancy="na")["Location"].endswith("=check")
    checked = client.get(f"{url}?page=check").content.decode()
    assert "来曲唑" in checked and "8" in checked and "重度疼痛" in checked
    assert post(client, response, "check", "submit").status_code == 302
    response.refresh_from_db()
    assert response.status == "completed"
    assert [(a["link_id"], a["level"]) for a in response.alarms] == [("pain-score", "urgent")]
    shown = client.get(url).content.decode()
    assert "来曲唑" in shown and "钙片" in shown
    duration = next(i for g in response.answers for i in g["item"] if i["linkId"] == "duration")
    assert duration["answer"] == [
        {"valueQuantity": {"value": 2, "unit": "周", "code": "wk", "system": "http://unitsofmeasure.org"}}
    ]


def test_autosave_says_what_is_asked_now(cast: Cast, response: Response) -> None:
    client = client_for(cast.wang_fang)
    names = keys(response)
    data = {"revision": 0, "page": 2, names["symptoms"]: ["fever"], names["temperature"]: "abc"}
    answer = client.post(f"/forms/{response.pk}/autosave/", data)
    body = answer.json()
    assert body["revision"] == 1 and re.fullmatch(r"\d\d:\d\d", body["saved_at"])
    assert names["temperature"] not in body["hidden"] and names["pain-score"] in body["hidden"]
    response.refresh_from_db()
    assert response.unread == {names["temperature"]: ["abc"]}  # nothing typed is lost
    page = client.get(f"/forms/{response.pk}/?page=2").content.decode()
    assert 'value="abc"' in page


def test_what_cant_be_read_holds_back_only_where_it_is_asked(cast: Cast, response: Response) -> None:
    """An unreadable temperature is an error on its page, until "no fever" takes the question away."""
    client = client_for(cast.wang_fang)
    refused = post(client, response, 2, "next", symptoms=["fever"], temperature="abc")
    assert refused.status_code == 422 and "error-summary" in refused.content.decode()
    passed = post(client, response, 2, "next", symptoms=["none"], temperature="abc")
    assert passed.status_code == 302
    response.refresh_from_db()
    assert response.unread  # nothing typed is lost
    assert not [fault for fault in faults_of(response) if fault.link_id == "temperature"]


def test_a_draft_keeps_the_answers_of_hidden_questions(cast: Cast, response: Response) -> None:
    client = client_for(cast.wang_fang)
    post(client, response, 2, "save", symptoms=["pain"], pain_score="5")
    post(client, response, 2, "save", symptoms=["none"], pain_score="5")
    response.refresh_from_db()
    assert "pain-score" in str(response.answers)


def test_two_windows_show_both_texts_and_lose_none(cast: Cast, response: Response) -> None:
    """G11: the loser gets 409 with both texts and can keep either."""
    client = client_for(cast.wang_fang)
    url, name = f"/forms/{response.pk}/", keys(response)["chief-complaint"]
    client.post(url, {"revision": 0, "page": 1, "action": "save", name: "第一个窗口"})
    lost = client.post(url, {"revision": 0, "page": 1, "action": "save", name: "第二个窗口"})
    text = lost.content.decode()
    assert lost.status_code == 409 and "第一个窗口" in text and "第二个窗口" in text
    auto = client.post(f"{url}autosave/", {"revision": 0, "page": 1, name: "第二个窗口"})
    assert auto.status_code == 409 and "第一个窗口" in auto.json()["html"]
    response.refresh_from_db()
    assert "第一个窗口" in str(response.answers)
    client.post(url, {"revision": auto.json()["revision"], "page": 1, "action": "save", name: "第二个窗口"})
    response.refresh_from_db()
    assert "第二个窗口" in str(response.answers)


def test_one_more_instance_of_a_group(cast: Cast, response: Response) -> None:
    client = client_for(cast.wang_fang)
    names = keys(response)
    fields = {f"{names['drug']}-count": "1", f"{names['drug']}-0.{names['drug-name']}": "来曲唑"}
    page = post(client, response, 4, f"more:{names['drug']}", takes_drugs="true", **fields)
    assert f'name="{names["drug"]}-1.{names["drug-name"]}"' in page.content.decode()


def test_strangers_and_staff_without_a_relation_find_nothing(cast: Cast, response: Response) -> None:
    assert client_for(cast.stranger).get(f"/forms/{response.pk}/").status_code == 404
    assert client_for(cast.doctor_li).get(f"/staff/forms/{response.pk}/").status_code == 404
    assert client_for(None).get(f"/forms/{response.pk}/").status_code == 401
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    assert client_for(cast.doctor_li).get(f"/staff/forms/{response.pk}/").status_code == 200


def test_every_input_has_a_label_and_every_error_a_link(cast: Cast, response: Response) -> None:
    page = post(client_for(cast.wang_fang), response, 1).content.decode()
    for target in re.findall(r'<li><a href="#([^"]+)"', page):
        assert f'id="{target}"' in page
    labels = set(re.findall(r'for="([^"]+)"', page))
    for tag in re.findall(r"<(?:input|textarea|select)[^>]*>", page):
        if 'type="hidden"' in tag or 'type="radio"' in tag or 'type="checkbox"' in tag:
            continue
        assert "aria-label" in tag or re.search(r'id="([^"]+)"', tag)[1] in labels, tag  # type: ignore[index]


def test_an_administrator_looks_before_publishing(cast: Cast) -> None:
    from pathlib import Path

    client = client_for(cast.admin)
    text = (Path(__file__).parent / "data" / "stu3_bundle.json").read_text()
    fields = {"text": text, "name": "knee", "weights_from_codes": "on", "sum_into": "Score"}
    seen = client.post("/staff/forms/import/", {**fields, "action": "preview"})
    assert "How much does it hurt?" in seen.content.decode() and not Questionnaire.objects.exists()
    broken = client.post("/staff/forms/import/", {"text": '{"resourceType": "Questionnaire"}', "action": "publish"})
    assert "a title is needed" in broken.content.decode() and not Questionnaire.objects.exists()
    assert client.post("/staff/forms/import/", {"text": "{", "action": "preview"}).status_code == 422
    assert client.post("/staff/forms/import/", {**fields, "action": "publish"}).status_code == 302
    made = Questionnaire.objects.get(name="knee").versions.get()
    assert "How much does it hurt?" in client.get(f"/staff/forms/versions/{made.pk}/").content.decode()
    assert "knee" in client.get("/staff/forms/").content.decode()
    assert client_for(cast.doctor_li).get("/staff/forms/import/").status_code == 404
