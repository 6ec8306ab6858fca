"""The day on one channel as one page shows it: three sides and the bank, and every fen between them by its class."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound

from ..models import BankCredit, BillFetch, BillFile, DayClose, Difference, ReconCase, ReconRun
from ..services.closing import day_hindrance
from ..services.credit import fee_fen
from ..states import CaseStatus


@dataclass(frozen=True, slots=True)
class Balance:
    run: ReconRun | None
    file: BillFile | None
    fetch: BillFetch | None
    close: DayClose | None
    sides: list[tuple[str, int, int, int, int]]  # title, paid, refunded, net, movements
    equal: bool
    groups: list[tuple[str, str, list[ReconCase]]]  # class, its words, its cases
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
    def unexplained(self) -> int:
        return self.channel_net - self.platform_net - sum(fen for *_words, fen in self.bridge)


def day_balance(actor: Actor, day: date, channel: str, *, at: datetime) -> Balance:
    """Hospital, platform, channel and bank of one day, with its differences by class (PAY-08)."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    runs = ReconRun.objects.filter(channel=channel, day=day).select_related("file").defer("file__raw")
    run = runs.order_by("-ran_at", "-pk").first()
    rows = list(ReconCase.objects.filter(channel=channel, day=day).select_related("owner").order_by("difference", "pk"))
    totals = run.totals if run else {}
    sides = [
        (title, totals.get(f"{side}_paid", 0), totals.get(f"{side}_refunded", 0), totals.get(f"{side}_net", 0),
         totals.get(f"{side}_count", 0))
        for side, title in [("hospital", str(_("Hospital (settled)"))), ("platform", str(_("Platform (received)"))),
                            ("channel", str(_("Channel (its bill)")))]
    ]  # fmt: skip
    # The page shows the first hundred of a class: what is done makes room for what isn't.
    rows.sort(key=lambda case: case.status == CaseStatus.DONE)
    groups = [
        (kind.value, str(kind.label), mine)
        for kind in Difference
        if (mine := [case for case in rows if case.difference == kind.value])
    ]
    fee = fee_fen(totals.get("fee_e5", 0))
    credits_ = list(BankCredit.objects.filter(channel=channel, day=day).order_by("credited_on", "pk"))
    return Balance(
        run=run, file=run.file if run else None, fetch=BillFetch.objects.filter(channel=channel, day=day).first(),
        close=DayClose.objects.filter(day=day, reopened_at=None).first(), sides=sides, equal=len({side[1:] for side in sides}) == 1,
        groups=groups, open_count=sum(case.status == CaseStatus.OPEN for case in rows), hindrance=day_hindrance(day, at=at),
        bridge=_bridge(channel, day), platform_net=totals.get("platform_net", 0), channel_net=totals.get("channel_net", 0), fee=fee,
        owed=totals["channel_net"] - fee if run and run.file_id else None, credits=credits_,
        credited=sum(credit.amount for credit in credits_),
    )  # fmt: skip


def _bridge(channel: str, day: date) -> list[tuple[str, str, int, int, int]]:
    """What each class adds to our net to make the channel's. Of a side only what it counts on this very day."""
    moved: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    # A movement that was carried over midnight has its case on the day before, and its line in this day's bill.
    beside = ReconCase.objects.filter(
        channel=channel, day__gte=day - timedelta(days=2), day__lte=day + timedelta(days=2)
    )
    for case in beside.order_by("pk"):
        seen = case.evidence
        counted = case.key.startswith("pay:") or seen.get("p_status") == "succeeded"
        ours = (case.platform or 0) if counted and str(seen.get("p_at", ""))[:10] == f"{day}" else 0
        theirs = (case.channel_amount or 0) if str(seen.get("c_at", ""))[:10] == f"{day}" else 0
        if case.day != day and not (ours or theirs):
            continue
        sign = 1 if case.key.startswith("pay:") else -1 if case.key.startswith("refund:") else 0
        if case.day != day and not sign:
            continue
        sums = moved[case.difference]
        sums[0] += 1
        sums[1] += case.status != CaseStatus.DONE
        sums[2] += sign * (theirs - ours)
    words = dict(Difference.choices)
    order = [kind.value for kind in Difference]
    return [
        (name, str(words[name]), many, left, fen)
        for name in order
        if name in moved
        for many, left, fen in [moved[name]]
    ]
