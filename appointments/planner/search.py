"""The exact search: fewest trips, then done soonest, then the shortest waits, fasting first, earliest.

Branch and bound over the needs, those with the fewest times first. Each part of the measure only grows when a need is
added, so a partial plan that isn't better than the best whole one can be left. For a handful of needs this ends in
milliseconds; when it doesn't, the best plan so far is given and says that it isn't proved. Where none was found by then
(a dozen exams for eleven times: every order of them would be tried), each need takes the first time that is left.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from .model import Appointment, Fixed, Need, Plan, Rule, Slot, Trip, apart
from .reasons import reasons_of

# Times looked at in one plan, all searches for it together: a second or so, which is how long a page may take. What real
# orders ask for ends a hundred times sooner (test_planner.py).
MOST_NODES = 400_000

# new trips, last day (ordinal), minutes from first to last of each trip, starts of fasting ones, starts of all
Measure = tuple[int, int, int, int, int]


def plan(
    needs: Sequence[Need], *, rules: Sequence[Rule], fixed: Sequence[Fixed], walk: timedelta,
    most_nodes: int = MOST_NODES,
) -> Plan:  # fmt: skip
    """The best plan; needs that no time is left for stand in `left_out`."""
    possible = [_against(need, rules, fixed, walk) for need in needs]
    nothing_free = [need for need in possible if not need.slots]
    wanted = sorted((need for need in possible if need.slots), key=lambda need: (len(need.slots), need.key))
    free_trips = frozenset(one.trip for one in fixed)
    best, beside, is_proved = _found(wanted, rules, walk, free_trips, most_nodes)
    chosen = tuple(sorted(best, key=lambda one: (one.start, one.need.key)))
    trips = len({one.slot.trip for one in chosen} - free_trips)
    reasons = reasons_of(chosen, nothing_free, rules, fixed, walk, trips, beside=beside, is_proved=is_proved)
    return Plan(chosen, (*nothing_free, *beside), trips, is_proved, reasons)


def _found(
    wanted: list[Need], rules: Sequence[Rule], walk: timedelta, free_trips: frozenset[Trip], most_nodes: int
) -> tuple[list[Appointment], list[Need], bool]:
    """The best appointments, the needs that find no time beside them, and whether that is proved."""
    beside: list[Need] = []
    nodes = 0
    while wanted:
        search = _Search(wanted, rules, walk, free_trips, most_nodes - nodes)
        search.run()
        nodes += search.nodes
        if search.best:
            return search.best, beside, not search.is_cut
        if search.is_cut:
            chosen, left = _first_left(wanted, rules, walk, free_trips)
            return chosen, [*beside, *left], False
        # Not all together in these days: the one with the most freedom can wait for another proposal.
        *wanted, last = wanted
        beside.append(last)
    return [], beside, True


def _first_left(
    wanted: Sequence[Need], rules: Sequence[Rule], walk: timedelta, free_trips: frozenset[Trip]
) -> tuple[list[Appointment], list[Need]]:
    """Each need the first time that goes with those before it, on a day on which the patient comes if there is one."""
    chosen: list[Appointment] = []
    left: list[Need] = []
    for need in wanted:
        trips = free_trips.union(one.slot.trip for one in chosen)
        free = (
            one
            for slot in sorted(need.slots, key=lambda slot: (slot.trip not in trips, _when(slot)))
            for one in [Appointment(need, slot)]
            if all(apart(one, other, rules, walk) is None for other in chosen)
        )
        if (first := next(free, None)) is not None:
            chosen.append(first)
        else:
            left.append(need)
    return chosen, left


def _against(need: Need, rules: Sequence[Rule], fixed: Sequence[Fixed], walk: timedelta) -> Need:
    """The need with the times that go with what stands already; of equal times on several machines, one."""
    seen: dict[tuple[datetime, datetime, int, str], Slot] = {}
    for slot in need.slots:
        if all(apart(Appointment(need, slot), one, rules, walk) is None for one in fixed):
            seen.setdefault((slot.start, slot.end, slot.place, slot.room), slot)
    return Need(need.key, need.name, need.traits, tuple(sorted(seen.values(), key=_when)), need.is_fasting)


def _when(slot: Slot) -> tuple[datetime, int, str]:
    return slot.start, slot.place, slot.room


@dataclass(frozen=True, slots=True, eq=False)
class _Option:
    """An appointment with its facts worked out once."""

    one: Appointment
    trip: Trip
    start: int  # minutes
    end: int


@dataclass
class _Search:
    wanted: list[Need]
    rules: Sequence[Rule]
    walk: timedelta
    free_trips: frozenset[Trip]
    most_nodes: int
    best: list[Appointment] = field(default_factory=list)
    best_measure: Measure | None = None
    nodes: int = 0

    def __post_init__(self) -> None:
        self.options = [[_option(need, slot) for slot in need.slots] for need in self.wanted]
        self.work = sum(min(one.end - one.start for one in each) for each in self.options)
        # From each depth on: the least that the needs not yet placed add to the sums of starts.
        self.rest: list[tuple[int, int]] = [(0, 0)]
        for need, each in zip(reversed(self.wanted), reversed(self.options), strict=True):
            first, (fasting, starts) = min(one.start for one in each), self.rest[0]
            self.rest.insert(0, (fasting + first * need.is_fasting, starts + first))
        self.agreed: dict[tuple[int, int], bool] = {}

    @property
    def is_cut(self) -> bool:
        """It ended because it had looked at enough: better plans may exist, or one where none was found."""
        return self.nodes >= self.most_nodes

    def run(self) -> None:
        """By rising number of new trips, and for each by rising last day: the first pair that holds a whole plan is the
        best. What lies beyond it is never looked at, however many weeks of free times there are."""
        days = sorted({option.trip[0] for each in self.options for option in each})
        earliest = max((each[0].trip[0] for each in self.options), default=date.max)
        for trips in range(len(self.wanted) + 1):
            for last in days[bisect_left(days, earliest) :]:
                self._go([], trips, last)
                if self.best or self.is_cut:
                    return

    def _go(self, chosen: list[_Option], trips: int, last: date) -> None:
        bound = self._bound(chosen)
        if self.best_measure is not None and bound >= self.best_measure:
            return
        if len(chosen) == len(self.wanted):
            self.best, self.best_measure = [option.one for option in chosen], bound
            return
        paid_for = self.free_trips.union(option.trip for option in chosen)
        for option in self.options[len(chosen)]:
            if option.trip[0] > last or self.is_cut:
                return  # options stand by time
            self.nodes += 1
            if bound[0] == trips and option.trip not in paid_for:
                continue
            if all(self._agree(option, other) for other in chosen):
                self._go([*chosen, option], trips, last)

    def _bound(self, chosen: list[_Option]) -> Measure:
        """No plan that begins so can measure less; of a whole plan it is the measure itself. Waits: the patient is at
        one exam at a time, so all trips together take at least the minutes of all exams."""
        days: dict[Trip, tuple[int, int]] = {}
        for option in chosen:
            first, last = days.get(option.trip, (option.start, option.end))
            days[option.trip] = min(first, option.start), max(last, option.end)
        spans = sum(last - first for first, last in days.values())
        fasting, starts = self.rest[len(chosen)]
        return (
            len(days.keys() - self.free_trips), max((day.toordinal() for day, _ in days), default=0),
            spans if len(chosen) == len(self.wanted) else max(spans, self.work),
            fasting + sum(option.start for option in chosen if option.one.need.is_fasting),
            starts + sum(option.start for option in chosen),
        )  # fmt: skip

    def _agree(self, one: _Option, other: _Option) -> bool:
        key = (id(one), id(other))
        if key not in self.agreed:
            self.agreed[key] = apart(one.one, other.one, self.rules, self.walk) is None
        return self.agreed[key]


def _option(need: Need, slot: Slot) -> _Option:
    return _Option(
        Appointment(need, slot), slot.trip, int(slot.start.timestamp() // 60), int(slot.end.timestamp() // 60)
    )
