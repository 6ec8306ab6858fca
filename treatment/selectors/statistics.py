"""What was given, by whom, for how much, and how busy the machines were: counted from the records (T10)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, QuerySet

from billing.selectors import unit_prices
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.organisation.workdays import Calendar

from ..models import Machine, Session, SessionRecord
from ..states import LIVE_SESSION, SessionStatus


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One kind of treatment: sessions given and missed, courses, income in fen at the price each was paid with."""

    name: str
    given: int
    missed: int
    courses: int
    income: int


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One person: sessions given as the first and as the second at the machine."""

    name: str
    first: int
    second: int

    @property
    def together(self) -> int:
        return self.first + self.second


@dataclass(frozen=True, slots=True)
class UseLine:
    """One machine: minutes taken by patients of the minutes it was open on working days, outages taken off."""

    name: str
    used: int
    open: int

    @property
    def percent(self) -> int:
        return round(100 * self.used / self.open) if self.open else 0


@dataclass(frozen=True, slots=True)
class Statistics:
    items: list[ItemLine]
    people: list[WorkLine]
    machines: list[UseLine]
    by_day: list[tuple[date, int]]

    @property
    def given(self) -> int:
        return sum(line.given for line in self.items)

    @property
    def missed(self) -> int:
        return sum(line.missed for line in self.items)

    @property
    def income(self) -> int:
        return sum(line.income for line in self.items)

    @property
    def points(self) -> list[tuple[str, float]]:
        return [(f"{day.month}-{day.day}", float(count)) for day, count in self.by_day]

    @property
    def item_bars(self) -> list[tuple[str, float, str]]:
        return [(line.name, line.given, str(line.given)) for line in self.items]

    @property
    def people_bars(self) -> list[tuple[str, float, str]]:
        return [(line.name, line.together, f"{line.first} + {line.second}") for line in self.people]

    @property
    def machine_bars(self) -> list[tuple[str, float, str]]:
        return [(line.name, line.percent, str(line.percent)) for line in self.machines]


def statistics_for(actor: Actor, first: date, last: date) -> Statistics:
    """The departments of the actor, both days included. Counts only: no patient is named."""
    sessions = Session.objects.filter(
        day__range=(first, last), course__department_id__in=actor.department_ids
    ).select_related("course__item", "course__order")
    ended = list(sessions.filter(status__in=[SessionStatus.DONE, SessionStatus.MISSED]))
    records = SessionRecord.objects.filter(
        session__day__range=(first, last), session__course__department_id__in=actor.department_ids
    )
    return Statistics(_items(ended), _people(records), _machines(actor, first, last), _by_day(ended, first, last))


def _items(ended: list[Session]) -> list[ItemLine]:
    given = [session for session in ended if session.status == SessionStatus.DONE]
    missed = Counter(session.course.item.name for session in ended if session.status == SessionStatus.MISSED)
    prices = unit_prices({session.course.order.charge_id for session in given if session.course.order.charge_id})
    income: Counter[str] = Counter()
    courses: dict[str, set[int]] = {}
    for session in given:
        course = session.course
        income[course.item.name] += prices.get((course.order.charge_id or 0, course.item.price_code), 0)
        courses.setdefault(course.item.name, set()).add(course.pk)
    counts = Counter(session.course.item.name for session in given)
    names = sorted({*counts, *missed}, key=lambda name: (-counts[name], name))
    return [ItemLine(name, counts[name], missed[name], len(courses.get(name, ())), income[name]) for name in names]


def _people(records: QuerySet[SessionRecord]) -> list[WorkLine]:
    first = dict(records.values_list("therapist__name").annotate(n=Count("pk")))
    second = dict(records.exclude(second_therapist=None).values_list("second_therapist__name").annotate(n=Count("pk")))
    lines = [WorkLine(name, first.get(name, 0), second.get(name, 0)) for name in {*first, *second}]
    return sorted(lines, key=lambda line: (-line.together, line.name))


def _machines(actor: Actor, first: date, last: date) -> list[UseLine]:
    calendar = Calendar(first, last)
    days = [day for day in _days(first, last) if calendar.is_workday(day)]
    rows = Machine.objects.filter(department_id__in=actor.department_ids, is_active=True)
    window = (clock.day_bounds(first)[0], clock.day_bounds(last)[1])
    used: Counter[int] = Counter()
    taken = Session.objects.filter(machine__in=rows, status__in=LIVE_SESSION, day__range=(first, last)).annotate(
        length=F("during__endswith") - F("during__startswith")
    )
    for machine_id, length in taken.values_list("machine_id", "length"):
        used[machine_id] += int(length.total_seconds() // 60)
    found = []
    for machine in rows.prefetch_related("blocks").order_by("code"):
        spans = [(clock.at_local(day, machine.opens_at), clock.at_local(day, machine.closes_at)) for day in days]
        blocks = [
            (block.starts_at, block.ends_at)
            for block in machine.blocks.all()
            if block.ends_at > window[0] and block.starts_at < window[1]
        ]
        minutes = sum(_minutes(start, end) - _blocked(start, end, blocks) for start, end in spans)
        found.append(UseLine(machine.name, used[machine.pk], minutes))
    return found


def _blocked(start: datetime, end: datetime, blocks: list[tuple[datetime, datetime]]) -> int:
    """Blocks of one machine never overlap, so that their minutes add up."""
    return sum(_minutes(max(start, lower), min(end, upper)) for lower, upper in blocks if upper > start and lower < end)


def _minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds() // 60)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _by_day(ended: list[Session], first: date, last: date) -> list[tuple[date, int]]:
    counts = Counter(session.day for session in ended if session.status == SessionStatus.DONE)
    return [(day, counts[day]) for day in _days(first, last)]
