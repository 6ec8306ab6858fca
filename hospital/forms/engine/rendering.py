"""What a page shows of a questionnaire, and how the posted fields of that page become answers again.

Fields are named by the key of their item (`i4`), inside a repeating group by its instance (`i7-1.i9`). Pure: templates
only walk what `pages` answers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from django.utils.translation import gettext as _

from hospital.kit import clock

from . import scoring
from .definition import CHOICES, Definition, Item, ItemType, Json
from .tree import Node
from .validation import Fault

SCALE_TOP = 10  # whole numbers from 0 to 10 become a row of buttons
MANY_OPTIONS = 7  # more than this and they become a drop-down list
_WIDGETS = {
    ItemType.BOOLEAN: "boolean",
    ItemType.DECIMAL: "number",
    ItemType.INTEGER: "number",
    ItemType.DATE: "date",
    ItemType.DATE_TIME: "datetime",
    ItemType.TIME: "time",
    ItemType.STRING: "line",
    ItemType.TEXT: "text",
    ItemType.URL: "url",
    ItemType.QUANTITY: "quantity",
    ItemType.GROUP: "group",
    ItemType.DISPLAY: "display",
}
_TEMPLATES = {"boolean": "choices", "radios": "choices", "checkboxes": "choices", "scale": "choices",
              "date": "input", "datetime": "input", "time": "input", "line": "input", "url": "input",
              "number": "input", "quantity": "input", "catalogue": "input"}  # fmt: skip
OTHER = "__other__"  # the choice "something else" of an open choice


@dataclass(slots=True)
class Choice:
    code: str
    display: str
    chosen: bool = False
    exclusive: bool = False
    alarm: str = ""


@dataclass(slots=True)
class Field:
    """One node as a template shows it. `values` are texts to put into inputs; `shown` what was answered, in words."""

    name: str
    item: Item
    widget: str
    label: str
    enabled: bool
    error: str = ""
    values: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    other: str = ""
    other_chosen: bool = False
    unit: str = ""
    meaning: str = ""  # the band in which a number falls
    alarm: str = ""
    instance: int = 0  # of a repeating group, from 1
    is_last_instance: bool = False
    instances_name: str = ""
    children: list["Field"] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"f-{self.name}"

    @property
    def described_by(self) -> str:
        return " ".join([f"{self.id}-hint"] * bool(self.item.hint) + [f"{self.id}-error"] * bool(self.error))

    @property
    def template(self) -> str:
        return f"forms/widgets/{_TEMPLATES.get(self.widget, self.widget)}.html"

    @property
    def is_answered(self) -> bool:
        return bool(self.shown) or any(child.is_answered for child in self.children)

    def walk(self) -> Iterable["Field"]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class Page:
    """One thing at a time: a top-level group, or all of a short form."""

    number: int  # from 1
    title: str
    fields: list[Field]

    @property
    def enabled(self) -> bool:
        return any(f.enabled for f in self.fields)

    @property
    def errors(self) -> list[Field]:
        return [f for top in self.fields for f in top.walk() if f.error and f.enabled]


class Posted(Protocol):
    def getlist(self, key: str) -> list[Any]: ...
    def __contains__(self, key: object) -> bool: ...


def split(definition: Definition) -> list[list[Item]]:
    """The top-level items of each page: every top-level group begins one; what stands before the first joins it."""
    if sum(item.type is ItemType.GROUP and not item.hidden for item in definition.items) < 2:
        return [list(definition.items)]
    parts: list[list[Item]] = []
    loose: list[Item] = []
    for item in definition.items:
        if item.type is ItemType.GROUP:
            parts.append([*loose, item])
            loose = []
        else:
            loose.append(item)
    parts[-1].extend(loose)
    return parts


def pages(
    definition: Definition,
    roots: list[Node],
    *,
    faults: Iterable[Fault] = (),
    unread: Mapping[str, list[str]] | None = None,
) -> list[Page]:
    """Every page with its fields, faults put where they belong."""
    texts: dict[str, str] = {}
    for fault in faults:
        texts.setdefault(fault.name, fault.text)
    fields = [(node.item, _field(node, texts, unread or {})) for node in roots]
    made: list[Page] = []
    for number, items in enumerate(split(definition), start=1):
        of_page = [f for item, f in fields if item in items]
        title = next((i.text for i in items if i.type is ItemType.GROUP), definition.title)
        made.append(Page(number, title, of_page))
    return made


def _field(node: Node, faults: Mapping[str, str], unread: Mapping[str, list[str]]) -> Field:
    item = node.item
    band = scoring.band_of(node)
    made = Field(
        name=node.name,
        item=item,
        widget=_widget(item),
        label=f"{item.prefix} {item.text}".strip(),
        enabled=node.enabled and not item.hidden,
        error=faults.get(node.name, ""),
        shown=[words(answer, item) for answer in node.answers],
        unit=item.units[0].display if item.units else "",
        meaning=band.text if band else "",
        alarm=band.alarm if band else "",
        children=[_field(child, faults, unread) for child in node.children],
    )
    if item.type is ItemType.GROUP and item.repeats:
        twins = [n for n in node.siblings if n.item is item]
        made.instance = twins.index(node) + 1
        made.is_last_instance = node is twins[-1]
        made.instances_name = node.name.rsplit("-", 1)[0]
    elif item.type in CHOICES and not item.value_set:
        _put_choices(made, node)
    elif item.is_question:
        if item.type is ItemType.BOOLEAN:
            made.choices = [
                Choice(code, label, False) for code, label in (("true", str(_("Yes"))), ("false", str(_("No"))))
            ]
        made.values = [typed(answer) for answer in node.answers]
        if item.type is ItemType.QUANTITY and node.answers:
            made.unit = str(node.answers[0]["valueQuantity"].get("unit") or made.unit)
    left = unread.get(node.name)
    if left:
        made.values = [*made.values, *left]
    if item.repeats and item.is_question and item.type not in CHOICES:
        made.values = [*made.values, ""]
    elif not made.values:
        made.values = [""]
    for choice in made.choices if item.type is ItemType.BOOLEAN else ():
        choice.chosen = choice.code in made.values
    if made.widget == "scale":
        made.choices = [Choice(str(n), str(n), str(n) in made.values) for n in range(SCALE_TOP + 1)]
    return made


def _widget(item: Item) -> str:
    if item.calculated is not None:
        return "calculated"
    if item.type in CHOICES:
        if item.value_set:
            return "catalogue"
        if item.repeats:
            return "checkboxes"
        return "select" if len(item.options) > MANY_OPTIONS or item.control == "drop-down" else "radios"
    if item.type is ItemType.INTEGER and item.minimum == 0 and item.maximum == SCALE_TOP and not item.repeats:
        return "scale"
    return _WIDGETS[item.type]


def _put_choices(made: Field, node: Node) -> None:
    chosen = [scoring.option_of(node.item, answer) for answer in node.answers]
    made.choices = [Choice(o.code, o.display, o in chosen, o.exclusive, o.alarm) for o in node.item.options]
    made.alarm = next((o.alarm for o in chosen if o is not None and o.alarm), "")
    if node.item.type is ItemType.OPEN_CHOICE:
        free = [a["valueString"] for a, o in zip(node.answers, chosen, strict=True) if o is None and "valueString" in a]
        made.other, made.other_chosen = (free[0] if free else ""), bool(free)


def typed(answer: Json) -> str:
    """The text of an answer as its input holds it."""
    ((key, value),) = answer.items()
    if key == "valueBoolean":
        return "true" if value else "false"
    if key == "valueQuantity":
        return str(value.get("value", ""))
    if key == "valueCoding":
        return f"{value.get('code')} {value.get('display', '')}".strip()
    if key == "valueDateTime":
        return f"{clock.local(datetime.fromisoformat(value)):%Y-%m-%dT%H:%M}"
    if key == "valueTime":
        return str(value)[:5]
    return str(value)


def words(answer: Json, item: Item) -> str:
    """An answer in words, as it is read for ever."""
    ((key, value),) = answer.items()
    match key:
        case "valueBoolean":
            return str(_("Yes") if value else _("No"))
        case "valueCoding":
            return str(value.get("display") or value.get("code"))
        case "valueQuantity":
            return f"{value.get('value')} {value.get('unit', '')}".strip()
        case "valueDateTime":
            return f"{clock.local(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}"
        case "valueTime":
            return str(value)[:5]
    if item.units and key in ("valueDecimal", "valueInteger"):
        return f"{value} {item.units[0].display}"
    return str(value)


# --- from the page back to answers ---------------------------------------------------------------------------


@dataclass(slots=True)
class Reading:
    """Answers of the posted page merged into those before; `unread` is what no answer could be made of."""

    answers: list[Json]
    unread: dict[str, list[str]]


def read_post(definition: Definition, posted: Posted, before: list[Json], *, page: int = 0) -> Reading:
    """`page` 0 posts the whole form; else only that page's items are replaced (pages count from 1)."""
    parts = split(definition)
    posted_items = [item for part in parts for item in part] if not page else parts[min(page, len(parts)) - 1]
    unread: dict[str, list[str]] = {}
    fresh = _read_items(posted_items, posted, "", unread)
    mine = {item.link_id for item in posted_items}
    kept = [raw for raw in before if raw.get("linkId") not in mine]
    order = {item.link_id: n for n, item in enumerate(definition.items)}
    return Reading(sorted([*kept, *fresh], key=lambda raw: order.get(raw["linkId"], len(order))), unread)


def _read_items(items: Iterable[Item], posted: Posted, prefix: str, unread: dict[str, list[str]]) -> list[Json]:
    found: list[Json] = []
    for item in items:
        name = prefix + item.key
        if item.type is ItemType.GROUP:
            for inner in _instances(item, name, prefix, posted):
                below = _read_items(item.items, posted, inner, unread)
                if below:
                    found.append({"linkId": item.link_id, "text": item.text, "item": below})
        elif item.is_question and item.calculated is None:
            answers = _read_question(item, name, posted, unread)
            below = _read_items(item.items, posted, prefix, unread)
            if answers:
                first = {**answers[0], "item": below} if below else answers[0]
                found.append({"linkId": item.link_id, "text": item.text, "answer": [first, *answers[1:]]})
    return found


def _instances(item: Item, name: str, prefix: str, posted: Posted) -> list[str]:
    if not item.repeats:
        return [prefix]
    texts = posted.getlist(f"{name}-count")
    count = int(texts[0]) if texts and str(texts[0]).isdigit() else 1
    return [f"{name}-{n}." for n in range(min(count, 50))]


def _read_question(item: Item, name: str, posted: Posted, unread: dict[str, list[str]]) -> list[Json]:
    texts = [str(t).replace("\r\n", "\n") for t in posted.getlist(name)]
    if item.type in CHOICES and not item.value_set:
        return _read_choices(item, name, texts, posted)
    answers: list[Json] = []
    for text in texts:
        if not text.strip():
            continue
        answer = _read_text(item, text, name, posted)
        if answer is None:
            unread.setdefault(name, []).append(text[:2000])
        else:
            answers.append(answer)
    return answers if item.repeats else answers[:1]


def _read_choices(item: Item, name: str, texts: list[str], posted: Posted) -> list[Json]:
    answers = [{o.key: o.value} for o in item.options if o.code in texts]
    others = [str(t).strip() for t in posted.getlist(f"{name}-other")]
    if item.type is ItemType.OPEN_CHOICE and OTHER in texts and others and others[0]:
        answers.append({"valueString": others[0]})
    return answers


def _read_text(item: Item, text: str, name: str, posted: Posted) -> Json | None:
    """An answer of the type of the question; None when the text can't be read as one."""
    if item.type in (ItemType.STRING, ItemType.TEXT):
        return {"valueString": text}
    read = _READERS.get(item.type)
    if item.type in CHOICES:
        code, _space, display = text.strip().partition(" ")
        return {"valueCoding": {"system": item.value_set, "code": code, "display": display}}
    if item.type is ItemType.QUANTITY:
        number = _number(text)
        units = [str(u) for u in posted.getlist(f"{name}-unit")]
        unit = next((u for u in item.units if units and u.code == units[0]), item.units[0] if item.units else None)
        if number is None:
            return None
        named = {"unit": unit.display, "code": unit.code} if unit else {}
        return {"valueQuantity": {"value": number["value"], **named}}
    assert read is not None
    return read(text.strip())


def _number(text: str) -> Json | None:
    try:
        number = Decimal(text.strip().replace("，", ".").replace("。", "."))
    except InvalidOperation:
        return None
    return {"value": scoring.plain_number(number)} if number.is_finite() and abs(number) < Decimal("1e15") else None


def _read_integer(text: str) -> Json | None:
    number = _number(text)
    if number is None or not isinstance(number["value"], int):
        return None
    return {"valueInteger": number["value"]}


def _read_decimal(text: str) -> Json | None:
    number = _number(text)
    return None if number is None else {"valueDecimal": number["value"]}


def _read_boolean(text: str) -> Json | None:
    return {"valueBoolean": text == "true"} if text in ("true", "false") else None


def _read_date(text: str) -> Json | None:
    try:
        return {"valueDate": datetime.strptime(text, "%Y-%m-%d").date().isoformat()}  # noqa: DTZ007 - only the day
    except ValueError:
        return None


def _read_date_time(text: str) -> Json | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=clock.SHANGHAI)
    return {"valueDateTime": aware.isoformat()}


def _read_time(text: str) -> Json | None:
    try:
        return {"valueTime": datetime.strptime(text[:5], "%H:%M").strftime("%H:%M:00")}  # noqa: DTZ007 - only the time
    except ValueError:
        return None


def _read_url(text: str) -> Json | None:
    return {"valueUri": text}


_READERS: Mapping[ItemType, Callable[[str], Json | None]] = {
    ItemType.INTEGER: _read_integer,
    ItemType.DECIMAL: _read_decimal,
    ItemType.BOOLEAN: _read_boolean,
    ItemType.DATE: _read_date,
    ItemType.DATE_TIME: _read_date_time,
    ItemType.TIME: _read_time,
    ItemType.URL: _read_url,
}
