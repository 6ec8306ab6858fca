"""A patient's answers before the visit, as the draft of the doctor's note (C1).

The texts stay the patient's: the draft marks each part as theirs until the doctor confirms it (IH-09). The one who
calls is consult: `services.note_prefill(..., fields=preconsult.note_fields(response.answers))`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_SAME_CHANGE = {"better": "better", "same": "same", "worse": "worse"}


def note_fields(answers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Fields of the return note from the `item` list of a QuestionnaireResponse of the pre-consult form."""
    said = dict(_walk(answers))
    fields = {
        "chief-complaint": " ".join(_words(said, "chief-complaint"))[:20],
        "present-illness": _present_illness(said),
        "temperature": "".join(_numbers(said, "temperature")[:1]),
    }
    change = [answer["valueCoding"]["code"] for answer in said.get("change", []) if "valueCoding" in answer]
    if change and change[0] in _SAME_CHANGE:
        fields["change"] = _SAME_CHANGE[change[0]]
    return {name: text for name, text in fields.items() if text}


def _present_illness(said: Mapping[str, list[Mapping[str, Any]]]) -> str:
    parts = []
    if symptoms := _words(said, "symptoms"):
        parts.append("患者自述：" + "、".join(symptoms))
    if duration := _words(said, "duration"):
        parts.append("持续 " + duration[0])
    if pain := _words(said, "pain-score"):
        parts.append(f"疼痛 {pain[0]} 分（0–10 分）")
    if how := _words(said, "change-how"):
        parts.append(how[0])
    names, uses = _words(said, "drug-name"), _words(said, "drug-use")
    if names:
        drugs = [f"{name}（{uses[place]}）" if place < len(uses) else name for place, name in enumerate(names)]
        parts.append("正在用药：" + "、".join(drugs))
    if purpose := _words(said, "purpose"):
        parts.append("希望：" + "、".join(purpose))
    return "；".join(parts) + "。" if parts else ""


def _walk(items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """(linkId, answers) of the whole tree; the answers of a repeated group are joined in order."""
    gathered: dict[str, list[Mapping[str, Any]]] = {}
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        answers = item.get("answer", [])
        if answers:
            gathered.setdefault(item["linkId"], []).extend(answers)
        waiting[:0] = [*item.get("item", []), *(sub for answer in answers for sub in answer.get("item", []))]
    yield from gathered.items()


def _words(said: Mapping[str, list[Mapping[str, Any]]], link_id: str) -> list[str]:
    return [text for text in map(_word, said.get(link_id, [])) if text]


def _word(answer: Mapping[str, Any]) -> str:
    if "valueCoding" in answer:
        return str(answer["valueCoding"].get("display") or answer["valueCoding"].get("code", ""))
    if "valueQuantity" in answer:
        quantity = answer["valueQuantity"]
        return f"{quantity.get('value', '')} {quantity.get('unit') or quantity.get('code', '')}".strip()
    value = next(
        (answer[key] for key in ("valueString", "valueInteger", "valueDecimal", "valueDate") if key in answer), ""
    )
    return str(value).strip()


def _numbers(said: Mapping[str, list[Mapping[str, Any]]], link_id: str) -> list[str]:
    return [str(answer["valueQuantity"]["value"]) for answer in said.get(link_id, []) if "valueQuantity" in answer]
