"""On which days and hours a course may be given."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from hospital.kit import clock
from hospital.organisation.workdays import workdays_from

from .. import errors, placement
from ..models import Course, Machine


def hours_of(machine: Machine, taken: Iterable[placement.Span] = ()) -> placement.MachineHours:
    return placement.MachineHours(machine.pk, machine.opens_at, machine.closes_at, list(taken))


def days_of(course: Course, first_day: date, at: datetime) -> list[date]:
    """The days of the whole course from `first_day` on, never today's; within its validity (TR-02)."""
    earliest = max(first_day, clock.business_day(at) + timedelta(days=1))
    days = placement.treatment_days(
        workdays_from(earliest, weekdays_only=True), course.planned, per_week=course.item.per_week
    )
    if days[-1] > last_day(course):
        raise errors.OutOfCourse
    return days


def last_day(course: Course) -> date:
    return clock.business_day(course.created_at) + timedelta(days=course.item.validity_days)


def is_blocked(machine: Machine, spans: Iterable[placement.Span]) -> bool:
    blocks = [(block.starts_at, block.ends_at) for block in machine.blocks.all()]
    return any(lower < end and upper > start for lower, upper in blocks for start, end in spans)
