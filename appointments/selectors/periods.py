"""Which times of a session are free."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from hospital.kit.kept import Given, Kept

from ..models import Period, Session
from ..states import SessionStatus
from .free import is_free

_FREE = Kept(
    lambda: (
        Period.objects.filter(
            session_id=Given("session_id"), session__status=SessionStatus.OPEN, starts_at__gt=Given("at")
        )
        .annotate(free=Count("places", filter=is_free(Given("at"), "places__")))
        .order_by("starts_at")
        .values_list("pk", "starts_at", "ends_at", "free")
    )
)


@dataclass(slots=True)
class PeriodLine:
    """A stretch of a session with the places left. Plain values: a session has dozens of them, and everybody asks."""

    id: int
    starts_at: datetime
    ends_at: datetime
    free: int


def periods_free(session_id: int, *, at: datetime) -> list[PeriodLine]:
    """The periods of an open session that begin after `at`, with how many places each has left."""
    return [PeriodLine(*row) for row in _FREE.rows(session_id=session_id, at=at)]


def periods_shown(session_id: int, *, at: datetime) -> list[PeriodLine] | None:
    """`periods_free`, or None when there is no such session that can still be booked."""
    lines = periods_free(session_id, at=at)
    shown = bool(lines) or Session.objects.filter(pk=session_id, status=SessionStatus.OPEN, during__endswith__gt=at)
    return lines if shown else None
