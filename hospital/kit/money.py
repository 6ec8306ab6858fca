"""Money is a whole number of fen (1 yuan = 100 fen). No float ever comes near it (PAY-01)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models


class FenField(models.BigIntegerField[int, int]):
    """An amount in fen. Signs are forbidden or allowed by the model's named constraints."""

    description = "Amount of money in fen"


def parse_yuan(text: str) -> int:
    """'12.30' -> 1230. Raises ValueError for anything that isn't a whole number of fen."""
    try:
        fen = Decimal(text.strip().replace(",", "")) * 100
    except InvalidOperation as error:
        raise ValueError(f"not an amount in yuan: {text!r}") from error
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise ValueError(f"not a whole number of fen: {text!r}")
    return int(fen)


def format_yuan(fen: int) -> str:
    """1230 -> '12.30', -5 -> '-0.05'."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan:,}.{rest:02d}"


def plain_yuan(fen: int) -> str:
    """1234567 -> '12345.67': for files and wire formats, without grouping."""
    return format_yuan(fen).replace(",", "")


def total(amounts: Any) -> int:
    """Sum of fen; refuses floats so that a slip is loud."""
    result = 0
    for amount in amounts:
        if not isinstance(amount, int):
            raise TypeError(f"an amount in fen must be an int, not {type(amount).__name__}")
        result += amount
    return result
