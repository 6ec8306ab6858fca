"""Why a plan is as it is, in facts; the words are the page's (appointments/exam_words.py)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations

from .model import Appointment, Fixed, Need, Reason, Rule, apart


def reasons_of(
    chosen: Sequence[Appointment],
    left_out: Sequence[Need],
    rules: Sequence[Rule],
    fixed: Sequence[Fixed],
    walk: timedelta,
    trips: int,
    *,
    beside: Sequence[Need] = (),
    is_proved: bool = True,
) -> tuple[Reason, ...]:
    """Each only once, the most important first. `beside`: needs that have times, but none beside the chosen ones."""
    found: dict[Reason, None] = {}
    days = {one.slot.trip for one in chosen}
    if len(chosen) > 1 and len(days) == 1:
        found[Reason("one_trip")] = None
    for day, place in sorted(days):
        names = dict.fromkeys(one.name for one in fixed if one.trip == (day, place) and one.name)
        if names:
            found[Reason("joins", " · ".join(names), day=day)] = None
    if len(days) > 1:
        found.update(dict.fromkeys(_why_not_one_day(chosen, rules, walk, trips)))
    found.update(dict.fromkeys(_orders(chosen, rules)))
    found.update(dict.fromkeys(Reason("nothing_free", need.name) for need in left_out))
    found.update(dict.fromkeys(Reason("no_room", need.name) for need in beside))
    if not is_proved:
        found[Reason("unproved")] = None
    return tuple(found)


def _why_not_one_day(
    chosen: Sequence[Appointment], rules: Sequence[Rule], walk: timedelta, trips: int
) -> Iterator[Reason]:
    """Of days on which the patient comes anyway nothing need be explained: all in one day might do, at no fewer trips."""
    explained = False
    for one, other in combinations(chosen, 2):
        if one.slot.trip != other.slot.trip:
            reason = _why_not_together(one.need, other.need, rules, walk)
            if reason is not None:
                explained = True
                yield reason
    if not explained and trips > 1:
        yield Reason("too_much")


def _why_not_together(one: Need, other: Need, rules: Sequence[Rule], walk: timedelta) -> Reason | None:
    """None when some day would do for both."""
    forbids: Rule | None = None
    pairs = [(a, b) for a in one.slots for b in other.slots if a.trip == b.trip]
    for a, b in pairs:
        verdict = apart(Appointment(one, a), Appointment(other, b), rules, walk)
        if verdict is None:
            return None
        if isinstance(verdict, Rule):
            forbids = forbids or verdict
    if forbids is None:
        return Reason("no_day", one.name, other.name)
    first, then = (one, other) if forbids.first in one.traits and forbids.then in other.traits else (other, one)
    return Reason("apart", first.name, then.name, forbids.why)


def _orders(chosen: Sequence[Appointment], rules: Sequence[Rule]) -> Iterator[Reason]:
    """Pairs on one day whose other order a rule forbids."""
    for first, then in combinations(sorted(chosen, key=lambda one: one.start), 2):
        if first.slot.trip == then.slot.trip:
            for rule in rules:
                if rule.first in then.traits and rule.then in first.traits:
                    yield Reason("order", first.need.name, then.need.name, rule.why)
