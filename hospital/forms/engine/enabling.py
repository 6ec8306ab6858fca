"""Which questions are asked: enableWhen with all its operators (FHIR R4 Questionnaire.item.enableWhen).

A question that isn't asked counts as not answered for those that depend on it. Where a group repeats, a condition
speaks of the answer in the same instance. `!=` means that no answer equals, so it holds while nothing is answered;
`=` and the order operators hold when one answer does.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from .definition import EnableWhen, Json, number_of
from .tree import Node


def decide(roots: list[Node]) -> None:
    """Set `enabled` on every node."""
    memo: dict[int, bool] = {}
    for root in roots:
        for node in root.walk():
            node.enabled = _asked(node, memo)


def _asked(node: Node, memo: dict[int, bool]) -> bool:
    known = memo.get(id(node))
    if known is None:
        known = memo[id(node)] = (node.parent is None or _asked(node.parent, memo)) and _holds(node, memo)
    return known


def _holds(node: Node, memo: dict[int, bool]) -> bool:
    if not node.item.enable_when:
        return True
    results = (matches(c, _answers_to(c.question, node, memo)) for c in node.item.enable_when)
    return any(results) if node.item.enable_any else all(results)


def _answers_to(link_id: str, asker: Node, memo: dict[int, bool]) -> list[Json]:
    """Answers of the nearest question with this linkId: up from the asker's own siblings to the root."""
    scope: Node | None = asker
    while scope is not None:
        found = [n for sibling in scope.siblings for n in sibling.walk() if n.item.link_id == link_id]
        if found:
            return [a for n in found if _asked(n, memo) for a in n.answers]
        scope = scope.parent
    return []


def matches(condition: EnableWhen, answers: Iterable[Json]) -> bool:
    """Does one condition hold for these answers?"""
    given = [value for answer in answers for value in [_pair(answer)] if value is not None]
    wanted = (condition.key, condition.value)
    match condition.operator:
        case "exists":
            return bool(given) is condition.value
        case "=":
            return any(_equal(one, wanted) for one in given)
        case "!=":
            return not any(_equal(one, wanted) for one in given)
        case ">":
            return any(_compare(one, wanted) == 1 for one in given)
        case "<":
            return any(_compare(one, wanted) == -1 for one in given)
        case ">=":
            return any(_compare(one, wanted) in (0, 1) for one in given)
    return any(_compare(one, wanted) in (0, -1) for one in given)


def _pair(answer: Json) -> tuple[str, Any] | None:
    return next(((k, v) for k, v in answer.items() if k.startswith("value") and v is not None), None)


def _equal(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    (key, value), (wanted_key, wanted) = one, other
    if key == "valueCoding" and wanted_key == "valueCoding":
        same_system = not wanted.get("system") or wanted.get("system") == value.get("system")
        return same_system and value.get("code") is not None and value.get("code") == wanted.get("code")
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    compared = _compare(one, other)
    return compared == 0 if compared is not None else key == wanted_key and value == wanted


def _compare(one: tuple[str, Any], other: tuple[str, Any]) -> int | None:
    """-1, 0, 1, or None when the two can't be ordered: other kinds, other units, a code against a number."""
    left, right = _ordered(*one), _ordered(*other)
    if left is None or right is None or left[0] != right[0]:
        return None
    a, b = left[1], right[1]
    return int(a > b) - int(a < b)


def _ordered(key: str, value: Any) -> tuple[str, Any] | None:
    if key == "valueQuantity" and isinstance(value, dict):
        number = number_of(value.get("value"))
        unit = str(value.get("code") or value.get("unit") or "")
        return None if number is None else (f"quantity {unit}", number)
    if key in ("valueInteger", "valueDecimal"):
        decimal: Decimal | None = number_of(value)
        return None if decimal is None else ("number", decimal)
    if key in ("valueDate", "valueTime", "valueString", "valueUri"):
        return key, str(value)
    if key == "valueDateTime":
        from datetime import datetime

        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return None
        return None if moment.tzinfo is None else (key, moment)
    return None
