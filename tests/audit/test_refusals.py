"""G-2: what a rule refused stays in the audit trail, although everything else of the attempt is rolled back."""

from typing import Any

import pytest

from consult import services
from consult.errors import ConsentNeeded
from consult.models import OnlineVisit
from hospital.audit.models import Entry
from hospital.audit.replies import reply_once
from hospital.kit.problems import NotFound, Problem
from hospital.kit.transactions import entry
from hospital.organisation.models import Campus
from tests.cast import client_for
from tests.consult.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)


def _lines() -> list[Entry]:
    return list(Entry.objects.filter(action="rule.refused").order_by("pk"))


def test_a_first_visit_refused_on_the_page_leaves_its_line_IH01(stage: Stage) -> None:
    patient = stage.cast.wang_fang
    url = f"/consult/doctor/{stage.cast.doctor_li.staff.pk}/apply/"
    with pytest.raises(Problem):
        stage.apply()
    assert client_for(patient).post(url, {"patient": patient.patient_id}).status_code == 422
    line = _lines()[0]
    assert line.outcome == "IH-01" and line.patient_id == patient.patient_id
    assert line.account_id == patient.account.pk and "consult.visit_apply" in line.reason
    assert not OnlineVisit.objects.exists()


def test_the_attempt_is_rolled_back_and_its_line_is_not(stage: Stage) -> None:
    @entry
    def half(*, actor: Any, at: Any, campus_id: int) -> None:
        Campus.objects.create(code="half", name="half")
        raise ConsentNeeded

    with pytest.raises(ConsentNeeded):
        half(actor=stage.patient, at=stage.at, campus_id=7)
    assert not Campus.objects.filter(code="half").exists()
    (line,) = _lines()
    assert line.outcome == "IH-10" and line.reason.endswith("half campus_id=7")


def test_a_refusal_that_the_page_answers_itself_is_kept_once(stage: Stage) -> None:
    """The doctor's page shows the refusal of evidence beside the visit; the trail has one line of it."""
    stage.was_here()
    visit = stage.waiting()
    doctor = client_for(stage.cast.doctor_li)
    answer = doctor.post(f"/staff/consult/{visit.pk}/act/", {"action": "say", "text": "您好"})
    assert answer.status_code == 409
    (line,) = _lines()
    assert line.outcome == "consult-not-talking" and f"visit_id={visit.pk}" in line.reason


def test_nothing_is_kept_of_strangers_mistypings_and_the_house(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    with pytest.raises(Problem):
        stage.say(visit, "")  # an empty line
    with pytest.raises(NotFound):
        stage.say(visit, "你好", person=stage.cast.stranger)
    with pytest.raises(Problem):
        services.visit_accept(actor=stage.doctor, visit_id=visit.pk, at=stage.at)  # begun already
    assert _lines() == []


def test_the_api_keeps_its_refusals_too(stage: Stage) -> None:
    def act() -> tuple[int, dict[str, Any]]:
        raise ConsentNeeded

    with pytest.raises(ConsentNeeded):
        reply_once(actor=stage.patient, route="consult.book", key="k", body=b"", at=stage.at, act=act)
    (line,) = _lines()
    assert line.reason == "IH-10 consult.book"
