"""The life of a response: begun, saved, handed in, corrected; nothing lost, nothing taken from strangers."""

from typing import Any

import pytest
from django.db import transaction
from django.db.utils import Error
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from hospital.audit.models import Entry
from hospital.forms import selectors, services
from hospital.forms.errors import (
    AnswersRefused,
    QuestionnaireMissing,
    QuestionnaireRefused,
    ResponseChanged,
    ResponseClosed,
)
from hospital.forms.models import QuestionnaireVersion, Response, ResponseCopy
from hospital.kit import clock
from hospital.kit.actor import system
from hospital.kit.problems import NotFound
from tests.cast import Cast, actor_of_person
from tests.forms.questionnaires import BECAUSE, answer, item, questionnaire

pytestmark = pytest.mark.django_db(transaction=True)
HOUSE = system("tests")
V = "urn:hospital:codes:satisfaction"


def begin(cast: Cast, name: str = "satisfaction", because_id: int = 1, **more: Any) -> Response:
    with transaction.atomic():
        return services.response_start(
            actor=HOUSE, questionnaire=name, patient_id=cast.wang_fang.patient_id, because=BECAUSE,
            because_id=because_id, at=clock.now(), **more,
        )  # fmt: skip


def rated(*points: int) -> list[dict]:
    links = ["booking", "explain", "respect", "price", "overall"]
    rates = [answer(k, {"valueCoding": {"system": V, "code": str(p)}}) for k, p in zip(links, points, strict=False)]
    return [{"linkId": "rating", "item": rates}]


def submit(cast: Cast, response: Response, answers: list, person: Any = None, **more: Any) -> Response:
    person = person or cast.wang_fang
    return services.response_submit(
        actor=actor_of_person(person), response_id=response.pk, answers=answers, revision=response.revision,
        at=clock.now(), **more,
    )  # fmt: skip


def test_a_form_is_begun_once_for_each_row(cast: Cast, told: list, published: None) -> None:
    assert begin(cast).pk == begin(cast).pk
    assert begin(cast, because_id=2).pk != begin(cast).pk


def test_a_use_that_nobody_registered_and_a_missing_form_are_loud(cast: Cast, told: list, published: None) -> None:
    with pytest.raises(QuestionnaireMissing):
        begin(cast, "nothing-like-it")
    told_use, services.kinds._uses = services.kinds._uses, {}
    try:
        with pytest.raises(KeyError):
            begin(cast)
    finally:
        services.kinds._uses = told_use


def test_handed_in_it_scores_alarms_tells_and_keeps_a_copy(cast: Cast, told: list, published: None) -> None:
    response = submit(cast, begin(cast), rated(5, 4, 1, 4, 4))
    assert response.status == "completed"
    assert response.scores == {"average": 3.6}
    assert [(a["link_id"], a["level"]) for a in response.alarms] == [("respect", "watch")]
    assert ResponseCopy.objects.get(response=response).answers == response.answers
    assert told == []  # told after the commit, by a notice
    services.notices_deliver(at=clock.now())
    assert [pk for pk, _at in told] == [response.pk]
    services.notices_deliver(at=clock.now())
    assert len(told) == 1


def test_incomplete_answers_are_refused_with_the_question(cast: Cast, told: list, published: None) -> None:
    with pytest.raises(AnswersRefused) as refused:
        submit(cast, begin(cast), rated(5, 4))
    assert set(refused.value.fields) == {"respect", "price", "overall"}
    assert Response.objects.get().status == "in_progress"


def test_an_older_page_never_overwrites_a_newer_save(cast: Cast, told: list, published: None) -> None:
    """G11: the second writer is told what is there and keeps what they have."""
    response = begin(cast)
    actor = actor_of_person(cast.wang_fang)
    first = services.response_save(actor=actor, response_id=response.pk, answers=rated(5), revision=0, at=clock.now())
    with pytest.raises(ResponseChanged) as refused:
        services.response_save(actor=actor, response_id=response.pk, answers=rated(1), revision=0, at=clock.now())
    assert refused.value.saved == first.answers and refused.value.revision == 1
    response.refresh_from_db()
    assert response.answers == first.answers


def test_only_the_patients_account_and_those_who_care_may_touch_it(cast: Cast, told: list, published: None) -> None:
    response = begin(cast)
    for person in (cast.stranger, cast.doctor_li, cast.admin):
        with pytest.raises(NotFound):
            submit(cast, response, rated(5, 5, 5, 5, 5), person)
        with pytest.raises(NotFound):
            selectors.response_for(actor_of_person(person), response.pk, at=clock.now())
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    assert selectors.response_for(actor_of_person(cast.doctor_li), response.pk, at=clock.now()) == response
    line = Entry.objects.filter(action="forms.read").get()
    assert (line.staff_id, line.patient_id) == (cast.doctor_li.staff.pk, cast.wang_fang.patient_id)


def test_handed_in_it_stays_and_a_correction_adds(cast: Cast, told: list, published: None) -> None:
    response = submit(cast, begin(cast), rated(5, 5, 5, 5, 5))
    with pytest.raises(ResponseClosed):
        submit(cast, response, rated(1, 1, 1, 1, 1))
    response = submit(cast, response, rated(5, 5, 5, 5, 1), reason="点错了")
    assert response.status == "amended"
    copies = ResponseCopy.objects.filter(response=response).order_by("revision")
    assert [copy.scores["average"] for copy in copies] == [5, 4.2]
    with pytest.raises(Error), transaction.atomic():
        copies.update(scores={})


def test_a_new_version_does_not_change_what_was_asked(cast: Cast, told: list) -> None:
    """An answer is pinned to its version and shown for ever as it was asked."""
    at = clock.now()
    first = questionnaire(item("q", "string"), title="old")
    services.questionnaire_publish(actor=HOUSE, name="pinned", content=first, at=at)
    old = begin(cast, "pinned")
    second = questionnaire(item("r", "string"), title="new")
    version = services.questionnaire_publish(actor=HOUSE, name="pinned", content=second, at=at)
    assert version.number == 2
    response = submit(cast, old, [answer("q", {"valueString": "as asked"})])
    assert response.version.number == 1
    assert selectors.definition_of(response).title == "old"
    assert selectors.definition_of(begin(cast, "pinned", 2)).title == "new"
    with pytest.raises(Error), transaction.atomic():
        QuestionnaireVersion.objects.filter(pk=version.pk).update(content={})


def test_the_same_content_is_no_new_version_and_a_broken_one_none(cast: Cast) -> None:
    content = questionnaire(item("q", "string"))
    once = services.questionnaire_publish(actor=HOUSE, name="same", content=content, at=clock.now())
    assert services.questionnaire_publish(actor=HOUSE, name="same", content=content, at=clock.now()).pk == once.pk
    with pytest.raises(QuestionnaireRefused):
        services.questionnaire_publish(actor=HOUSE, name="same", content={"resourceType": "Patient"}, at=clock.now())


def test_it_begins_with_what_the_house_knows(cast: Cast, told: list, published: None) -> None:
    known = [{"linkId": "words", "item": [answer("comment", {"valueString": "上次说过"})]}]
    assert "上次说过" in str(begin(cast, answers=known).answers)


def test_as_fhir_it_is_valid(cast: Cast, told: list, published: None) -> None:
    response = submit(cast, begin(cast), rated(5, 4, 3, 4, 4))
    resource = QuestionnaireResponse(**selectors.to_fhir(response))
    assert resource.questionnaire == "urn:hospital:questionnaire:satisfaction|1"
    assert resource.status == "completed"
