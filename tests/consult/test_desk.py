"""The doctor's workstation: talk and note on one page, one editor, nothing lost."""

from typing import Any

import pytest
from playwright.sync_api import expect

from emr.models import Note
from hospital.kit import clock
from tests.browser import WORKSTATION, OpenPage
from tests.cast import client_for
from tests.consult.stage import Stage

pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    return str(response.content.decode())


def _form(note: Note, **fields: str) -> dict[str, Any]:
    return {"revision": note.revision, **{f"f_{name}": text for name, text in fields.items()}}


def test_talk_and_note_stand_side_by_side_and_what_is_done_comes_back_there(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    doctor, place = client_for(stage.cast.doctor_li), f"/staff/consult/{visit.pk}/"
    page = text_of(doctor.get(place))
    assert f'data-talk="{visit.pk}"' in page and f'data-note="{visit.encounter_id}"' in page
    assert page.count("data-note=") == 1 and 'name="f_plan"' in page and 'name="item"' in page
    note = Note.objects.get(encounter_id=visit.encounter_id)
    work = f"/staff/encounters/{visit.encounter_id}/"
    saved = doctor.post(f"{work}save/", _form(note, plan="继续服药"))
    assert saved["Location"] == place
    note.refresh_from_db()
    refused = doctor.post(f"{work}sign/", _form(note, plan="继续服药三个月"))
    assert refused.status_code == 422
    again = text_of(refused)
    assert f'data-talk="{visit.pk}"' in again and "继续服药三个月" in again and "error-summary" in again


def test_the_other_carers_read_the_note_without_the_talk(stage: Stage) -> None:
    """G19: only patient and doctor are in the talk; nobody comes to it through the record."""
    stage.was_here()
    visit = stage.talking()
    page = text_of(client_for(stage.cast.nurse).get(f"/staff/encounters/{visit.encounter_id}/"))
    assert "data-talk" not in page and f"/staff/consult/{visit.pk}/" not in page


def test_the_list_tells_who_waits_how_long_and_until_when(stage: Stage) -> None:
    stage.was_here()
    visit = stage.waiting()
    stage.say(visit, "医生您好")
    page = text_of(client_for(stage.cast.doctor_li).get("/staff/consult/"))
    assert "右乳术后复查" in page and "分钟" in page and "1 条新消息" in page
    assert visit.answer_until is not None
    assert "data-countdown" in page and f"{clock.local(visit.answer_until):%H:%M}" in page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_browser_that_dies_loses_no_word_of_the_note(stage: Stage, open_page: OpenPage) -> None:
    stage.was_here()
    visit = stage.talking()
    page = open_page(WORKSTATION, stage.cast.doctor_li)
    page.route_web_socket("**/ws/**", lambda socket: None)
    page.goto(f"/staff/consult/{visit.pk}/")
    saves = "**/staff/encounters/*/save/"
    page.route(saves, lambda route: route.fulfill(status=503, body=""))  # the server is away
    page.fill("[name=f_plan]", "三个月后复查骨密度")
    expect(page.locator("[data-state]")).to_contain_text("网络断开")
    second = page.context.new_page()  # the first one is gone with what stood on it
    page.close(run_before_unload=False)
    second.route_web_socket("**/ws/**", lambda socket: None)
    second.goto(f"/staff/consult/{visit.pk}/")
    expect(second.locator("[name=f_plan]")).to_have_value("三个月后复查骨密度")
    expect(second.locator("[data-state]")).to_contain_text("已保存")
    assert Note.objects.get(encounter_id=visit.encounter_id).draft["fields"]["plan"] == "三个月后复查骨密度"
    assert second.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('note:'))") == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_ending_the_visit_saves_the_note_first(stage: Stage, open_page: OpenPage) -> None:
    stage.was_here()
    visit = stage.talking()
    page = open_page(WORKSTATION, stage.cast.doctor_li)
    page.route_web_socket("**/ws/**", lambda socket: None)
    page.goto(f"/staff/consult/{visit.pk}/")
    page.fill("[name=f_plan]", "继续来曲唑")
    page.locator("button[name=action][value=end]").click()
    expect(page.locator("#end-visit")).to_have_count(0)
    assert Note.objects.get(encounter_id=visit.encounter_id).draft["fields"]["plan"] == "继续来曲唑"
