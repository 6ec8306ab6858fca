"""The structure of a note: the sections of a FHIR Questionnaire (hospital.forms).

A note is pinned to the version of its questionnaire that was current when it was opened. When the hospital has
published none, the form that the product ships holds (emr/questionnaires/).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_SHIPPED = Path(__file__).parent / "questionnaires"

RETURN_NOTE = "return-note"


@dataclass(frozen=True, slots=True)
class Section:
    """One text of a note. `id` is the linkId by which rules and drafts speak of it."""

    id: str
    label: str
    is_long: bool
    required: bool
    most: int  # characters


@lru_cache(maxsize=32)
def shipped(name: str) -> dict[str, Any]:
    """The questionnaire that the product ships under this name."""
    content: dict[str, Any] = json.loads((_SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
    return content


def shipped_names() -> list[str]:
    return sorted(path.stem for path in _SHIPPED.glob("*.json"))


def sections_of(content: Mapping[str, Any]) -> tuple[Section, ...]:
    """The texts of a questionnaire, groups unfolded, in order."""
    found: list[Section] = []
    for item in content.get("item", []):
        if item.get("type") == "group":
            found.extend(sections_of(item))
        elif item.get("type") in {"string", "text"}:
            most = int(item.get("maxLength") or (200 if item["type"] == "string" else 4000))
            found.append(
                Section(item["linkId"], item.get("text", ""), item["type"] == "text", bool(item.get("required")), most)
            )
    return tuple(found)
