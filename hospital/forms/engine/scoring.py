"""Calculated scores and the answers that must alarm somebody."""

from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal

from . import enabling
from .definition import CHOICES, Band, Definition, Item, ItemType, Json, Option, number_of
from .tree import Node, walk

_NUMBERS = frozenset({ItemType.INTEGER, ItemType.DECIMAL, ItemType.QUANTITY})


@dataclass(frozen=True, slots=True)
class Alarm:
    """An answer that the questionnaire marks as alarming. level: "urgent" or "watch"."""

    link_id: str
    question: str
    answer: str
    level: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def option_of(item: Item, answer: Json) -> Option | None:
    """The option that an answer chose."""
    for option in item.options:
        if option.key not in answer:
            continue
        value = answer[option.key]
        if option.key != "valueCoding":
            if value == option.value and type(value) is type(option.value):
                return option
        elif isinstance(value, dict) and value.get("code") == option.value.get("code"):
            if value.get("code") is None and value.get("display") != option.value.get("display"):
                continue
            if value.get("system", option.value.get("system")) == option.value.get("system"):
                return option
    return None


def number_in(answer: Json) -> Decimal | None:
    for key in ("valueInteger", "valueDecimal"):
        if key in answer:
            return number_of(answer[key])
    quantity = answer.get("valueQuantity")
    return number_of(quantity.get("value")) if isinstance(quantity, dict) else None


def weigh(node: Node) -> Decimal | None:
    """The weight of a question's answers: the sum of its options' ordinal values, or the number; None unanswered."""
    if not node.answers:
        return None
    if node.item.type in CHOICES:
        options = [option_of(node.item, answer) for answer in node.answers]
        weights = [option.ordinal for option in options if option is not None and option.ordinal is not None]
        return sum(weights, Decimal(0)) if weights else None
    if node.item.type is ItemType.BOOLEAN:
        return Decimal(1 if node.answers[0].get("valueBoolean") is True else 0)
    numbers = [n for n in map(number_in, node.answers) if n is not None]
    return sum(numbers, Decimal(0)) if numbers else None


def _counts(item: Item) -> bool:
    """Does a question count when its group is named in an expression?"""
    if item.calculated is not None:
        return False
    return item.type in _NUMBERS or (item.type in CHOICES and any(o.ordinal is not None for o in item.options))


def weights_of(link_id: str, roots: list[Node]) -> list[Decimal | None]:
    found: list[Decimal | None] = []
    for node in walk(roots):
        if node.item.link_id == link_id and node.enabled:
            if node.item.type is ItemType.GROUP:
                found += [weigh(n) for n in node.walk() if n.enabled and n is not node and _counts(n.item)]
            else:
                found.append(weigh(node))
    return found


def settle(definition: Definition, roots: list[Node]) -> None:
    """Decide what is asked and calculate what is calculated, until both agree.

    Definitions have no circles (Definition.read refuses them), so each round settles at least one item more.
    """
    calculated = [node for node in walk(roots) if node.item.calculated is not None]
    enabling.decide(roots)
    for _ in range(len(calculated) + 1):
        changed = False
        for node in calculated:
            answers = _calculate(definition, node, roots)
            changed |= answers != node.answers
            node.answers = answers
        if not changed:
            return
        enabling.decide(roots)


def _calculate(definition: Definition, node: Node, roots: list[Node]) -> list[Json]:
    assert node.item.calculated is not None
    number = node.item.calculated.value(lambda link: weights_of(link, roots), definition.tables)
    if number is None:
        return []
    if node.item.type is ItemType.INTEGER:
        return [{"valueInteger": int(number.quantize(Decimal(1), rounding=ROUND_HALF_UP))}]
    plain = plain_number(number)
    if node.item.type is ItemType.QUANTITY:
        unit = node.item.units[0] if node.item.units else None
        return [{"valueQuantity": {"value": plain, **({"unit": unit.display, "code": unit.code} if unit else {})}}]
    return [{"valueDecimal": plain}]


def plain_number(number: Decimal) -> int | float:
    """As JSON carries it; at most six decimals."""
    rounded = round(number, 6)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def band_of(node: Node) -> Band | None:
    """What the number in this node means."""
    for answer in node.answers:
        number = number_in(answer)
        if number is not None:
            return next((band for band in node.item.bands if band.holds(number)), None)
    return None


def scores(roots: list[Node]) -> dict[str, int | float]:
    """linkId -> number of each calculated item that is known."""
    found: dict[str, int | float] = {}
    for node in walk(roots):
        if node.item.calculated is not None and node.enabled:
            for number in map(number_in, node.answers):
                if number is not None:
                    found[node.item.link_id] = plain_number(number)
    return found


def alarms(roots: list[Node]) -> list[Alarm]:
    """Answers marked as alarming among the questions that are asked, in the order of the form."""
    found: list[Alarm] = []
    for node in walk(roots):
        if not node.enabled:
            continue
        for answer in node.answers:
            option = option_of(node.item, answer)
            if option is not None and option.alarm:
                found.append(Alarm(node.item.link_id, node.item.text, option.display, option.alarm))
        band = band_of(node)
        if band is not None and band.alarm:
            number = next(n for n in map(number_in, node.answers) if n is not None)
            words = f"{plain_number(number)} {band.text}".strip()
            found.append(Alarm(node.item.link_id, node.item.text, words, band.alarm))
    return found
