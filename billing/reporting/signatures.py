"""What an auditor sees before signing: the days that wait, and what their books and differences say (PAY-07)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.organisation.models import Staff

from .. import policy
from ..models import DayClose, Difference, LedgerAccount, ReconCase
from ..services.closing import day_hindrance, day_totals
from ..states import CaseStatus


@dataclass(frozen=True, slots=True)
class Waiting:
    """A day that waits for a second signature. `books`: account and fen; `differences`: class, words, all, unfinished."""

    close: DayClose
    asked_by: str
    asked_at: datetime
    to_open: bool
    books: list[tuple[str, int]]
    differences: list[tuple[str, str, int, int]]
    hindrance: str


def unsigned() -> QuerySet[DayClose]:
    """What waits for a second signature: proposed closings, and closings asked to be opened again."""
    return DayClose.objects.filter(Q(confirmed_at=None) | Q(reopen_asked_at__isnull=False), reopened_at=None)


def days_to_sign(actor: Actor, *, at: datetime) -> list[Waiting]:
    """Days proposed to be closed and closed days asked to be opened again, oldest first."""
    if not policy.may_sign_second(actor):
        raise NotFound
    closes = list(unsigned().order_by("day"))
    asked = {one.pk: one.reopen_asked_by_account_id or one.closed_by_account_id for one in closes}
    names = dict(Staff.objects.filter(account_id__in=asked.values()).values_list("account_id", "name"))
    accounts = dict(LedgerAccount.objects.values_list("code", "name"))
    return [
        Waiting(
            close=one, asked_by=names.get(asked[one.pk], ""), asked_at=one.reopen_asked_at or one.closed_at,
            to_open=one.confirmed_at is not None,
            books=[(accounts[code], fen) for code, fen in (one.totals or day_totals(one.day)).items()],
            differences=differences_of(one), hindrance="" if one.confirmed_at else day_hindrance(one.day, at=at),
        )
        for one in closes
    ]  # fmt: skip


def differences_of(close: DayClose) -> list[tuple[str, str, int, int]]:
    """The classes found on a day, over all channels."""
    counted = ReconCase.objects.filter(day=close.day).values_list("difference")
    rows: Sequence[tuple[str, int, int]] = list(
        counted.annotate(n=Count("pk"), left=Count("pk", filter=~Q(status=CaseStatus.DONE))).order_by("difference")
    )
    return [(name, str(Difference(name).label), many, left) for name, many, left in rows]
