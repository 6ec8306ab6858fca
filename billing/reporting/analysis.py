"""Finance analysis (B7): what was earned and given back, by channel, department, item or doctor.

A doctor's figures never say which drugs, and drugs never say which doctor: such a table is not made here (IH-15).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, Problem
from hospital.organisation.models import Staff

from .. import kinds
from ..models import Channel, ChargeLine, Refund, RefundLine, Settlement
from ..states import RefundStatus
from .sheets import Cell, yuan

WAYS = {
    "channel": gettext_lazy("by channel"), "department": gettext_lazy("by department"), "item": gettext_lazy("by item"),
    "doctor": gettext_lazy("by doctor"),
}  # fmt: skip
SHOWN = 30  # bars and lines of a page; the file has all
LONGEST = 366  # days of one analysis


class PeriodTooLong(Problem):
    code = "B7-period"
    status = 422
    title = gettext_lazy("The period is wrong or longer than a year")
    next_step = gettext_lazy("Choose a first and a last day within a year.")


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    count: int
    gross: int
    refund: int

    @property
    def net(self) -> int:
        return self.gross - self.refund


@dataclass(frozen=True, slots=True)
class Analysis:
    way: str
    first: date
    last: date
    lines: list[Line]  # the largest first

    @property
    def total(self) -> Line:
        return Line("", *(sum(getattr(line, name) for line in self.lines) for name in ("count", "gross", "refund")))


def analysis(actor: Actor, way: str, first: date, last: date, *, at: datetime) -> Analysis:
    """What was settled and refunded from one day to another, grouped one way. Leaves an audit line (SEC-12)."""
    if not actor.is_any(Role.FINANCE) or way not in WAYS:
        raise NotFound
    if last < first or (last - first).days >= LONGEST:
        raise PeriodTooLong
    span = (clock.day_bounds(first)[0], clock.day_bounds(last)[1])
    settled = Settlement.objects.filter(settled_at__gte=span[0], settled_at__lt=span[1])
    back = Refund.objects.filter(
        status=RefundStatus.SUCCEEDED, settlement__isnull=False, recorded_at__gte=span[0], recorded_at__lt=span[1]
    )
    lines = {"channel": _by_channel, "department": _by_department, "item": _by_item, "doctor": _by_doctor}[way](
        settled, back
    )
    with transaction.atomic():
        audit.record(actor, "finance.analysis", at=at, reason=f"{way} {first} {last}")
    return Analysis(way, first, last, sorted(lines, key=lambda line: (-line.net, line.label)))


def _joined(gross: dict[str, tuple[int, int]], refunds: dict[str, int]) -> list[Line]:
    return [Line(label, *gross.get(label, (0, 0)), refunds.get(label, 0)) for label in gross | refunds]


def _grouped(
    settled: QuerySet[Settlement], back: QuerySet[Refund], paid_by: str, back_by: str, name: dict[Any, str]
) -> list[Line]:
    gross = {name.get(key, str(key or "—")): (count, fen) for key, count, fen in
             settled.values_list(paid_by).annotate(n=Count("pk"), fen=Sum("amount")).order_by(paid_by)}  # fmt: skip
    refunds = {name.get(key, str(key or "—")): fen for key, fen in
               back.values_list(back_by).annotate(fen=Sum("amount")).order_by(back_by)}  # fmt: skip
    return _joined(gross, refunds)


def _by_channel(settled: QuerySet[Settlement], back: QuerySet[Refund]) -> list[Line]:
    names = {channel.value: str(channel.label) for channel in Channel}
    return _grouped(settled, back, "payment__channel", "payment__channel", names)


def _by_department(settled: QuerySet[Settlement], back: QuerySet[Refund]) -> list[Line]:
    without = {None: str(_("without a department"))}
    return _grouped(settled, back, "charge__department__name", "charge__department__name", without)


def _by_item(settled: QuerySet[Settlement], back: QuerySet[Refund]) -> list[Line]:
    sold = ChargeLine.objects.filter(charge__settlement__in=settled).values_list("code", "name")
    gross: dict[str, tuple[int, int]] = {
        f"{name} {code}": (many, fen)
        for code, name, many, fen in sold.annotate(n=Sum("quantity"), fen=Sum("amount")).order_by("code")
    }
    returned = RefundLine.objects.filter(refund__in=back).values_list("line__code", "line__name")
    refunds = {f"{name} {code}": fen for code, name, fen in returned.annotate(fen=Sum("amount")).order_by("line__code")}
    return _joined(gross, refunds)


def _by_doctor(settled: QuerySet[Settlement], back: QuerySet[Refund]) -> list[Line]:
    """The apps above know who asked for what they charged (ChargeKind.doctors); what nobody asked for has no doctor."""
    paid = list(settled.values_list("charge__kind", "charge__subject_id", "amount"))
    returned = list(back.values_list("charge__kind", "charge__subject_id", "amount"))
    subjects: dict[str, set[int]] = defaultdict(set)
    for kind, subject_id, _fen in [*paid, *returned]:
        subjects[kind].add(subject_id)
    known = kinds.registered()
    doctor_of = {kind: known[kind].doctors(sorted(ids)) if kind in known else {} for kind, ids in subjects.items()}
    staff = {
        row.pk: f"{row.name} #{row.pk}"
        for row in Staff.objects.filter(pk__in={one for rows in doctor_of.values() for one in rows.values()})
    }
    nobody = str(_("without a doctor"))
    gross: dict[str, tuple[int, int]] = {}
    refunds: dict[str, int] = {}
    for kind, subject_id, fen in paid:
        label = staff.get(doctor_of[kind].get(subject_id, 0), nobody)
        count, sum_ = gross.get(label, (0, 0))
        gross[label] = (count + 1, sum_ + fen)
    for kind, subject_id, fen in returned:
        label = staff.get(doctor_of[kind].get(subject_id, 0), nobody)
        refunds[label] = refunds.get(label, 0) + fen
    return _joined(gross, refunds)


def by_day(actor: Actor, first: date, last: date) -> list[tuple[date, int]]:
    """What was settled each day, less what went back, for the curve."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound

    start, end = clock.day_bounds(first)[0], clock.day_bounds(last)[1]
    net: dict[date, int] = defaultdict(int)
    settled = Settlement.objects.filter(settled_at__gte=start, settled_at__lt=end)
    for day, fen in (
        settled.annotate(day=TruncDate("settled_at", tzinfo=clock.SHANGHAI))
        .values_list("day")
        .annotate(fen=Sum("amount"))
    ):
        net[day] += fen
    back = Refund.objects.filter(
        status=RefundStatus.SUCCEEDED, settlement__isnull=False, recorded_at__gte=start, recorded_at__lt=end
    )
    for day, fen in (
        back.annotate(day=TruncDate("recorded_at", tzinfo=clock.SHANGHAI))
        .values_list("day")
        .annotate(fen=Sum("amount"))
    ):
        net[day] -= fen
    return sorted(net.items())


def as_table(found: Analysis) -> list[list[Cell]]:
    head: list[Cell] = [str(WAYS[found.way]), _("Count"), _("Gross"), _("Refunded"), _("Net")]
    lines: list[list[Cell]] = [
        [line.label, line.count, yuan(line.gross), yuan(line.refund), yuan(line.net)] for line in found.lines
    ]
    total = found.total
    return [[f"{found.first} – {found.last}"], head, *lines,
            [_("Total"), total.count, yuan(total.gross), yuan(total.refund), yuan(total.net)]]  # fmt: skip
