"""STU3 questionnaires become R4, are asked and are counted."""

import json
from pathlib import Path

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from hospital.forms import carried
from hospital.forms.desk import candidates
from hospital.forms.engine import conversion, validation
from hospital.forms.engine.definition import Definition, DefinitionErrors
from tests.forms.questionnaires import answer

BUNDLE = json.loads((Path(__file__).parent / "data" / "stu3_bundle.json").read_text())
WISHES = conversion.Wishes(weights_from_codes=True, sum_into="Score")


def converted(wishes: conversion.Wishes = WISHES) -> dict:
    ((raw, value_sets),) = conversion.questionnaires_in(BUNDLE)
    return conversion.to_r4(raw, value_sets, wishes)


def how_much(code: str) -> dict:
    return {"valueCoding": {"system": "urn:test:howmuch", "code": code}}


def test_the_result_is_valid_r4_and_carries_its_own_options() -> None:
    made = converted()
    Questionnaire(**made)
    assert made["title"] == "A made-up knee score" and made["name"] == "knee-made-up"
    pain, night, kind, score = made["item"]
    assert [o["valueCoding"]["display"] for o in pain["answerOption"]] == ["None", "Some", "Much"]
    assert [c["operator"] for c in night["enableWhen"]] == ["exists", "="] and night["enableBehavior"] == "any"
    assert kind["initial"] == [{"valueString": "dull"}] and kind["answerOption"][1] == {"valueString": "sharp"}
    assert score["readOnly"] is True


def test_it_scores_by_the_points_of_its_options() -> None:
    definition = Definition.read(converted())
    worst = [answer("Usual pain", how_much("4")), answer("Night/pain", how_much("2"))]
    assert validation.check(definition, worst, strict=True).scores == {"Score": 6}


def test_a_question_that_is_not_asked_adds_nothing() -> None:
    definition = Definition.read(converted())
    assert validation.check(definition, [answer("Usual pain", how_much("2"))], strict=True).scores == {"Score": 2}


def test_without_the_wish_nothing_is_weighed() -> None:
    plain = converted(conversion.Wishes())
    assert "extension" not in plain["item"][0]["answerOption"][0] and "extension" not in plain["item"][3]


@pytest.mark.parametrize("broken", [[], {}, {"resourceType": "Patient"}, {"resourceType": "Bundle", "entry": []}])
def test_what_holds_no_questionnaire_is_refused(broken: object) -> None:
    with pytest.raises(DefinitionErrors):
        conversion.questionnaires_in(broken)


def test_a_value_set_that_did_not_come_along_is_a_fault_not_a_crash() -> None:
    lone = BUNDLE["entry"][1]["resource"]
    (candidate,) = candidates(lone, conversion.Wishes())
    assert any("catalogues" in text for _path, text in candidate.faults)


@pytest.mark.parametrize("name", carried.contents())
def test_each_carried_questionnaire_is_valid_r4_and_can_be_read(name: str) -> None:
    content = carried.contents()[name]
    Questionnaire(**content)
    assert Definition.read(content).name == name


def test_a_response_in_fhir_is_valid() -> None:
    from django.utils import timezone

    from hospital.forms.engine import fhir

    definition = Definition.read(converted())
    checked = validation.check(definition, [answer("Usual pain", how_much("2"))], strict=True)
    resource = fhir.questionnaire_response(
        id="7", questionnaire="urn:q|1", status="completed", subject="Patient/1", authored=timezone.now(),
        answers=checked.answers, author="Practitioner/3",
    )  # fmt: skip
    assert QuestionnaireResponse(**resource).item[0].answer[0].valueCoding.code == "2"
