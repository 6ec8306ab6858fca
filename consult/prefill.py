"""The patient's answers as the first draft of the note (C1): words of the patient, never of a machine (IH-09)."""

from hospital.forms.engine.definition import Json


def _walk(items: list[Json]) -> list[Json]:
    found: list[Json] = []
    for item in items:
        found.append(item)
        found += _walk(item.get("item") or [])
        for answer in item.get("answer") or []:
            found += _walk(answer.get("item") or [])
    return found


def _text(answer: Json) -> str:
    ((key, value),) = ((k, v) for k, v in answer.items() if k != "item")
    if key == "valueCoding":
        return str(value.get("display") or value.get("code"))
    if key == "valueQuantity":
        return f"{value.get('value')}{value.get('unit', '')}"
    if key == "valueBoolean":
        return "是" if value else "否"
    return str(value)


def _answers(items: list[Json], link_id: str) -> list[str]:
    return [_text(a) for item in items if item.get("linkId") == link_id for a in item.get("answer") or []]


def note_texts(answers: list[Json]) -> dict[str, str]:
    """Section of the note -> text, for what the patient answered."""
    items = _walk(answers)
    symptoms = "、".join(_answers(items, "symptoms"))
    pain = _answers(items, "pain-score")
    parts = [
        f"近一周:{symptoms}" if symptoms else "",
        f"疼痛 {pain[0]} 分" if pain else "",
        *(f"最高体温 {t}" for t in _answers(items, "temperature")),
        *(f"持续 {t}" for t in _answers(items, "duration")),
        *(f"与上次相比:{t}" for t in _answers(items, "change")),
        *_answers(items, "change-how"),
        _drugs(items),
    ]
    complaint = next(iter(_answers(items, "chief-complaint")), "")
    return {
        "chief_complaint": complaint[:20],
        "present_illness": "。".join(filter(None, [complaint if len(complaint) > 20 else "", *parts])),
    }


def _drugs(items: list[Json]) -> str:
    drugs = []
    for item in items:
        if item.get("linkId") == "drug":
            below = item.get("item") or []
            drugs.append(" ".join([*_answers(below, "drug-name"), *_answers(below, "drug-use")]))
    return f"正在用药:{'、'.join(drugs)}" if drugs else ""
