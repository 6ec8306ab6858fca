"""Laboratory items: which one is meant, and whether a value is outside the range of this person's sex."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db.models import Q

from hospital.people.models import Sex

from .. import names
from ..models import CodeSystem, Concept


@dataclass(frozen=True, slots=True)
class Range:
    """Reference range of a sex; a missing bound is open. `normal` is the expected answer of a qualitative test."""

    low: Decimal | None = None
    high: Decimal | None = None
    normal: str = ""

    def __str__(self) -> str:
        if self.normal:
            return self.normal
        if self.low is None:
            return "" if self.high is None else f"≤{self.high}"
        return f"≥{self.low}" if self.high is None else f"{self.low}–{self.high}"


def lab_item(text: str) -> Concept | None:
    """The laboratory item of a code, an abbreviation, a name or an alias, as laboratories write them."""
    rows = Concept.objects.filter(system=CodeSystem.LAB, is_active=True)
    if not names.plain(text):
        return None
    # Tg is not TG, and NEUT% is not NEUT#: the exact spelling decides before case and punctuation are dropped.
    candidates = list(rows.filter(Q(folded__contains=names.fold(text)) | Q(code=text.strip().upper())).order_by("code"))
    for spelling in (str.strip, lambda word: word.strip().upper(), names.plain):
        hits = [item for item in candidates if spelling(text) in {spelling(word) for word in _written(item)}]
        if len(hits) == 1:
            return hits[0]
    return None


def _written(item: Concept) -> list[str]:
    return [
        item.code,
        item.display,
        str(item.properties.get("abbr", "")),
        *map(str, item.properties.get("aliases", [])),
    ]


def lab_range(item: Concept, sex: str) -> Range | None:
    """The range of one sex; of an unknown sex only where both have the same. None where the item has none."""
    male, female = (_side(item, name) for name in ("male", "female"))
    chosen = {Sex.MALE: male, Sex.FEMALE: female}.get(Sex(sex), male if male == female else None)
    return None if chosen == Range() else chosen


def _side(item: Concept, sex: str) -> Range:
    low, high, normal = (item.properties.get(f"{name}_{sex}") for name in ("lo", "hi", "normal"))
    return Range(
        Decimal(str(low)) if low is not None else None, Decimal(str(high)) if high is not None else None,
        str(normal or ""),
    )  # fmt: skip


def lab_flag(item: Concept, value: str, sex: str, age: int | None = None) -> str:
    """HL7 table 0078: L, H, A (abnormal answer), N; "" when nothing can be said.

    The ranges are those of adults: of a child (under 18) nothing is said. HGB 120 g/L is L for a man, N for a woman.
    A comparator decides where it can: `<5` of an upper limit 5 is N, `>1000` is H; `<5` of a range 3-10 says nothing.
    """
    found = lab_range(item, sex)
    if found is None or (age is not None and age < 18):
        return ""
    text = names.half_width(value).strip()
    if found.normal:
        if not text:
            return ""
        return "N" if text in {found.normal, "-", "(-)", "neg", "negative"} else "A"
    comparator = text[:1] if text[:1] in "<>" else ""
    try:
        number = Decimal(text.lstrip("<>=").strip())
    except InvalidOperation:
        return ""
    if not number.is_finite():
        return ""
    if comparator:
        return _compared(comparator, number, found)
    if found.low is not None and number < found.low:
        return "L"
    return "H" if found.high is not None and number > found.high else "N"


def _compared(comparator: str, number: Decimal, found: Range) -> str:
    if comparator == ">":
        if found.high is not None:
            return "H" if number >= found.high else ""
        return "N" if found.low is not None and number >= found.low else ""
    if found.low is not None:
        return "L" if number <= found.low else ""
    return "N" if found.high is not None and number <= found.high else ""
