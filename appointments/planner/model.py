"""What the planner speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from hospital.kit import clock

Trip = tuple[date, int]  # a day at a campus


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time of a machine with its staff. `key` tells the booking verb which."""

    start: datetime
    end: datetime
    place: int  # campus
    room: str
    key: int = 0

    @property
    def trip(self) -> Trip:
        return clock.local(self.start).date(), self.place


@dataclass(frozen=True, slots=True)
class Need:
    """An exam that wants a time, with every time it could have."""

    key: int
    name: str
    traits: frozenset[str]
    slots: tuple[Slot, ...]
    is_fasting: bool = False


@dataclass(frozen=True, slots=True)
class Fixed:
    """What stands already: a booked exam, one of the past, a visit to a doctor. Its trip costs nothing more."""

    name: str
    traits: frozenset[str]
    start: datetime
    end: datetime
    place: int
    room: str = ""

    @property
    def trip(self) -> Trip:
        return clock.local(self.start).date(), self.place


@dataclass(frozen=True, slots=True)
class Rule:
    """After `first`, at least `gap` until `then` (AP-13)."""

    first: str
    then: str
    gap: timedelta
    why: str


class Stop(Protocol):
    """Anything that has traits, a time and a room."""

    @property
    def traits(self) -> frozenset[str]: ...
    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...
    @property
    def place(self) -> int: ...
    @property
    def room(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Appointment:
    """A need at the time that the plan gives it."""

    need: Need
    slot: Slot

    @property
    def traits(self) -> frozenset[str]:
        return self.need.traits

    @property
    def start(self) -> datetime:
        return self.slot.start

    @property
    def end(self) -> datetime:
        return self.slot.end

    @property
    def place(self) -> int:
        return self.slot.place

    @property
    def room(self) -> str:
        return self.slot.room


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the plan is as it is.

    one_trip: all on one day. joins: on `day`, on which the patient comes anyway (`first` names why). order: `first`
    before `then`, because of `why`. apart: not on one day, because of `why`. no_day: no day has times for both.
    too_much: each two would fit into a day, all together don't. nothing_free: `first` has no time at all. no_room:
    `first` has times, but none beside the others. unproved: the search ended before every plan was looked at.
    """

    kind: Literal["one_trip", "joins", "order", "apart", "no_day", "too_much", "nothing_free", "no_room", "unproved"]
    first: str = ""
    then: str = ""
    why: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """appointments: by time. left_out: needs without any possible time. trips: days that the patient must come for
    these exams and wouldn't otherwise. is_proved: no plan with fewer trips exists."""

    appointments: tuple[Appointment, ...] = ()
    left_out: tuple[Need, ...] = ()
    trips: int = 0
    is_proved: bool = True
    reasons: tuple[Reason, ...] = field(default_factory=tuple)


def apart(one: Stop, other: Stop, rules: Sequence[Rule], walk: timedelta) -> Rule | Literal[False] | None:
    """None when both can be; the rule that forbids it; False when they overlap or the way between is too long."""
    first, then = (one, other) if one.start <= other.start else (other, one)
    way = timedelta() if (first.place, first.room) == (then.place, then.room) else walk
    if first.place != then.place:
        way = 4 * walk
    for rule in rules:
        if rule.first in first.traits and rule.then in then.traits and then.start < first.end + rule.gap:
            return rule
    return False if then.start < first.end + way else None
