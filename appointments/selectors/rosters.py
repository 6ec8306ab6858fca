"""The week of a department as a grid: a line per doctor, a column per day."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from hospital.organisation.models import SpecialDay, Staff

from ..models import Session


@dataclass(slots=True)
class RosterLine:
    doctor: Staff
    days: list[list[Session]] = field(default_factory=lambda: [[] for _ in range(7)])


@dataclass(frozen=True, slots=True)
class RosterDate:
    day: date
    special: str  # the name of the holiday or of the working weekend day


def roster_week(department_id: int, monday: date, *, at: datetime) -> tuple[list[RosterDate], list[RosterLine]]:
    """Dates and lines of one week; each session carries `n_taken` and `n_places`."""
    last = monday + timedelta(days=6)
    names = dict(SpecialDay.objects.filter(day__range=(monday, last)).values_list("day", "name"))
    days = [RosterDate(monday + timedelta(days=n), names.get(monday + timedelta(days=n), "")) for n in range(7)]
    rows = (
        Session.objects.filter(department_id=department_id, date__range=(monday, last))
        .select_related("doctor", "instead_of")
        .annotate(n_places=Count("places"), n_taken=Count("places", filter=Q(places__booking__isnull=False)))
        .order_by("doctor__number", "during")
    )
    lines: dict[int, RosterLine] = {}
    for session in rows:
        line = lines.setdefault(session.doctor_id, RosterLine(session.doctor))
        line.days[(session.date - monday).days].append(session)
    return days, list(lines.values())
