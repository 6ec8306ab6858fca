"""Judging a measured value: its range for this patient, its flag, whether it is critical.

Laboratories write values and ranges in many ways ("<0.5", "3.5-9.5", "≤5", "130～175", "男 130-175 女 115-150"); what
can't be read is shown as it came and never judged.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from .models import Flag

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_VALUE = re.compile(rf"^\s*([<>≤≥]|<=|>=)?\s*({_NUMBER})\s*$")
_BETWEEN = re.compile(rf"^\s*({_NUMBER})\s*(?:-{{1,2}}|—|–|~|～|至)\s*({_NUMBER})\s*$")
_BELOW = re.compile(rf"^\s*(?:<=|≤|<|＜)\s*({_NUMBER})\s*$")
_ABOVE = re.compile(rf"^\s*(?:>=|≥|>|＞)\s*({_NUMBER})\s*$")
_BY_SEX = re.compile(rf"(男|女)\D{{0,3}}?({_NUMBER})\s*(?:-{{1,2}}|—|–|~|～|至)\s*({_NUMBER})")
_SEX = {"1": "男", "2": "女"}
_COMPARATORS = {"≤": "<=", "≥": ">="}


@dataclass(frozen=True, slots=True)
class Range:
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def is_known(self) -> bool:
        return self.low is not None or self.high is not None


def parse_value(text: str) -> tuple[str, Decimal | None]:
    """'<0.5' -> ('<', 0.5), '阴性' -> ('', None)."""
    found = _VALUE.match(text)
    if not found:
        return "", None
    mark = found[1] or ""
    return _COMPARATORS.get(mark, mark), _decimal(found[2])


def parse_range(text: str, sex: str) -> Range:
    """The limits that a range text means for this sex; an empty Range when it can't be read."""
    if by_sex := {word: Range(_decimal(low), _decimal(high)) for word, low, high in _BY_SEX.findall(text)}:
        return by_sex.get(_SEX.get(sex, ""), Range())
    if found := _BETWEEN.match(text):
        return Range(_decimal(found[1]), _decimal(found[2]))
    if found := _BELOW.match(text):
        return Range(None, _decimal(found[1]))
    if found := _ABOVE.match(text):
        return Range(_decimal(found[1]), None)
    return Range()


def flag_of(comparator: str, number: Decimal | None, limits: Range, critical: Range) -> Flag:
    """The flag that a number earns; NONE when nothing can be said."""
    if number is None:
        return Flag.NONE
    below = comparator in {"<", "<="}
    above = comparator in {">", ">="}
    if critical.low is not None and not above and number < critical.low:
        return Flag.VERY_LOW
    if critical.high is not None and not below and number > critical.high:
        return Flag.VERY_HIGH
    if not limits.is_known:
        return Flag.NONE
    if limits.low is not None and not above and (number < limits.low or (below and number <= limits.low)):
        return Flag.LOW
    if limits.high is not None and not below and (number > limits.high or (above and number >= limits.high)):
        return Flag.HIGH
    if (below and limits.low is not None) or (above and limits.high is not None):
        return Flag.NONE  # "<5" against 3-9: it may be either
    return Flag.NORMAL


def _decimal(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal("1e11") else None
