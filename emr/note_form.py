"""The structure of a note: the items of a FHIR Questionnaire (hospital.forms), read as the parts of a page.

A note is pinned to the version of its questionnaire that was current when it was opened. When the hospital has
published none, the one that the product carries holds (emr/questionnaires/). All values of a draft are texts: what
was written, a code of a choice, a number, a date. Allergies aren't part of a note: they stand in the patient's own
list, which outlives the visit.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

RETURN_NOTE = "return-note"
_CARRIED = Path(__file__).parent / "questionnaires"
KEPT_ELSEWHERE = frozenset({"allergy", "allergy-detail"})
_FHIR = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a note. `id` is the linkId by which rules and drafts speak of it.

    kind: string, text, choice, quantity or date. `options`: (code, words) of a choice. `unit` of a quantity.
    """

    id: str
    label: str
    kind: str
    required: bool = False
    most: int = 4000  # characters
    options: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    least_value: Decimal | None = None
    most_value: Decimal | None = None

    @property
    def is_text(self) -> bool:
        return self.kind in {"string", "text"}

    def words(self, value: str) -> str:
        """The value as a reader sees it."""
        if self.kind == "choice":
            return dict(self.options).get(value, value)
        return f"{value} {self.unit}" if self.unit and value else value

    def fault(self, value: str) -> str:
        """What is wrong with a value; empty when nothing is (Q17 for measured ones)."""
        if not value:
            return _("This part is missing.") if self.required else ""
        if self.kind == "choice":
            return "" if value in dict(self.options) else _("Choose one of the list.")
        if self.kind == "quantity":
            return self._fault_of_number(value)
        if self.kind == "date":
            return "" if _is_date(value) else _("This isn't a date.")
        return "" if len(value) <= self.most else _("Shorten it to %(most)d characters.") % {"most": self.most}

    def _fault_of_number(self, value: str) -> str:
        if not re.fullmatch(r"\d{1,5}(\.\d{1,3})?", value):
            return _("This isn't a number.")
        number = Decimal(value)
        low = self.least_value is not None and number < self.least_value
        high = self.most_value is not None and number > self.most_value
        return _("No living person has this value. Please measure again.") if low or high else ""


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=32)
def shipped(name: str) -> dict[str, Any]:
    """The questionnaire that the product carries under this name; FileNotFoundError when it carries none."""
    content: dict[str, Any] = json.loads((_CARRIED / f"{name}.json").read_text(encoding="utf-8"))
    return content


def sections_of(content: Mapping[str, Any]) -> tuple[Section, ...]:
    """The parts of a questionnaire, groups unfolded, in order."""
    found: list[Section] = []
    for item in content.get("item", []):
        if item.get("type") == "group":
            found.extend(sections_of(item))
        elif (
            item.get("type") in {"string", "text", "choice", "quantity", "date"}
            and item["linkId"] not in KEPT_ELSEWHERE
        ):
            found.append(_section(item))
    return tuple(found)


def _section(item: Mapping[str, Any]) -> Section:
    extensions = {entry["url"].removeprefix(_FHIR): entry for entry in item.get("extension", [])}
    unit = extensions.get("questionnaire-unit", {}).get("valueCoding", {})
    return Section(
        item["linkId"], item.get("text", ""), item["type"], bool(item.get("required")),
        int(item.get("maxLength") or (200 if item["type"] == "string" else 4000)),
        tuple(
            (option["valueCoding"]["code"], option["valueCoding"].get("display", ""))
            for option in item.get("answerOption", [])
            if "valueCoding" in option
        ),
        str(unit.get("display") or unit.get("code") or ""),
        _bound(extensions.get("minValue")), _bound(extensions.get("maxValue")),
    )  # fmt: skip


def _bound(extension: Mapping[str, Any] | None) -> Decimal | None:
    if extension is None:
        return None
    value = extension.get("valueDecimal", extension.get("valueInteger"))
    return None if value is None else Decimal(str(value))
