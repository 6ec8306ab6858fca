"""The controls that every stand-in for a channel of the patient's own money has: what its people and its faults would do.

JSON over `/_sandbox/`, on loopback only. Each stand-in adds what only its channel knows (its module's docstring).
"""

from typing import Any, Protocol

from .books import Books
from .notifier import Notifier


class NoSuchControl(LookupError):
    """There is no such control."""


class StandIn(Protocol):
    """What the controls drive."""

    @property
    def store(self) -> Books: ...

    @property
    def notifier(self) -> Notifier[Any]: ...

    def pay(self, number: str, *, at: float | None = None, total: int | None = None) -> dict[str, Any]:
        """The payer pays, at `at` (unix seconds) or now, `total` fen or what is owed."""

    def ring(self, number: str) -> str:
        """Send the notice of an order's state once more; answers its id."""

    def console_refund(self, number: str, amount: int) -> dict[str, Any]:
        """Somebody gives money back by hand in the merchant's console (fen)."""


def command(channel: StandIn, method: str, words: list[str], data: dict[str, Any]) -> Any:
    """Do what was asked; raises NoSuchControl."""
    match method, words:
        case "POST", ["orders", number, "pay"]:
            return channel.pay(number, at=data.get("at"), total=data.get("total"))
        case "POST", ["orders", number, "notify"]:
            return {"id": channel.ring(number)}
        case "POST", ["orders", number, "refund"]:
            return channel.console_refund(number, data["amount"])
        case "POST", ["faults"]:
            channel.store.break_at(
                data["place"], data["what"], times=data.get("times", 1), seconds=data.get("seconds", 0)
            )
            return {"ok": True}
        case "POST", ["bills", day, "open"]:
            channel.store.run("INSERT OR IGNORE INTO bill_days VALUES (?)", day)
            return {"ok": True}
        case "POST", ["deliver"]:
            return {"taken": channel.notifier.deliver_due(everything=True)}
        case "GET", ["state"]:
            return {name: channel.store.all(f"SELECT * FROM {name}") for name in ("orders", "refunds", "notices")}  # noqa: S608
    raise NoSuchControl
