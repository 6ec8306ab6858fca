"""Which columns a catalogue's file has, and how a line of it becomes a concept.

A file is recognised by its header. Besides the shapes of the published files each catalogue may come in the house's
own: code, display, is_active, properties (JSON), as the administration exports it.
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from hospital.kit.money import parse_yuan

from ..models import CodeSystem

Cells = Mapping[str, str]


class RowRefused(Exception):
    """This line can't become a concept; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of the file says of one code."""

    code: str
    display: str
    properties: dict[str, Any] = field(default_factory=dict)
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """`columns` must all be in the header; `read` makes the concept. `doubles_merge`: the catalogue derives its codes,
    so two lines of one code are the same thing twice and the later line wins."""

    system: str
    columns: frozenset[str]
    read: Callable[[Cells], Line]
    doubles_merge: bool = False


def _need(cells: Cells, column: str) -> str:
    value = cells[column].strip()
    if not value:
        raise RowRefused(_("Column %(column)s is empty.") % {"column": column})
    return value


def _number(cells: Cells, column: str) -> str | None:
    """A decimal number as it is written (12.0 stays 12.0), or None."""
    text = cells[column].strip()
    if not text:
        return None
    try:
        if not Decimal(text).is_finite():
            raise InvalidOperation
    except InvalidOperation as error:
        raise RowRefused(_("Column %(column)s isn't a number: %(text)s") % {"column": column, "text": text}) from error
    return text


def _fen(cells: Cells, column: str) -> int:
    try:
        fen = parse_yuan(_need(cells, column))
    except ValueError as error:
        raise RowRefused(
            _("Column %(column)s isn't an amount: %(text)s") % {"column": column, "text": cells[column]}
        ) from error
    if fen < 0:
        raise RowRefused(_("Column %(column)s is negative.") % {"column": column})
    return fen


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(";") if word.strip()]


_LEVELS = {3: "category", 5: "subcategory"}


def _icd10(cells: Cells) -> Line:
    code = _need(cells, "icd_code")
    # ICD-O-3 morphology says what a tumour is made of; it is never a diagnosis alone.
    level = "morphology" if code[0] == "M" and "/" in code else _LEVELS.get(len(code.rstrip("*+")), "code")
    return Line(code, _need(cells, "icd_name"), {"level": level})


def _icd9(cells: Cells) -> Line:
    code = _need(cells, "icd_code")
    return Line(code, _need(cells, "icd_name"), {"level": "code" if len(code) >= 7 else "category"})


def _drug(cells: Cells) -> Line:
    """The file's own code isn't unique (2 codes for 2,966 drugs), so one is derived from what tells drugs apart."""
    name, strength = _need(cells, "name"), cells["format"].strip()
    identity = "|".join((name, strength, cells["unit"].strip(), cells["manufacturer"].strip(), cells["form"].strip()))
    digest = hashlib.sha256(unicodedata.normalize("NFKC", identity).encode()).hexdigest()
    brand = cells["brand"].strip()
    properties = {
        "strength": strength,
        "unit": cells["unit"].strip(),
        "manufacturer": cells["manufacturer"].strip(),
        "form": cells["form"].strip(),
        "price_fen": _fen(cells, "price"),
        "kind": cells["kind"].strip(),
        "aliases": [brand] if brand else [],
    }
    return Line(f"YP{digest[:10].upper()}", name, properties)


def _lab(cells: Cells) -> Line:
    kind = _need(cells, "ref_kind")
    if kind not in {"range", "upper", "lower", "qualitative"}:
        raise RowRefused(_("Column %(column)s isn't known: %(text)s") % {"column": "ref_kind", "text": kind})
    limits: dict[str, str | None] = {}
    for sex in ("male", "female"):
        if kind == "qualitative":
            limits[f"normal_{sex}"] = cells[f"lo_{sex}"].strip()
            continue
        low, high = _number(cells, f"lo_{sex}"), _number(cells, f"hi_{sex}")
        if low is not None and high is not None and Decimal(low) >= Decimal(high):
            raise RowRefused(_("The reference range %(low)s to %(high)s is empty.") % {"low": low, "high": high})
        limits |= {f"lo_{sex}": low, f"hi_{sex}": high}
    abbreviation = cells["abbr"].strip()
    aliases = [abbreviation, *_words(cells["aliases"])]
    properties = {
        "name_en": cells["name_en"].strip(), "abbr": abbreviation, "unit": cells["unit"].strip(),
        "decimals": int(_number(cells, "decimals") or 0), "ref_kind": kind, **limits,
        "panel": cells["panel"].strip(), "range_source": cells["range_source"].strip(),
        "aliases": [alias for alias in dict.fromkeys(aliases) if alias],
    }  # fmt: skip
    return Line(_need(cells, "key").upper(), _need(cells, "name_zh"), properties)


def _service(cells: Cells) -> Line:
    properties = {
        "unit": cells["unit"].strip(), "price_fen": _fen(cells, "price"), "category": cells["category"].strip(),
        "aliases": _words(cells.get("aliases", "")),
    }  # fmt: skip
    return Line(_need(cells, "code"), _need(cells, "name"), properties)


def _department(cells: Cells) -> Line:
    return Line(_need(cells, "code"), _need(cells, "name"), {"parent": cells["parent"].strip()})


def _region(cells: Cells) -> Line:
    code = _need(cells, "code")
    if len(code) != 6 or not code.isdigit():
        raise RowRefused(_("A region's code has six digits: %(text)s") % {"text": code})
    level = "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"
    status = cells["status"].strip()
    if status not in {"current", "retired"}:
        raise RowRefused(_("Column %(column)s isn't known: %(text)s") % {"column": "status", "text": status})
    return Line(code, _need(cells, "name"), {"level": level}, is_active=status == "current")


def _own(cells: Cells) -> Line:
    try:
        properties = json.loads(cells["properties"] or "{}")
    except ValueError as error:
        raise RowRefused(_("Column %(column)s isn't JSON.") % {"column": "properties"}) from error
    if not isinstance(properties, dict):
        raise RowRefused(_("Column %(column)s isn't a JSON object.") % {"column": "properties"})
    active = cells["is_active"].strip().lower()
    if active not in {"", "1", "0", "true", "false"}:
        raise RowRefused(_("Column %(column)s isn't known: %(text)s") % {"column": "is_active", "text": active})
    return Line(_need(cells, "code"), _need(cells, "display"), properties, is_active=active not in {"0", "false"})


def _columns(text: str) -> frozenset[str]:
    return frozenset(text.split())


OWN_COLUMNS = ("code", "display", "is_active", "properties")

_PUBLISHED = [
    Shape(CodeSystem.ICD10, _columns("icd_code icd_name"), _icd10),
    Shape(CodeSystem.ICD9CM3, _columns("icd_code icd_name"), _icd9),
    Shape(
        CodeSystem.DRUG, _columns("name format price unit manufacturer form kind brand"), _drug, doubles_merge=True
    ),
    Shape(
        CodeSystem.LAB,
        _columns(
            "key name_zh name_en abbr unit decimals ref_kind lo_male hi_male lo_female hi_female panel range_source aliases"
        ),
        _lab,
    ),
    Shape(CodeSystem.SERVICE, _columns("code name unit price category"), _service),
    Shape(CodeSystem.DEPARTMENT, _columns("code name parent"), _department),
    Shape(CodeSystem.REGION, _columns("code name status"), _region),
]  # fmt: skip


def shapes_of(system: str) -> list[Shape]:
    """The shapes that a file of this catalogue may have, the house's own last."""
    own = Shape(system, frozenset(OWN_COLUMNS), _own)
    return [*(shape for shape in _PUBLISHED if shape.system == system), own]
