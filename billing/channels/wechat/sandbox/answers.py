"""What every part of the stand-in answers with."""

from datetime import datetime
from typing import Any

from . import bills


class Refusal(Exception):
    """An answer of WeChat's that says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(code)


def iso(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, bills.SHANGHAI).isoformat(timespec="seconds")


def spoilt(said: dict[str, Any]) -> dict[str, Any]:
    """The same answer or notice, genuine in all but its amount: one fen more."""
    if "total_fee" in said:
        return said | {"total_fee": said["total_fee"] + 1}
    if not isinstance(said.get("amount"), dict):
        return said
    amount = said["amount"]
    return said | {"amount": amount | {name: amount[name] + 1 for name in ("total", "refund") if name in amount}}
