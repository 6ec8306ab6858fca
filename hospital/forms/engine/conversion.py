"""FHIR STU3 Questionnaires, alone or in a Bundle with their value sets, made into R4.

What changed between the two: `option` and `options` became `answerOption` and `answerValueSet`, `hasAnswer` became the
operator `exists`, several conditions were joined by "or", `initial[x]` became a list, subscripts of the ordinal
extension were merged. Value sets that come along are written into the questionnaire, which must stand alone for ever.
"""

import copy
import re
from dataclasses import dataclass
from typing import Any

from .definition import CALCULATED, LANGUAGE, ORDINAL, DefinitionErrors, Json, extension_value
from .reading import codings_of

_STU3_ORDINAL = (
    "http://hl7.org/fhir/StructureDefinition/questionnaire-ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/valueset-ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/iso21090-CO-value",
)
_STU3_MARKS = ("option", "options", "initialBoolean", "initialCoding", "initialString", "initialInteger")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an STU3 file can't say and the person who imports it adds.

    weights_from_codes: numeric codes of the options are their points. sum_into: linkId of the item that is the sum of
    all choices. name: canonical name of the questionnaire.
    """

    name: str = ""
    title: str = ""
    weights_from_codes: bool = False
    sum_into: str = ""


def questionnaires_in(resource: Any) -> list[tuple[Json, dict[str, Json]]]:
    """The questionnaires of a resource or Bundle, each with the value sets that came along. Raises DefinitionErrors."""
    if not isinstance(resource, dict):
        raise DefinitionErrors([("", "this is not a FHIR resource")])
    if resource.get("resourceType") == "Questionnaire":
        return [(resource, {})]
    if resource.get("resourceType") != "Bundle":
        raise DefinitionErrors([("", "neither a FHIR Questionnaire nor a Bundle with one")])
    entries = [e.get("resource") for e in resource.get("entry", []) if isinstance(e, dict)]
    resources = [r for r in entries if isinstance(r, dict)]
    value_sets: dict[str, Json] = {}
    for found in resources:
        if found.get("resourceType") == "ValueSet":
            for name in (f"ValueSet/{found.get('id')}", str(found.get("url"))):
                value_sets[name] = found
    questionnaires = [(r, value_sets) for r in resources if r.get("resourceType") == "Questionnaire"]
    if not questionnaires:
        raise DefinitionErrors([("entry", "no Questionnaire in this Bundle")])
    return questionnaires


def is_stu3(resource: Json) -> bool:
    return any(
        mark in item or "hasAnswer" in str(item.get("enableWhen", "")) or _answers_without_operator(item)
        for item in _walk(resource.get("item"))
        for mark in _STU3_MARKS
    )


def _answers_without_operator(item: Json) -> bool:
    conditions = item.get("enableWhen")
    return isinstance(conditions, list) and any(isinstance(c, dict) and "operator" not in c for c in conditions)


def _walk(items: Any) -> list[Json]:
    found: list[Json] = []
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            found += [item, *_walk(item.get("item"))]
    return found


def to_r4(resource: Json, value_sets: dict[str, Json], wishes: Wishes | None = None) -> Json:
    """The same questionnaire in R4, with `wishes` granted. An R4 questionnaire stays as it is apart from them."""
    wishes = wishes or Wishes()
    stu3 = is_stu3(resource)
    made = {k: copy.deepcopy(v) for k, v in resource.items() if k not in ("text", "meta", "item")}
    made["title"] = wishes.title or made.get("title") or _title(resource)
    made["name"] = wishes.name or made.get("name") or slug(str(resource.get("id") or made["title"]))
    items = copy.deepcopy(resource.get("item") or [])
    for item in _walk(items):
        if stu3:
            _convert(item, value_sets)
        else:
            _inline(item, value_sets)
        if wishes.weights_from_codes:
            _weigh_by_code(item)
    made["item"] = items
    if wishes.sum_into:
        _sum_into(items, wishes.sum_into)
    return made


def _title(resource: Json) -> str:
    identifiers = resource.get("identifier") or []
    value = next((i.get("value") for i in identifiers if isinstance(i, dict)), None)
    return str(value or resource.get("name") or resource.get("id") or "")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80]


def _convert(item: Json, value_sets: dict[str, Json]) -> None:
    if "option" in item:
        item["answerOption"] = item.pop("option")
    reference = item.pop("options", None)
    if reference is not None:
        _put_options(item, str(reference.get("reference") if isinstance(reference, dict) else reference), value_sets)
    if item.get("type") == "question":  # STU3 let the abstract type through
        item["type"] = "group"
    conditions = item.get("enableWhen")
    if isinstance(conditions, list):
        item["enableWhen"] = [_condition(c) for c in conditions if isinstance(c, dict)]
        if len(conditions) > 1:
            item["enableBehavior"] = "any"
    for key in [k for k in item if k.startswith("initial") and k != "initial"]:
        item["initial"] = [{"value" + key.removeprefix("initial"): item.pop(key)}]
    _ordinals(item)


def _condition(condition: Json) -> Json:
    made = {k: v for k, v in condition.items() if k != "hasAnswer"}
    if "hasAnswer" in condition:
        return {**made, "operator": "exists", "answerBoolean": condition["hasAnswer"]}
    return {"operator": "=", **made}


def _put_options(item: Json, reference: str, value_sets: dict[str, Json]) -> None:
    if reference.startswith("#"):
        item["answerValueSet"] = reference
        return
    found = value_sets.get(reference) or value_sets.get(reference.lstrip("/"))
    if found is None:
        item["answerValueSet"] = reference  # Definition.read says that it isn't ours
        return
    item["answerOption"] = [_as_option(coding) for coding in codings_of(found)]


def _inline(item: Json, value_sets: dict[str, Json]) -> None:
    reference = str(item.get("answerValueSet", "")).split("|")[0]
    if reference in value_sets:
        del item["answerValueSet"]
        _put_options(item, reference, value_sets)


def _as_option(coding: Json) -> Json:
    weight = next(
        (w for url in (ORDINAL, *_STU3_ORDINAL) for w in [extension_value(coding, url)] if w is not None), None
    )
    option: Json = {"valueCoding": {k: v for k, v in coding.items() if k != "extension"}}
    if weight is not None:
        option["extension"] = [{"url": ORDINAL, "valueDecimal": weight}]
    return option


def _ordinals(item: Json) -> None:
    for option in item.get("answerOption", []):
        if not isinstance(option, dict):
            continue
        coding = option.get("valueCoding")
        for holder in (option, coding if isinstance(coding, dict) else {}):
            for extension in holder.get("extension", []):
                if extension.get("url") in _STU3_ORDINAL:
                    extension["url"] = ORDINAL


def _weigh_by_code(item: Json) -> None:
    options = [o for o in item.get("answerOption", []) if isinstance(o, dict) and "valueCoding" in o]
    codes = [str(o["valueCoding"].get("code", "")) for o in options]
    if not options or not all(re.fullmatch(r"-?[0-9]{1,6}", code) for code in codes):
        return
    for option, code in zip(options, codes, strict=True):
        kept = [e for e in option.get("extension", []) if e.get("url") != ORDINAL]
        option["extension"] = [*kept, {"url": ORDINAL, "valueDecimal": int(code)}]


def _is_weighed(item: Json) -> bool:
    options = [o for o in item.get("answerOption", []) if isinstance(o, dict)]
    holders = [h for o in options for h in (o, o.get("valueCoding")) if isinstance(h, dict)]
    return any(extension_value(h, ORDINAL) is not None for h in holders)


def _sum_into(items: list[Json], link_id: str) -> None:
    every = _walk(items)
    target = next((i for i in every if i.get("linkId") == link_id), None)
    if target is None:
        raise DefinitionErrors([("sum_into", f"there is no item {link_id}")])
    links = [str(i["linkId"]) for i in every if _is_weighed(i)]
    if not links:
        raise DefinitionErrors([("sum_into", "no choice has points")])
    expression = "sum(" + ", ".join(f'"{link}"' for link in links) + ")"
    kept = [e for e in target.get("extension", []) if e.get("url") != CALCULATED]
    target["extension"] = [
        *kept,
        {"url": CALCULATED, "valueExpression": {"language": LANGUAGE, "expression": expression}},
    ]
    target["readOnly"] = True
