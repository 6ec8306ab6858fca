"""Reading a FHIR R4 Questionnaire into the typed items of definition.py, with the path of each fault."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from .definition import (
    ALARM,
    ALARM_LEVELS,
    BAND,
    CALCULATED,
    CHOICES,
    CONTROL,
    DISPLAY_CATEGORY,
    ENTRY_FORMAT,
    EXCLUSIVE,
    HIDDEN,
    ITEM_WEIGHT,
    LANGUAGE,
    MAX_DECIMALS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_OCCURS,
    MAX_VALUE,
    MIN_LENGTH,
    MIN_OCCURS,
    MIN_VALUE,
    OPERATORS,
    ORDINAL,
    REGEX,
    TABLE,
    UNIT,
    UNIT_OPTION,
    VALUE_KEYS,
    Band,
    Definition,
    DefinitionErrors,
    EnableWhen,
    Item,
    ItemType,
    Json,
    Option,
    Unit,
    extension_value,
    extensions,
    number_of,
)
from .expressions import Expression, ExpressionError


class Reader:
    """One reading; collects every fault before it refuses."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []
        self.count = 0
        self.links: dict[str, ItemType] = {}

    def read(self, resource: Any) -> Definition:
        if not isinstance(resource, dict) or resource.get("resourceType") != "Questionnaire":
            raise DefinitionErrors([("", "this is not a FHIR Questionnaire")])
        if not str(resource.get("title") or resource.get("name") or "").strip():
            self.fault("title", "a title is needed")
        self.value_sets = self._contained(resource)
        items = self._items(resource.get("item"), "item", 1)
        if not items and not self.faults:
            self.fault("item", "there is no question")
        definition = Definition(
            name=str(resource.get("name") or resource.get("id") or ""),
            url=str(resource.get("url") or ""),
            title=str(resource.get("title") or resource.get("name") or ""),
            description=str(resource.get("description") or ""),
            items=items,
            tables=self._tables(resource),
            resource=resource,
        )
        self._references(definition)
        if self.faults:
            raise DefinitionErrors(self.faults)
        return definition

    def fault(self, path: str, text: str) -> None:
        self.faults.append((path, text))

    def _contained(self, resource: Json) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {}
        for contained in resource.get("contained", []):
            if isinstance(contained, dict) and contained.get("resourceType") == "ValueSet":
                found["#" + str(contained.get("id"))] = codings_of(contained)
        return found

    def _tables(self, resource: Json) -> dict[str, dict[Decimal, Decimal]]:
        tables: dict[str, dict[Decimal, Decimal]] = {}
        for found in extensions(resource, TABLE):
            name = extension_value(found, "name")
            rows: dict[Decimal, Decimal] = {}
            for row in extensions(found, "row"):
                raw, score = number_of(extension_value(row, "raw")), number_of(extension_value(row, "score"))
                if raw is None or score is None:
                    self.fault(f"extension[{name}]", "each row of a score table needs a raw and a score number")
                else:
                    rows[raw] = score
            tables[str(name)] = rows
        return tables

    def _items(self, raw: Any, path: str, depth: int) -> tuple[Item, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, list):
            self.fault(path, "must be a list")
            return ()
        if depth > MAX_DEPTH:
            self.fault(path, f"groups may be {MAX_DEPTH} deep")
            return ()
        made = [self._item(one, f"{path}[{n}]", depth) for n, one in enumerate(raw)]
        return tuple(item for item in made if item is not None)

    def _item(self, raw: Any, path: str, depth: int) -> Item | None:
        if not isinstance(raw, dict) or not isinstance(raw.get("linkId"), str) or not raw["linkId"].strip():
            self.fault(path, "an item needs a linkId")
            return None
        link = raw["linkId"]
        path = f"{path} ({link})"
        self.count += 1
        if self.count > MAX_ITEMS:
            self.fault(path, f"more than {MAX_ITEMS} items")
            return None
        if link in self.links:
            self.fault(path, "two items have this linkId")
        try:
            kind = ItemType(raw.get("type", ""))
        except ValueError:
            self.fault(path, f"type {raw.get('type')!r} isn't supported")
            return None
        self.links[link] = kind
        key = f"i{self.count}"
        children = raw.get("item")
        hints = [c for c in children or [] if isinstance(c, dict) and self._is_hint(c)]
        if hints:
            children = [c for c in children or [] if not self._is_hint(c)]
        if kind is ItemType.DISPLAY and children:
            self.fault(path, "a display item has no items below it")
        item = Item(
            key=key,
            link_id=link,
            type=kind,
            text=str(raw.get("text") or ""),
            prefix=str(raw.get("prefix") or ""),
            required=raw.get("required") is True,
            repeats=raw.get("repeats") is True,
            read_only=raw.get("readOnly") is True,
            hidden=extension_value(raw, HIDDEN) is True,
            control=self._control(raw),
            hint=" ".join(str(c.get("text") or "") for c in hints) or str(extension_value(raw, ENTRY_FORMAT) or ""),
            max_length=self._whole(raw.get("maxLength"), path, "maxLength"),
            min_length=self._whole(extension_value(raw, MIN_LENGTH), path, "minLength"),
            regex=self._regex(raw, path),
            max_decimals=self._whole(extension_value(raw, MAX_DECIMALS), path, "maxDecimalPlaces"),
            minimum=extension_value(raw, MIN_VALUE),
            maximum=extension_value(raw, MAX_VALUE),
            min_occurs=self._whole(extension_value(raw, MIN_OCCURS), path, "minOccurs") or 0,
            max_occurs=self._whole(extension_value(raw, MAX_OCCURS), path, "maxOccurs"),
            units=self._units(raw),
            options=self._options(raw, kind, path),
            value_set="" if str(raw.get("answerValueSet", "")).startswith("#") else str(raw.get("answerValueSet", "")),
            initial=tuple(i for i in raw.get("initial", []) if isinstance(i, dict)),
            enable_when=self._enable_when(raw, path),
            enable_any=raw.get("enableBehavior") == "any",
            calculated=self._calculated(raw, path),
            bands=self._bands(raw, path),
            items=self._items(children, f"{path}.item", depth + 1),
        )
        self._check(item, raw, path)
        return item

    @staticmethod
    def _is_hint(raw: Json) -> bool:
        category = extension_value(raw, DISPLAY_CATEGORY)
        codes = {c.get("code") for c in (category or {}).get("coding", [])} | {Reader._control(raw)}
        return raw.get("type") == "display" and not codes.isdisjoint({"instructions", "help", "flyover"})

    @staticmethod
    def _control(raw: Json) -> str:
        concept = extension_value(raw, CONTROL)
        codings = concept.get("coding", []) if isinstance(concept, dict) else []
        return str(codings[0].get("code", "")) if codings else ""

    def _whole(self, value: Any, path: str, name: str) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.fault(path, f"{name} must be a whole number")
            return None
        return value

    def _regex(self, raw: Json, path: str) -> str:

        pattern = extension_value(raw, REGEX)
        if pattern is None:
            return ""
        # A pattern with nested repeats can hold a worker for minutes on 30 letters (G23), so none is let in.
        if len(str(pattern)) > 200 or re.search(r"[+*}]\)*[+*{]|\)[+*{]|\\[1-9]", str(pattern)):
            self.fault(path, "this regular expression isn't supported: no repeated groups, at most 200 characters")
            return ""
        try:
            re.compile(str(pattern))
        except re.error:
            self.fault(path, "the regular expression can't be read")
            return ""
        return str(pattern)

    def _units(self, raw: Json) -> tuple[Unit, ...]:
        codings = [e.get("valueCoding") for url in (UNIT, UNIT_OPTION) for e in extensions(raw, url)]
        return tuple(
            Unit(
                str(c.get("code") or c.get("display")), str(c.get("display") or c.get("code")), str(c.get("system", ""))
            )
            for c in codings
            if isinstance(c, dict)
        )

    def _options(self, raw: Json, kind: ItemType, path: str) -> tuple[Option, ...]:
        given = raw.get("answerOption", [])
        value_set = str(raw.get("answerValueSet", ""))
        if value_set.startswith("#"):
            if value_set not in self.value_sets:
                self.fault(path, f"value set {value_set} isn't contained")
            given = [{"valueCoding": coding} for coding in self.value_sets.get(value_set, [])]
        options: list[Option] = []
        for n, one in enumerate(given):
            key = next((k for k in one if k in VALUE_KEYS[ItemType.CHOICE]), "") if isinstance(one, dict) else ""
            if not key:
                self.fault(f"{path}.answerOption[{n}]", "an option needs a coding, string, integer, date or time")
                continue
            options.append(self._option(one, key, f"{path}.answerOption[{n}]"))
        if given and kind not in CHOICES:
            self.fault(path, "only choice and open-choice have options")
        codes = [option.code for option in options]
        if len(set(codes)) != len(codes):
            self.fault(path, "two options have the same code")
        return tuple(options)

    def _option(self, raw: Json, key: str, path: str) -> Option:
        value = raw[key]
        holders = [raw, value] if isinstance(value, dict) else [raw]
        weights = [extension_value(h, url) for h in holders for url in (ORDINAL, ITEM_WEIGHT)]
        coding = {k: v for k, v in value.items() if k != "extension"} if isinstance(value, dict) else value
        return Option(
            key=key,
            value=coding,
            ordinal=next((number_of(w) for w in weights if w is not None), None),
            exclusive=extension_value(raw, EXCLUSIVE) is True,
            initial=raw.get("initialSelected") is True,
            alarm=self._alarm(raw, path),
        )

    def _alarm(self, raw: Json, path: str) -> str:
        level = extension_value(raw, ALARM)
        if level is None:
            return ""
        if level not in ALARM_LEVELS:
            self.fault(path, f"alarm must be one of {', '.join(ALARM_LEVELS)}")
            return ""
        return cast(str, level)

    def _bands(self, raw: Json, path: str) -> tuple[Band, ...]:
        bands: list[Band] = []
        for found in extensions(raw, BAND):
            low, high = number_of(extension_value(found, "low")), number_of(extension_value(found, "high"))
            bands.append(Band(low, high, str(extension_value(found, "text") or ""), self._alarm(found, path)))
        return tuple(bands)

    def _enable_when(self, raw: Json, path: str) -> tuple[EnableWhen, ...]:
        conditions: list[EnableWhen] = []
        given = raw.get("enableWhen", [])
        for n, one in enumerate(given):
            where = f"{path}.enableWhen[{n}]"
            operator = one.get("operator")
            key = next((k for k in one if k.startswith("answer")), "")
            if operator not in OPERATORS or not key or not isinstance(one.get("question"), str):
                self.fault(where, "needs a question, a known operator and an answer")
                continue
            if operator == "exists" and key != "answerBoolean":
                self.fault(where, "exists needs answerBoolean")
                continue
            conditions.append(EnableWhen(one["question"], operator, "value" + key[6:], one[key]))
        if len(given) > 1 and raw.get("enableBehavior") not in ("all", "any"):
            self.fault(path, "several conditions need enableBehavior all or any")
        return tuple(conditions)

    def _calculated(self, raw: Json, path: str) -> Expression | None:
        given = extension_value(raw, CALCULATED)
        if given is None:
            return None
        if not isinstance(given, dict) or given.get("language") != LANGUAGE:
            self.fault(path, f"a calculated expression must be in the language {LANGUAGE}")
            return None
        try:
            return Expression.read(str(given.get("expression", "")))
        except ExpressionError as error:
            self.fault(path, str(error))
            return None

    def _check(self, item: Item, raw: Json, path: str) -> None:
        if item.type in CHOICES and not item.options and not item.value_set:
            self.fault(path, "a choice needs options or a value set")
        if item.type is ItemType.CHOICE and item.value_set and not item.value_set.startswith("urn:"):
            self.fault(path, f"value set {item.value_set} isn't one of the hospital's catalogues")
        if item.in_answer and item.repeats:
            self.fault(path, "items below a repeating question aren't supported")
        if item.type is not ItemType.DISPLAY and not item.text and item.type is not ItemType.GROUP:
            self.fault(path, "a question needs a text")
        if item.calculated and item.type not in (ItemType.DECIMAL, ItemType.INTEGER, ItemType.QUANTITY):
            self.fault(path, "only a decimal, integer or quantity can be calculated")
        for name, limit in (("minValue", item.minimum), ("maxValue", item.maximum)):
            numeric = item.type in (ItemType.DECIMAL, ItemType.INTEGER, ItemType.QUANTITY)
            if limit is not None and numeric and number_of(limit) is None:
                self.fault(path, f"{name} must be a number")
        for part in ("answerConstraint", "disabledDisplay"):
            if part in raw:
                self.fault(path, f"{part} is FHIR R5: convert the questionnaire to R4")

    def _references(self, definition: Definition) -> None:
        waits: dict[str, set[str]] = {}
        for item in definition.walk():
            waits[item.link_id] = {c.question for c in item.enable_when}
            for condition in item.enable_when:
                kind = self.links.get(condition.question)
                if kind is None or kind in (ItemType.GROUP, ItemType.DISPLAY):
                    self.fault(item.link_id, f"enableWhen speaks of {condition.question}, which is no question here")
            for link in item.calculated.links if item.calculated else ():
                if link not in self.links:
                    self.fault(item.link_id, f"the expression speaks of {link}, which isn't in this questionnaire")
            for table in item.calculated.tables if item.calculated else ():
                if table not in definition.tables:
                    self.fault(item.link_id, f"the expression speaks of the table {table}, which isn't there")
        for item in definition.walk():
            waits[item.link_id] |= self._counted_by(item, definition)
        for parent in definition.walk():
            for child in parent.items:
                waits[child.link_id].add(parent.link_id)
        if circle := _circle(waits):
            self.fault(circle, "whether it is asked depends on itself")

    @staticmethod
    def _counted_by(item: Item, definition: Definition) -> set[str]:
        """The questions that a calculated item waits for: a group it names stands for those in it."""
        if item.calculated is None:
            return set()
        named = [one for one in definition.walk() if one.link_id in item.calculated.links]
        counted = {below.link_id for one in named for below in one.walk() if below is one or not below.calculated}
        return counted if item.link_id in item.calculated.links else counted - {item.link_id}


def _circle(waits: Mapping[str, set[str]]) -> str:
    """A name that waits for itself, or ""."""
    done: set[str] = set()

    def visit(name: str, above: frozenset[str]) -> str:
        if name in above:
            return name
        if name in done:
            return ""
        for next_name in waits.get(name, ()):
            if found := visit(next_name, above | {name}):
                return found
        done.add(name)
        return ""

    for name in waits:
        if found := visit(name, frozenset()):
            return found
    return ""


def codings_of(value_set: Json) -> list[Json]:
    """The codings that a ValueSet lists itself (compose.include.concept, or its expansion)."""
    codings: list[Json] = []
    for include in (value_set.get("compose") or {}).get("include", []):
        for concept in include.get("concept", []):
            kept = {k: concept[k] for k in ("code", "display", "extension") if k in concept}
            codings.append({"system": include["system"], **kept} if include.get("system") else kept)
    for contains in (value_set.get("expansion") or {}).get("contains", []):
        codings.append({k: contains[k] for k in ("system", "code", "display") if k in contains})
    return codings
