"""The day on one channel as one page shows it: three sides and the bank, and every fen between them by its class."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import Case, Count, F, IntegerField, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound

from ..models import BankCredit, BillFetch, BillFile, DayClose, Difference, ReconCase, ReconRun
from ..services.closing import day_hindrance
from ..services.credit import fee_fen
from ..states import CaseStatus

SHOWN = 10  # differences of a class on the page of a day; the work list has all of them


@dataclass(frozen=True, slots=True)
class Group:
    """The differences of one class on a day: how many there are, how many aren't finished, and the first of them."""

    difference: str
    words: str
    count: int
    unfinished: int
    cases: list[ReconCase]


@dataclass(frozen=True, slots=True)
class Balance:
    run: ReconRun | None
    file: BillFile | None
    fetch: BillFetch | None
    close: DayClose | None
    sides: list[tuple[str, int, int, int, int]]  # title, paid, refunded, net, movements
    equal: bool
    groups: list[Group]
    open_count: int
    hindrance: str
    bridge: list[tuple[str, str, int, int, int]]  # class, its words, how many, unfinished, fen from our net to theirs
    platform_net: int
    channel_net: int
    fee: int
    owed: int | None  # by the channel after its fee; None without a bill
    credits: list[BankCredit]
    credited: int

    @property
    def unfinished(self) -> int:
        """Differences of which somebody still has to do or approve something."""
        return sum(group.unfinished for group in self.groups)

    @property
    def unexplained(self) -> int:
        return self.channel_net - self.platform_net - sum(fen for *_words, fen in self.bridge)


def day_balance(actor: Actor, day: date, channel: str, *, at: datetime) -> Balance:
    """Hospital, platform, channel and bank of one day, with its differences by class (PAY-08)."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    runs = ReconRun.objects.filter(channel=channel, day=day).select_related("file").defer("file__raw")
    run = runs.order_by("-ran_at", "-pk").first()
    totals = run.totals if run else {}
    sides = [
        (title, totals.get(f"{side}_paid", 0), totals.get(f"{side}_refunded", 0), totals.get(f"{side}_net", 0),
         totals.get(f"{side}_count", 0))
        for side, title in [("hospital", str(_("Hospital (settled)"))), ("platform", str(_("Platform (received)"))),
                            ("channel", str(_("Channel (its bill)")))]
    ]  # fmt: skip
    fee = fee_fen(totals.get("fee_e5", 0))
    credits_ = list(BankCredit.objects.filter(channel=channel, day=day).order_by("credited_on", "pk"))
    return Balance(
        run=run, file=run.file if run else None, fetch=BillFetch.objects.filter(channel=channel, day=day).first(),
        close=DayClose.objects.filter(day=day, reopened_at=None).first(), sides=sides, equal=len({side[1:] for side in sides}) == 1,
        groups=_groups(channel, day),
        open_count=ReconCase.objects.filter(channel=channel, day=day, status=CaseStatus.OPEN).count(), hindrance=day_hindrance(day, at=at),
        bridge=_bridge(channel, day), platform_net=totals.get("platform_net", 0), channel_net=totals.get("channel_net", 0), fee=fee,
        owed=totals["channel_net"] - fee if run and run.file_id else None, credits=credits_,
        credited=sum(credit.amount for credit in credits_),
    )  # fmt: skip


def _groups(channel: str, day: date) -> list[Group]:
    """Each class with its first differences: what isn't finished before what is. Two questions, whatever their number."""
    rows = ReconCase.objects.filter(channel=channel, day=day)
    left = Count("pk", filter=~Q(status=CaseStatus.DONE))
    counts = {name: (many, unfinished) for name, many, unfinished in
              rows.values_list("difference").annotate(n=Count("pk"), left=left).order_by("difference")}  # fmt: skip
    last = Case(When(status=CaseStatus.DONE, then=Value(1)), default=Value(0), output_field=IntegerField())
    place = Window(RowNumber(), partition_by=F("difference"), order_by=[last, F("pk")])
    first: dict[str, list[ReconCase]] = {}
    for case in rows.annotate(place=place).filter(place__lte=SHOWN).select_related("owner").order_by("place"):
        first.setdefault(case.difference, []).append(case)
    return [
        Group(kind.value, str(kind.label), *counts[kind.value], first[kind.value])
        for kind in Difference
        if kind.value in counts
    ]


# What each class adds to our net to make the channel's. Of a side only what it counts on this very day: a movement that was
# carried over midnight (or over UnionPay's 23:00) has its case on the day before, and its line in this day's bill.
_BRIDGE = """
SELECT difference, count(*), count(*) FILTER (WHERE status <> 'done'), sum(sign * (theirs - ours))::bigint FROM (
  SELECT difference, status, day,
         CASE split_part(key, ':', 1) WHEN 'pay' THEN 1 WHEN 'refund' THEN -1 ELSE 0 END AS sign,
         CASE WHEN (key LIKE 'pay:%%' OR evidence->>'p_status' = 'succeeded') AND left(evidence->>'p_at', 10) = %(day)s
              THEN coalesce(platform, 0) ELSE 0 END AS ours,
         CASE WHEN coalesce(evidence->>'c_day', left(evidence->>'c_at', 10)) = %(day)s THEN coalesce(channel_amount, 0)
              WHEN evidence->>'other_day' = %(day)s THEN coalesce((evidence->>'other_amount')::bigint, 0) ELSE 0 END AS theirs
  FROM billing_reconcase WHERE channel = %(channel)s AND day BETWEEN %(day)s::date - 2 AND %(day)s::date + 2) c
WHERE day = %(day)s::date OR sign <> 0 AND (ours <> 0 OR theirs <> 0)
GROUP BY difference
"""


def _bridge(channel: str, day: date) -> list[tuple[str, str, int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_BRIDGE, {"channel": channel, "day": f"{day}"})
        found = {name: numbers for name, *numbers in cursor.fetchall()}
    return [(kind.value, str(kind.label), *found[kind.value]) for kind in Difference if kind.value in found]
