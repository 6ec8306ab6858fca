"""Which times of a session are free."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from ..models import Period
from ..states import SessionStatus
from .free import is_free


@dataclass(frozen=True, slots=True)
class PeriodLine:
    period: Period
    free: int


def periods_free(session_id: int, *, at: datetime) -> list[PeriodLine]:
    """The periods of an open session that begin after `at`, with how many places each has left."""
    rows = (
        Period.objects.filter(session_id=session_id, session__status=SessionStatus.OPEN, starts_at__gt=at)
        .annotate(free=Count("places", filter=is_free(at, "places__")))
        .order_by("starts_at")
    )
    return [PeriodLine(row, row.free) for row in rows]
