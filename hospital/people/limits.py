"""Counting against limits in PostgreSQL, exactly, whoever calls at the same time (G20, G21, G23).

Callers of the same subject are put in line by an advisory lock of the transaction: there is no row to lock for
somebody who comes for the first time. What was counted is a row, so Redis may be emptied at any moment.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from hospital.kit.fields import blind
from hospital.kit.parameters import Parameter
from hospital.kit.transactions import within

from .models import Attempt

log = logging.getLogger(__name__)

EVERYBODY = "all"
_KEEP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Limit:
    most: Parameter[int]
    window: timedelta


def subject(kind: str, value: str) -> str:
    """How a phone, an address or a login name is called in the table."""
    return f"{kind}:{blind(value, purpose=f'people.attempt.{kind}')}"


@within
def spend(kind: str, subjects: Mapping[str, Sequence[Limit]], *, at: datetime) -> list[int] | None:
    """Count one attempt against every subject; None, and nothing counted, when any limit is reached.

    Answers the rows, which `give_back` takes away again when the attempt turns out to be none (a right password).
    """
    for name in sorted(subjects):
        _line_up(f"{kind}/{name}")
    for name, limits in subjects.items():
        for limit in limits:
            most = limit.most.at(at)
            if Attempt.objects.filter(kind=kind, subject=name, at__gt=at - limit.window).count() >= most:
                if name == EVERYBODY:
                    log.error("alarm: %s reached the limit of everybody, %d in %s", kind, most, limit.window)
                else:
                    log.warning("limit of %s reached: %d in %s", kind, most, limit.window)
                return None
    rows = Attempt.objects.bulk_create([Attempt(kind=kind, subject=name, at=at) for name in subjects])
    return [row.pk for row in rows]


def give_back(rows: Sequence[int]) -> None:
    Attempt.objects.filter(pk__in=rows).delete()


def forget_old(*, at: datetime) -> int:
    """Sweep: attempts older than the longest window."""
    return Attempt.objects.filter(at__lt=at - _KEEP).delete()[0]


def _line_up(name: str) -> None:
    """Wait for whoever counts the same thing, until the end of the transaction."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
