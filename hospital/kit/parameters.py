"""Dated policy parameters (rules G-1): every limit has a value, a source and the days on which it holds.

Code declares a parameter once, beside the rule that needs it, with the value that holds when the hospital set none:

    HOLD_MINUTES = Parameter("appointments.hold_minutes", int, 15, source="PAY-11", title=_("Minutes a place is held"))
    minutes = HOLD_MINUTES.at(at)
    found = values_at([HOLD_MINUTES, CANCEL_HOURS], at, campus_id)  # several at the price of one
    minutes = found[HOLD_MINUTES]

Values that the hospital set live in hospital.organisation, which registers its reader here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Reader = Callable[[Sequence[str], datetime, int | None], Mapping[str, Any]]

_parameters: dict[str, "Parameter[Any]"] = {}
_read: Reader = lambda names, at, campus_id: {}  # noqa: E731


def read_with(reader: Reader) -> None:
    """Registered by hospital.organisation: the values set for (names, instant, campus), without those not set."""
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
        return self._of(_read([self.name], when, campus_id))

    def _of(self, found: Mapping[str, Any]) -> T:
        value = found.get(self.name)
        if value is None:
            return self.default
        if not isinstance(value, self.kind):
            raise TypeError(f"parameter {self.name} is {value!r}, it must be {self.kind.__name__}")
        return value


class Values:
    """What `values_at` read: `values[HOLD_MINUTES]`. Of a parameter that wasn't asked for it is a KeyError."""

    def __init__(self, asked: Iterable["Parameter[Any]"], found: Mapping[str, Any]) -> None:
        self._values = {one.name: one._of(found) for one in asked}

    def __getitem__(self, parameter: "Parameter[T]") -> T:
        value: T = self._values[parameter.name]
        return value


def values_at(asked: Sequence["Parameter[Any]"], when: datetime, campus_id: int | None = None) -> Values:
    """Several parameters with one statement, for verbs that are in a hurry."""
    return Values(asked, _read([one.name for one in asked], when, campus_id))
