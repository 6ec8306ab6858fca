"""The one clock. A verb reads it once and passes the instant down, so that all its rows agree.

Instants are aware (UTC inside); the edge speaks Asia/Shanghai. Business days are Shanghai calendar days (PAY-06).
PostgreSQL's own now() is never compared with: tests and drills move this clock, not the database's.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

from django.utils import timezone

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant, aware."""
    return timezone.now()


def running_from(at: datetime) -> Callable[[], datetime]:
    """A clock that stands at `at` now and goes on at its usual pace: for work that takes longer than one instant."""
    begun = monotonic()
    return lambda: at + timedelta(seconds=monotonic() - begun)


def local(at: datetime) -> datetime:
    """The same instant on a wall clock in Shanghai."""
    return at.astimezone(SHANGHAI)


def business_day(at: datetime) -> date:
    """The Shanghai calendar day of an instant (PAY-06)."""
    return local(at).date()


def today() -> date:
    return business_day(now())


def at_local(day: date, moment: time) -> datetime:
    """The instant of a wall-clock moment in Shanghai."""
    return datetime.combine(day, moment, tzinfo=SHANGHAI)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """[start, end) of a Shanghai calendar day as instants."""
    start = at_local(day, time.min)
    return start, start + timedelta(days=1)
