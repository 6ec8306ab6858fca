"""Small questionnaires for tests, and the use of forms that only tests have."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from hospital.forms import carried, kinds
from hospital.forms.engine.definition import CALCULATED, LANGUAGE, ORDINAL, OURS, Definition

S = "urn:test"
BECAUSE = "tests.form"


def coding(code: str, display: str = "", ordinal: int | None = None, alarm: str = "", exclusive: bool = False) -> Any:
    option: dict[str, Any] = {"valueCoding": {"system": S, "code": code, "display": display or code}}
    marks: list[dict[str, Any]] = []
    if ordinal is not None:
        marks.append({"url": ORDINAL, "valueDecimal": ordinal})
    if alarm:
        marks.append({"url": OURS + "alarm", "valueCode": alarm})
    if exclusive:
        url = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
        marks.append({"url": url, "valueBoolean": True})
    return {**option, "extension": marks} if marks else option


def chosen(code: str, display: str = "") -> dict[str, Any]:
    return {"valueCoding": {"system": S, "code": code, "display": display or code}}


def calculated(expression: str) -> list[dict[str, Any]]:
    return [{"url": CALCULATED, "valueExpression": {"language": LANGUAGE, "expression": expression}}]


def questionnaire(*items: dict[str, Any], **columns: Any) -> dict[str, Any]:
    return {
        "resourceType": "Questionnaire",
        "title": "t",
        "name": "t",
        "status": "active",
        "item": list(items),
        **columns,
    }


def item(link: str, kind: str, **columns: Any) -> dict[str, Any]:
    return {"linkId": link, "type": kind, "text": f"text of {link}", **columns}


def definition(*items: dict[str, Any], **columns: Any) -> Definition:
    return Definition.read(questionnaire(*items, **columns))


def answer(link: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"linkId": link, "answer": list(values)}


def carried_content(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((carried.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


@contextmanager
def form_use(**columns: Any) -> Iterator[list[tuple[int, datetime]]]:
    """Registers the tests' own use of forms; gives the list of what it was told."""
    told: list[tuple[int, datetime]] = []
    given = {"may_fill": lambda actor, response: True, "on_submitted": lambda pk, at: told.append((pk, at)), **columns}
    kinds._uses[BECAUSE] = kinds.FormUse(BECAUSE, "tests", **given)
    try:
        yield told
    finally:
        del kinds._uses[BECAUSE]
