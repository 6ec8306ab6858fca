"""Are these answers allowed by the questionnaire? Nothing outside it, nothing that isn't asked, nothing half read.

`check` answers with the answers in their one true shape: texts and displays as the questionnaire has them, calculated
items calculated. `strict` is for handing in; a draft may lack answers and may keep those of questions hidden at present.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from . import scoring
from .definition import CHOICES, VALUE_KEYS, Definition, Item, ItemType, Json, number_of
from .tree import Node, gather, grow, walk

MAX_STRING, MAX_TEXT, MAX_ANSWERS, MAX_JSON = 1000, 10_000, 100, 500_000
_NUMERIC = frozenset({ItemType.INTEGER, ItemType.DECIMAL, ItemType.QUANTITY})
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")


class Terminology(Protocol):
    def display(self, value_set: str, code: str) -> str | None:
        """The name of a code in one of the hospital's catalogues; None when it isn't there."""


class NoTerminology:
    def display(self, value_set: str, code: str) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an answer is refused; `name` is the field in the page."""

    name: str
    link_id: str
    text: str


@dataclass(slots=True)
class Checked:
    answers: list[Json]
    roots: list[Node]
    faults: list[Fault] = field(default_factory=list)
    misplaced: bool = False  # the answers don't even fit the questionnaire; nothing of them was kept
    scores: dict[str, int | float] = field(default_factory=dict)
    alarms: list[scoring.Alarm] = field(default_factory=list)


class BadValue(Exception):
    """One answer can't be accepted; the text is for the person who gave it."""


def check(definition: Definition, answers: Any, *, strict: bool, terminology: Terminology | None = None) -> Checked:
    faults: list[Fault] = []
    if _unstorable(answers):
        faults.append(Fault("", "", _("These answers can't be read.")))
    else:
        _structure(definition.items, answers, faults, "")
    if faults:
        return Checked(answers=[], roots=grow(definition, []), faults=faults, misplaced=True)
    roots = grow(definition, answers)
    for node in walk(roots):
        _values(node, terminology or NoTerminology(), faults)
    given = {id(node) for node in walk(roots) if node.answers and node.item.calculated is None}
    scoring.settle(definition, roots)
    for node in walk(roots):
        if node.enabled:
            faults += _complete(node, strict)
        elif strict and id(node) in given:
            faults.append(Fault(node.name, node.item.link_id, _("This question isn't asked with your other answers.")))
    return Checked(
        answers=gather(roots, only_enabled=strict),
        roots=roots,
        faults=faults,
        scores=scoring.scores(roots),
        alarms=scoring.alarms(roots),
    )


def pruned(definition: Definition, answers: list[Json]) -> list[Json]:
    """The answers without those of questions that aren't asked: what a page hands in, since nobody saw the others."""
    roots = grow(definition, answers)
    scoring.settle(definition, roots)
    return gather(roots, only_enabled=True)


def _unstorable(answers: Any) -> bool:
    """Too much, not JSON, or with characters that PostgreSQL can't keep."""
    try:
        text = json.dumps(answers, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return True
    return len(text) > MAX_JSON or "\\u0000" in text


def _structure(items: tuple[Item, ...], answers: Any, faults: list[Fault], where: str) -> None:
    """Everything in `answers` has its place in the questionnaire."""
    known = {item.link_id: item for item in items}
    if not isinstance(answers, list):
        faults.append(Fault("", where, _("These answers can't be read.")))
        return
    seen: set[str] = set()
    for raw in answers:
        link = raw.get("linkId") if isinstance(raw, dict) else None
        item = known.get(link) if isinstance(link, str) else None
        if not isinstance(raw, dict) or item is None:
            faults.append(Fault("", str(link or where), _("This form has no such question.")))
            continue
        if item.link_id in seen and not (item.type is ItemType.GROUP and item.repeats):
            faults.append(Fault(item.key, item.link_id, _("This question is answered twice.")))
        seen.add(item.link_id)
        _structure_of(item, raw, faults)


def _structure_of(item: Item, raw: Json, faults: list[Fault]) -> None:
    values, below = raw.get("answer"), raw.get("item")
    if set(raw) - {"linkId", "text", "definition", "answer", "item"}:
        faults.append(Fault(item.key, item.link_id, _("These answers can't be read.")))
    if item.type is ItemType.GROUP:
        if values is not None:
            faults.append(Fault(item.key, item.link_id, _("This form has no such question.")))
        _structure(item.items, [] if below is None else below, faults, item.link_id)
        return
    if below is not None or item.type is ItemType.DISPLAY:
        faults.append(Fault(item.key, item.link_id, _("This form has no such question.")))
    if not isinstance(values, list) or not values or len(values) > MAX_ANSWERS:
        faults.append(Fault(item.key, item.link_id, _("These answers can't be read.")))
        return
    for n, answer in enumerate(values):
        if not isinstance(answer, dict) or len(answer.keys() - {"item"}) != 1 or not _shaped(item, answer):
            faults.append(Fault(item.key, item.link_id, _("These answers can't be read.")))
        elif "item" in answer:
            if n or not item.items:
                faults.append(Fault(item.key, item.link_id, _("This form has no such question.")))
            else:
                _structure(item.items, answer["item"], faults, item.link_id)


def _shaped(item: Item, answer: Json) -> bool:
    """Is it a value of a kind that such a question may have? Whether it is a good one is asked of the whole."""
    ((key, value),) = ((k, v) for k, v in answer.items() if k != "item")
    return key in VALUE_KEYS.get(item.type, ()) and _SHAPES[key](value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_coding(value: Any) -> bool:
    parts = {"system", "code", "display", "version", "userSelected"}
    if not isinstance(value, dict) or not set(value) <= parts or not (value.get("code") or value.get("display")):
        return False
    return all(isinstance(value[k], str) for k in ("system", "code", "display") if k in value)


def _is_quantity(value: Any) -> bool:
    return isinstance(value, dict) and _is_number(value.get("value")) and isinstance(value.get("unit", ""), str)


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "valueBoolean": lambda value: isinstance(value, bool),
    "valueInteger": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "valueDecimal": _is_number,
    "valueDate": _is_text,
    "valueTime": _is_text,
    "valueString": _is_text,
    "valueUri": _is_text,
    "valueDateTime": _is_moment,
    "valueCoding": _is_coding,
    "valueQuantity": _is_quantity,
}


def _values(node: Node, terminology: Terminology, faults: list[Fault]) -> None:
    """Put each value of one question into its true shape, or say what is wrong with it."""
    item = node.item
    if item.calculated is not None:
        node.answers = []  # never taken from outside
        return
    kept: list[Json] = []
    for answer in node.answers:
        try:
            kept.append(value_of(item, answer, terminology))
        except BadValue as bad:
            faults.append(Fault(node.name, item.link_id, str(bad)))
            return
    node.answers = kept
    if len(kept) > 1:
        if not item.repeats:
            faults.append(Fault(node.name, item.link_id, _("Give one answer only.")))
        options = [scoring.option_of(item, answer) for answer in kept]
        if any(option is not None and option.exclusive for option in options):
            faults.append(Fault(node.name, item.link_id, _("This choice can't be combined with others.")))
        if item.type in CHOICES and any(answer in kept[:n] for n, answer in enumerate(kept)):
            faults.append(Fault(node.name, item.link_id, _("Each choice counts once.")))
    if item.read_only and kept and kept != initial_answers(item):
        faults.append(Fault(node.name, item.link_id, _("This can't be changed here.")))


def _complete(node: Node, strict: bool) -> list[Fault]:
    item = node.item
    if not strict or item.type is ItemType.DISPLAY or item.calculated is not None:
        return []
    if item.type is ItemType.GROUP:
        if item.required and not any(n.answers for n in node.walk() if n.enabled):
            return [Fault(node.name, item.link_id, _("Please answer this part."))]
        if item.repeats and node is next(n for n in node.siblings if n.item is item):
            return _occurrences(node, sum(n.item is item for n in node.siblings))
        return []
    if item.required and not item.read_only and not node.answers:
        return [Fault(node.name, item.link_id, _("Please answer this question."))]
    return _occurrences(node, len(node.answers)) if node.answers else []


def _occurrences(node: Node, count: int) -> list[Fault]:
    item = node.item
    if count < item.min_occurs:
        return [Fault(node.name, item.link_id, _("At least %(n)d are needed.") % {"n": item.min_occurs})]
    if item.max_occurs is not None and count > item.max_occurs:
        return [Fault(node.name, item.link_id, _("At most %(n)d are allowed.") % {"n": item.max_occurs})]
    return []


def initial_answers(item: Item) -> list[Json]:
    """What a question starts with: its `initial` values, or the options marked as selected."""
    if item.initial:
        allowed = VALUE_KEYS.get(item.type, ())
        return [{k: v} for one in item.initial for k, v in one.items() if k in allowed]
    return [{option.key: option.value} for option in item.options if option.initial]


# --- one value ------------------------------------------------------------------------------------------------


def value_of(item: Item, answer: Json, terminology: Terminology) -> Json:
    """The answer in its true shape. Raises BadValue."""
    ((key, value),) = ((k, v) for k, v in answer.items() if k != "item")
    if item.type in CHOICES:
        return _choice(item, answer, key, value, terminology)
    if key not in VALUE_KEYS[item.type]:
        raise BadValue(_("This isn't the kind of answer that is asked for."))
    return {key: _CHECKS[item.type](item, value)}


def _choice(item: Item, answer: Json, key: str, value: Any, terminology: Terminology) -> Json:
    option = scoring.option_of(item, answer)
    if option is not None:
        return {option.key: option.value}
    if item.value_set and key == "valueCoding" and isinstance(value, dict) and isinstance(value.get("code"), str):
        display = terminology.display(item.value_set, value["code"])
        if display is not None:
            return {key: {"system": item.value_set, "code": value["code"], "display": display}}
    if item.type is ItemType.OPEN_CHOICE and key == "valueString":
        return {key: _string(item, value)}
    raise BadValue(_("Choose one of the answers offered."))


def _boolean(item: Item, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(_("Choose yes or no."))
    return value


def _limits(item: Item, number: Decimal) -> None:
    low, high = number_of(item.minimum), number_of(item.maximum)
    if low is not None and number < low:
        raise BadValue(_("Must be at least %(limit)s.") % {"limit": low})
    if high is not None and number > high:
        raise BadValue(_("Must be at most %(limit)s.") % {"limit": high})
    exponent = number.normalize().as_tuple().exponent
    if item.max_decimals is not None and isinstance(exponent, int) and -exponent > item.max_decimals:
        raise BadValue(_("At most %(n)d decimals.") % {"n": item.max_decimals})


def _integer(item: Item, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2_147_483_647:
        raise BadValue(_("Enter a whole number."))
    _limits(item, Decimal(value))
    return value


def _decimal(item: Item, value: Any) -> int | float:
    number = number_of(value) if isinstance(value, int | float) else None
    if number is None or abs(number) >= Decimal("1e15"):
        raise BadValue(_("Enter a number."))
    _limits(item, number)
    assert isinstance(value, int | float)
    return value


def _string(item: Item, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise BadValue(_("Enter some text."))
    longest = item.max_length or (MAX_TEXT if item.type is ItemType.TEXT else MAX_STRING)
    if len(value) > longest:
        raise BadValue(_("At most %(n)d characters; there are %(there)d now.") % {"n": longest, "there": len(value)})
    if item.min_length and len(value) < item.min_length:
        raise BadValue(_("At least %(n)d characters.") % {"n": item.min_length})
    if item.regex and not re.fullmatch(item.regex, value):
        raise BadValue(_("This isn't in the form that is asked for."))
    return value


def _url(item: Item, value: Any) -> str:
    text = _string(item, value)
    if not re.fullmatch(r"https?://\S+", text):
        raise BadValue(_("Enter a web address that starts with https://."))
    return text


def _between(item: Item, value: str) -> None:
    if item.minimum is not None and value < str(item.minimum):
        raise BadValue(_("Must not be before %(limit)s.") % {"limit": item.minimum})
    if item.maximum is not None and value > str(item.maximum):
        raise BadValue(_("Must not be after %(limit)s.") % {"limit": item.maximum})


def _date(item: Item, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise BadValue(_("Enter a date, like 2026-11-21."))
    try:
        date.fromisoformat((value + "-01-01")[:10])
    except ValueError as error:
        raise BadValue(_("This date doesn't exist.")) from error
    _between(item, value)
    return value


def _date_time(item: Item, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadValue(_("Enter a date and a time."))
    _between(item, moment.isoformat())
    return moment.isoformat()


def _time(item: Item, value: Any) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise BadValue(_("Enter a time, like 14:30."))
    try:
        time.fromisoformat(value)
    except ValueError as error:
        raise BadValue(_("Enter a time, like 14:30.")) from error
    _between(item, value)
    return value


def _quantity(item: Item, value: Any) -> Json:
    if not isinstance(value, dict) or set(value) - {"value", "unit", "code", "system", "comparator"}:
        raise BadValue(_("Enter a number."))
    number = _decimal(item, value.get("value"))
    if not item.units:
        return {k: v for k, v in value.items() if k in ("unit", "code", "system") and isinstance(v, str)} | {
            "value": number
        }
    asked = value.get("code") or value.get("unit")
    unit = next((u for u in item.units if asked in (u.code, u.display)), None)
    if unit is None:
        raise BadValue(_("Choose one of the units offered."))
    return {"value": number, "unit": unit.display, "code": unit.code} | ({"system": unit.system} if unit.system else {})


_CHECKS: dict[ItemType, Callable[[Item, Any], Any]] = {
    ItemType.BOOLEAN: _boolean,
    ItemType.INTEGER: _integer,
    ItemType.DECIMAL: _decimal,
    ItemType.STRING: _string,
    ItemType.TEXT: _string,
    ItemType.URL: _url,
    ItemType.DATE: _date,
    ItemType.DATE_TIME: _date_time,
    ItemType.TIME: _time,
    ItemType.QUANTITY: _quantity,
}
assert set(_CHECKS) | CHOICES | {ItemType.GROUP, ItemType.DISPLAY} == set(ItemType)
