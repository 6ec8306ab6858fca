"""Working days by the State Council's calendar: weekends off, but for holidays and the weekends worked for them."""

from collections.abc import Iterator
from datetime import date, timedelta

from .models import DayKind, SpecialDay

_SATURDAY = 5


class Calendar:
    """The days of a span, read once."""

    def __init__(self, first: date, last: date) -> None:
        self._special = dict(SpecialDay.objects.filter(day__range=(first, last)).values_list("day", "kind"))

    def is_workday(self, day: date) -> bool:
        kind = self._special.get(day)
        if kind is None:
            return day.weekday() < _SATURDAY
        return kind == DayKind.MAKEUP_WORKDAY


def workdays_from(first: date, *, weekdays_only: bool = False) -> Iterator[date]:
    """Working days from `first` on (included if it is one), without end.

    `weekdays_only` leaves out the weekend days that are worked in place of a holiday.
    """
    start = first
    while True:
        end = start + timedelta(days=92)
        calendar = Calendar(start, end)
        day = start
        while day <= end:
            if calendar.is_workday(day) and not (weekdays_only and day.weekday() >= _SATURDAY):
                yield day
            day += timedelta(days=1)
        start = day
