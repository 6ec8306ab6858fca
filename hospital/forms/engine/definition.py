"""A FHIR R4 Questionnaire, read once into typed items; what can't be honoured is refused, never dropped in silence.

Read by `Definition.read(resource)`, which raises DefinitionErrors with the path of each fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from .expressions import Expression

Json = dict[str, Any]

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
OURS = "urn:internet-hospital:questionnaire:"

CALCULATED = SDC + "sdc-questionnaire-calculatedExpression"
ORDINAL = CORE + "ordinalValue"
ITEM_WEIGHT = CORE + "itemWeight"  # the R5 name of the same weight
MIN_VALUE, MAX_VALUE = CORE + "minValue", CORE + "maxValue"
MIN_LENGTH, REGEX = CORE + "minLength", CORE + "regex"
MAX_DECIMALS = CORE + "maxDecimalPlaces"
MIN_OCCURS, MAX_OCCURS = CORE + "questionnaire-minOccurs", CORE + "questionnaire-maxOccurs"
UNIT, UNIT_OPTION = CORE + "questionnaire-unit", CORE + "questionnaire-unitOption"
CONTROL, HIDDEN, EXCLUSIVE = (CORE + "questionnaire-" + n for n in ("itemControl", "hidden", "optionExclusive"))
ENTRY_FORMAT, DISPLAY_CATEGORY = CORE + "entryFormat", CORE + "questionnaire-displayCategory"
ALARM, BAND, TABLE = OURS + "alarm", OURS + "band", OURS + "score-table"
LANGUAGE = "text/x-hospital-score"  # of a calculatedExpression, see expressions.py

MAX_ITEMS, MAX_DEPTH = 500, 6


class ItemType(StrEnum):
    GROUP = "group"
    DISPLAY = "display"
    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE = "date"
    DATE_TIME = "dateTime"
    TIME = "time"
    STRING = "string"
    TEXT = "text"
    URL = "url"
    CHOICE = "choice"
    OPEN_CHOICE = "open-choice"
    QUANTITY = "quantity"


# The value[x] of an answer, by type of the question. An open choice may bring a string besides.
VALUE_KEYS: Mapping[ItemType, tuple[str, ...]] = {
    ItemType.BOOLEAN: ("valueBoolean",),
    ItemType.DECIMAL: ("valueDecimal",),
    ItemType.INTEGER: ("valueInteger",),
    ItemType.DATE: ("valueDate",),
    ItemType.DATE_TIME: ("valueDateTime",),
    ItemType.TIME: ("valueTime",),
    ItemType.STRING: ("valueString",),
    ItemType.TEXT: ("valueString",),
    ItemType.URL: ("valueUri",),
    ItemType.CHOICE: ("valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"),
    ItemType.OPEN_CHOICE: ("valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"),
    ItemType.QUANTITY: ("valueQuantity",),
}
CHOICES = frozenset({ItemType.CHOICE, ItemType.OPEN_CHOICE})
OPERATORS = frozenset({"exists", "=", "!=", ">", "<", ">=", "<="})
ALARM_LEVELS = ("urgent", "watch")


class DefinitionErrors(Exception):
    """Faults of a Questionnaire, each with the path where it is."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{path}: {text}" for path, text in faults))


@dataclass(frozen=True, slots=True)
class Option:
    key: str  # value[x] of the answer
    value: Any
    ordinal: Decimal | None = None
    exclusive: bool = False
    initial: bool = False
    alarm: str = ""  # "", "urgent" or "watch"

    @property
    def code(self) -> str:
        """What stands in the page and identifies the option within its question."""
        return (
            str(self.value.get("code") or self.value.get("display")) if self.key == "valueCoding" else str(self.value)
        )

    @property
    def display(self) -> str:
        if self.key == "valueCoding":
            return str(self.value.get("display") or self.value.get("code"))
        return str(self.value)


@dataclass(frozen=True, slots=True)
class EnableWhen:
    question: str
    operator: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class Band:
    """What a number means: [low, high] with its words; `alarm` as of an option."""

    low: Decimal | None
    high: Decimal | None
    text: str
    alarm: str = ""

    def holds(self, number: Decimal) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    display: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One question, group or text. `key` names it in pages: "i" and its place in the questionnaire."""

    key: str
    link_id: str
    type: ItemType
    text: str
    prefix: str = ""
    required: bool = False
    repeats: bool = False
    read_only: bool = False
    hidden: bool = False
    control: str = ""
    hint: str = ""
    max_length: int | None = None
    min_length: int | None = None
    regex: str = ""
    max_decimals: int | None = None
    minimum: Any = None
    maximum: Any = None
    min_occurs: int = 0
    max_occurs: int | None = None
    units: tuple[Unit, ...] = ()
    options: tuple[Option, ...] = ()
    value_set: str = ""
    initial: tuple[Json, ...] = ()
    enable_when: tuple[EnableWhen, ...] = ()
    enable_any: bool = False
    calculated: Expression | None = None
    bands: tuple[Band, ...] = ()
    items: tuple["Item", ...] = ()

    @property
    def is_question(self) -> bool:
        return self.type not in (ItemType.GROUP, ItemType.DISPLAY)

    @property
    def in_answer(self) -> bool:
        """Children of a question live inside its answer (FHIR: answer.item), those of a group beside each other."""
        return self.is_question and bool(self.items)

    def walk(self) -> Iterator["Item"]:
        yield self
        for child in self.items:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    url: str
    title: str
    description: str
    items: tuple[Item, ...]
    tables: Mapping[str, Mapping[Decimal, Decimal]] = field(default_factory=dict)
    resource: Json = field(default_factory=dict)

    @classmethod
    def read(cls, resource: Any) -> "Definition":
        """The definition in a FHIR R4 Questionnaire. Raises DefinitionErrors."""
        from .reading import Reader  # reading.py makes what this file declares

        return Reader().read(resource)

    def walk(self) -> Iterator[Item]:
        for item in self.items:
            yield from item.walk()

    def by_link(self) -> dict[str, Item]:
        return {item.link_id: item for item in self.walk()}


def extensions(element: Json, url: str) -> list[Json]:
    return [e for e in element.get("extension", []) if isinstance(e, dict) and e.get("url") == url]


def extension_value(element: Json, url: str) -> Any:
    """The value[x] of the first extension with this URL; None without one."""
    for found in extensions(element, url):
        for key, value in found.items():
            if key.startswith("value"):
                return value
    return None


def number_of(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
