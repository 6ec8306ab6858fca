"""Where a whole course fits (T3, TR-07): pure rules, without a database."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hospital.kit import clock
from treatment import placement, policy

MONDAY = date(2026, 11, 23)
FRIDAY = date(2026, 11, 27)


def weekdays(first: date) -> Iterator[date]:
    day = first
    while True:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)


def machine(number: int = 1, taken: tuple[placement.Span, ...] = (), closes: time = time(10)) -> placement.MachineHours:
    return placement.MachineHours(number, time(8), closes, taken)


def test_twenty_five_sessions_take_five_weeks_of_working_days() -> None:
    days = placement.treatment_days(weekdays(MONDAY), 25)
    assert days[0] == MONDAY
    assert days[-1] == MONDAY + timedelta(days=32)
    assert all(day.weekday() < 5 for day in days)


def test_a_course_does_not_begin_on_a_friday() -> None:
    """TR-07: the weekend would follow the first fraction at once."""
    assert placement.treatment_days(weekdays(FRIDAY), 25)[0] == FRIDAY + timedelta(days=3)
    assert placement.treatment_days(weekdays(FRIDAY), 1)[0] == FRIDAY


def test_three_a_week_are_not_more_than_three_in_a_week() -> None:
    days = placement.treatment_days(weekdays(MONDAY), 9, per_week=3)
    assert [day.isocalendar().week for day in days] == [48, 48, 48, 49, 49, 49, 50, 50, 50]


def test_only_hours_free_on_every_day_are_offered() -> None:
    days = placement.treatment_days(weekdays(MONDAY), 5)
    one = placement.span(days[3], time(8, 30), 15)
    offers = placement.hours_free([machine(taken=(one,))], days, 15, busy=())
    hours = [offer.hour for offer in offers]
    assert time(8, 30) not in hours
    assert len(hours) == 7


def test_the_patients_own_time_is_not_offered() -> None:
    own = placement.span(MONDAY, time(9), 60)
    hours = [offer.hour for offer in placement.hours_free([machine()], [MONDAY], 30, busy=[own])]
    assert hours == [time(8), time(8, 30)]


def test_the_last_session_ends_when_the_machine_closes() -> None:
    assert list(placement.hours_of(machine(closes=time(9)), 25)) == [time(8), time(8, 25)]


def test_each_hour_is_offered_once_on_the_machine_with_the_most_room() -> None:
    full = machine(1, taken=(placement.span(MONDAY, time(8), 30),))
    offers = placement.one_per_hour(placement.hours_free([full, machine(2)], [MONDAY], 30, busy=()))
    assert [offer.hour for offer in offers] == [time(8), time(8, 30), time(9), time(9, 30)]
    assert {offer.machine_id for offer in offers} == {2}


@given(
    st.lists(st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(1, 240)), max_size=12), st.integers(5, 90)
)
def test_no_offer_ever_overlaps_what_is_taken(starts: list[tuple[int, int, int]], minutes: int) -> None:
    taken = tuple(placement.span(MONDAY, time(hour, minute), length) for hour, minute, length in starts)
    day = placement.MachineHours(1, time(7), time(20), taken)
    for offer in placement.hours_free([day], [MONDAY], minutes, busy=()):
        start, end = placement.span(MONDAY, offer.hour, minutes)
        assert all(lower >= end or upper <= start for lower, upper in taken)
        assert clock.local(end).time() <= time(20)


@given(st.integers(1, 60), st.integers(0, 10))
def test_assessments_are_due_at_the_start_at_intervals_and_at_the_end(planned: int, every: int) -> None:
    """TR-04"""
    due = policy.assessments_wanted(planned, every)
    if not every:
        assert due == []
        return
    assert due[0] == 1
    assert due[-1] == planned + 1
    assert all(later - earlier <= every for earlier, later in pairwise(due))


def test_a_session_lasts_as_long_as_its_item_says() -> None:
    start, end = placement.span(MONDAY, time(8), 12)
    assert end - start == timedelta(minutes=12)
    assert isinstance(start, datetime)
    assert clock.local(start).time() == time(8)
