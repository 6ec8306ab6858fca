"""Where a whole course fits: the same hour every working day on one machine (T3, TR-07). Pure: no database here.

A course of 25 sessions is placed on 25 working days from a first day on. `hours_free` tells, for each machine, at
which times of day all of those days are free; the caller inserts the sessions and the database has the last word.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hospital.kit import clock

_FRIDAY = 4

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class MachineHours:
    """One machine: when it opens, when it closes, and when it is taken."""

    machine_id: int
    opens_at: time
    closes_at: time
    taken: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Offer:
    """The whole course at one hour on one machine."""

    machine_id: int
    hour: time


def treatment_days(workdays: Iterator[date], count: int, *, per_week: int = 5) -> list[date]:
    """The first `count` days, at most `per_week` in one Monday-to-Sunday week, not beginning on a Friday.

    A first session on a Friday would be followed by a pause at once (TR-07).
    """
    days: list[date] = []
    in_week: dict[tuple[int, int], int] = {}
    for day in workdays:
        if not days and count > 1 and day.weekday() == _FRIDAY:
            continue
        week = day.isocalendar()[:2]
        if in_week.get(week, 0) >= per_week:
            continue
        in_week[week] = in_week.get(week, 0) + 1
        days.append(day)
        if len(days) == count:
            break
    return days


def span(day: date, hour: time, minutes: int) -> Span:
    start = clock.at_local(day, hour)
    return start, start + timedelta(minutes=minutes)


def hours_of(machine: MachineHours, minutes: int) -> Iterator[time]:
    """The times of day at which a session may begin there: one after another from opening on."""
    day = date(2000, 1, 3)
    moment = datetime.combine(day, machine.opens_at)
    last = datetime.combine(day, machine.closes_at) - timedelta(minutes=minutes)
    while moment <= last:
        yield moment.time()
        moment += timedelta(minutes=minutes)


def hours_free(
    machines: Iterable[MachineHours], days: Sequence[date], minutes: int, busy: Sequence[Span]
) -> list[Offer]:
    """Every (machine, hour) at which all `days` are free; `busy` is the patient's own time.

    Machines with more free hours come first, so that the load is spread.
    """
    by_machine: list[list[Offer]] = []
    for machine in machines:
        taken = _by_day([*machine.taken, *busy])
        offers = [
            Offer(machine.machine_id, hour)
            for hour in hours_of(machine, minutes)
            if all(_is_free(span(day, hour, minutes), taken.get(day, ())) for day in days)
        ]
        by_machine.append(offers)
    by_machine.sort(key=len, reverse=True)
    return [offer for offers in by_machine for offer in offers]


def one_per_hour(offers: Sequence[Offer]) -> list[Offer]:
    """What a patient chooses from: each hour once, on the machine with the most room, by time."""
    first: dict[time, Offer] = {}
    for offer in offers:
        first.setdefault(offer.hour, offer)
    return [first[hour] for hour in sorted(first)]


def _by_day(spans: Iterable[Span]) -> dict[date, list[Span]]:
    days: dict[date, list[Span]] = {}
    for start, end in spans:
        day = clock.business_day(start)
        while day <= clock.business_day(end):
            days.setdefault(day, []).append((start, end))
            day += timedelta(days=1)
    return days


def _is_free(wanted: Span, taken: Iterable[Span]) -> bool:
    return all(end <= wanted[0] or start >= wanted[1] for start, end in taken)
