"""Dated policy parameters (rules G-1): every limit has a value, a source and the days on which it holds.

Code declares a parameter once, beside the rule that needs it, with the value that holds when the hospital set none:

    HOLD_MINUTES = Parameter("appointments.hold_minutes", int, 15, source="PAY-11", title=_("Minutes a place is held"))
    minutes = HOLD_MINUTES.at(at)

Values that the hospital set live in hospital.organisation, which registers its reader here.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Reader = Callable[[str, datetime, int | None], Any]

_parameters: dict[str, "Parameter[Any]"] = {}
_read: Reader = lambda name, at, campus_id: None  # noqa: E731


def read_with(reader: Reader) -> None:
    """Registered by hospital.organisation: the value set for (name, instant, campus), or None."""
    global _read
    _read = reader


def declared() -> dict[str, "Parameter[Any]"]:
    return dict(_parameters)


class Parameter(Generic[T]):
    """`kind` is int, str, bool or list; `unit` and `title` are shown to the administrator."""

    def __init__(self, name: str, kind: type[T], default: T, *, source: str, title: Any = "", unit: str = "") -> None:
        if name in _parameters:
            raise ValueError(f"two parameters are named {name}")
        self.name, self.kind, self.default = name, kind, default
        self.source, self.title, self.unit = source, title, unit
        _parameters[name] = self

    def at(self, when: datetime, campus_id: int | None = None) -> T:
        value = _read(self.name, when, campus_id)
        if value is None:
            return self.default
        if not isinstance(value, self.kind):
            raise TypeError(f"parameter {self.name} is {value!r}, it must be {self.kind.__name__}")
        return value
