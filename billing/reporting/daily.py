"""The daily report (PAY-08): by channel, campus, scene and operator, tied to the ledger and to the bank."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound

from ..models import BankCredit, Channel, Difference, ReconCase, ReconRun, Scene
from ..services.credit import fee_fen
from ..services.ledger import channel_account, insurer_account, moved_by_payers
from ..services.recon_sql import HALF, HALVES
from ..states import CaseStatus
from .sheets import Cell, yuan
from .worklist import unfinished_by_age

# Money by the moment at which the books took it, each payment of each half looked at once. What it settled is told by its
# scene; the rest of it is owed back, and stands beside the first thing that it settled (`nth`), or alone.
_ROWS = f"""
WITH fee AS (
  SELECT f.channel, l.order_no, sum(l.fee_e5)::bigint AS fee_e5 FROM billing_billline l
  JOIN (SELECT DISTINCT ON (channel) id, channel FROM billing_billfile WHERE day = %(day)s AND kind = 'trade'
        ORDER BY channel, received_at DESC, id DESC) f ON f.id = l.file_id GROUP BY 1, 2),
paid AS (
  SELECT p.channel, p.amount AS whole, p.rest, p.fund + p.other AS fund, p.personal, o.number, o.staff_id, c.campus_id, c.scene,
         s.amount AS settled, coalesce(sum(s.amount) OVER whole_payment, p.rest)::bigint AS settled_in_all,
         row_number() OVER whole_payment AS nth
  FROM {HALVES} p JOIN billing_payorder o ON o.id = p.order_id
  LEFT JOIN billing_settlement s ON s.payment_id = p.payment_id LEFT JOIN billing_charge c ON c.id = s.charge_id
  WHERE p.recorded_at >= %(start)s AND p.recorded_at < %(end)s AND p.amount > 0
  WINDOW whole_payment AS (PARTITION BY p.payment_id, p.channel)),
taken AS (
  SELECT p.channel, a.campus_id, a.scene, p.staff_id, a.amount, coalesce(f.fee_e5, 0) * a.amount / p.whole AS fee_e5,
         coalesce(p.fund, 0) * a.amount / p.whole AS fund, coalesce(p.personal, 0) * a.amount / p.whole AS personal
  FROM paid p LEFT JOIN fee f ON f.channel = p.channel AND f.order_no = p.number
  CROSS JOIN LATERAL (VALUES (p.campus_id, p.scene, p.settled - p.rest),
    (NULL, '', CASE WHEN p.nth = 1 THEN nullif(greatest(p.whole + p.rest - p.settled_in_all, 0), 0) END)) a(campus_id, scene, amount)
  WHERE a.amount IS NOT NULL),
back AS (
  SELECT h.channel, c.campus_id, CASE WHEN r.settlement_id IS NULL THEN '' ELSE c.scene END AS scene, o.staff_id,
         r.amount - h.rest AS amount FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id {HALF}
  JOIN billing_payorder o ON o.id = p.order_id
  LEFT JOIN billing_charge c ON c.id = r.charge_id AND r.settlement_id IS NOT NULL
  WHERE r.status = 'succeeded' AND r.recorded_at >= %(start)s AND r.recorded_at < %(end)s AND h.channel <> ''),
moved AS (
  SELECT channel, campus_id, scene, staff_id, sum(times) AS times, sum(gross)::bigint AS gross, sum(refund)::bigint AS refund,
         sum(fee_e5)::bigint AS fee_e5, sum(fund)::bigint AS fund, sum(personal)::bigint AS personal
  FROM (SELECT channel, campus_id, scene, staff_id, 1 AS times, amount AS gross, 0 AS refund, fee_e5, fund, personal FROM taken
        UNION ALL SELECT channel, campus_id, scene, staff_id, 0, 0, amount, 0, 0, 0 FROM back) one GROUP BY 1, 2, 3, 4)
SELECT channel, campus.name, scene, staff.name, times, gross, refund, fee_e5, fund, personal FROM moved
LEFT JOIN organisation_campus campus ON campus.id = campus_id LEFT JOIN organisation_staff staff ON staff.id = staff_id
ORDER BY 1, 2 NULLS LAST, 3, 4 NULLS LAST
"""  # noqa: S608 - all parts are constants of this house


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report; amounts in fen. `scene` is empty for money that settled nothing and is owed back."""

    channel: str
    campus: str
    scene: str
    operator: str
    count: int
    gross: int
    refund: int
    fee: int
    fund: int
    personal: int

    @property
    def net(self) -> int:
        return self.gross - self.refund

    @property
    def cash(self) -> int:
        """The patient's own money in it."""
        return self.gross - self.fund - self.personal


@dataclass(frozen=True, slots=True)
class Tie:
    """Three figures of one channel that must be one: the report's net, the ledger's movement; and the bank's credit
    beside what the channel owes after its fee (None: not known yet)."""

    channel: str
    label: str
    report: int
    ledger: int
    owed: int | None
    bank: int | None

    @property
    def in_books(self) -> bool:
        return self.report == self.ledger

    @property
    def at_bank(self) -> bool:
        return self.owed is not None and self.owed == self.bank


@dataclass(frozen=True, slots=True)
class Daily:
    day: date
    rows: list[Row]
    total: Row
    ties: list[Tie]
    classes: list[tuple[str, int, int]] = field(default_factory=list)  # class, how many, how many unfinished
    aged: list[tuple[str, str, int]] = field(default_factory=list)  # code of the age, its words, how many cases


def daily_report(actor: Actor, day: date, *, at: datetime) -> Daily:
    """The report of a day. Raises NotFound for anybody but the finance office."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    start, end = clock.day_bounds(day)
    with transaction.atomic(), connection.cursor() as cursor:
        # For this transaction: a large day is sorted in memory, and compiling the query costs more than it brings.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        cursor.execute(_ROWS, {"start": start, "end": end, "day": day})
        rows = [_row(found) for found in cursor.fetchall()]
    total = Row(
        "",
        "",
        "",
        "",
        *(sum(getattr(row, name) for row in rows) for name in ("count", "gross", "refund", "fee", "fund", "personal")),
    )
    found = ReconCase.objects.filter(day=day).values_list("difference").order_by("difference")
    classes = [
        (f"{name} {Difference(name).label}", many, left)
        for name, many, left in sorted(
            found.annotate(n=Count("pk"), open=Count("pk", filter=~Q(status=CaseStatus.DONE))),
            key=lambda one: int(one[0][1:]),  # D10 after D9
        )
    ]
    return Daily(day, rows, total, _ties(day, rows), classes, unfinished_by_age(clock.business_day(at)))


def _row(found: tuple[Any, ...]) -> Row:
    channel, campus, scene, operator, count, gross, refund, fee_e5, fund, personal = found
    return Row(
        str(Channel(channel).label), campus or "—", str(Scene(scene).label) if scene else str(_("owed back")),
        operator or str(_("the payer")), int(count), gross, refund, fee_fen(fee_e5), fund, personal,
    )  # fmt: skip


def _ties(day: date, rows: list[Row]) -> list[Tie]:
    ledger = moved_by_payers(day)
    runs = {run.channel: run for run in ReconRun.objects.filter(day=day).order_by("ran_at", "pk")}
    bank = dict(
        BankCredit.objects.filter(day=day).values_list("channel").annotate(fen=Sum("amount")).order_by("channel")
    )
    ties = []
    for channel in Channel:
        report = sum(row.net for row in rows if row.channel == str(channel.label))
        booked, run = _booked(ledger, channel), runs.get(channel.value)
        if report or booked or run or channel.value in bank:
            owed = run.totals["channel_net"] - fee_fen(run.totals["fee_e5"]) if run and run.file_id else None
            ties.append(Tie(channel.value, str(channel.label), report, booked, owed, bank.get(channel.value)))
    return ties


def _booked(ledger: dict[str, int], channel: Channel) -> int:
    """What the books took in by a channel; the insurers' has an account for each of them."""
    if channel != Channel.INSURANCE:
        return ledger.get(channel_account(channel.value), 0)
    return sum(fen for code, fen in ledger.items() if code.startswith(insurer_account("")))


def as_table(report: Daily) -> list[list[Cell]]:
    """The report for a spreadsheet, in yuan."""
    head: list[Cell] = [
        _("Channel"), _("Campus"), _("Scene"), _("Operator"), _("Count"), _("Gross"), _("Refunded"), _("Net"), _("Commission"),
        _("Insurer's fund"), _("Personal account"), _("Own money"),
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [row.channel, row.campus, row.scene, row.operator, row.count, yuan(row.gross), yuan(row.refund), yuan(row.net),
         yuan(row.fee), yuan(row.fund), yuan(row.personal), yuan(row.cash)]
        for row in [*report.rows, report.total]
    ]  # fmt: skip
    lines[-1][0] = _("Total")
    ties: list[list[Cell]] = [[_("Channel"), _("Report"), _("Ledger"), _("Owed after the fee"), _("Bank")]]
    ties += [[tie.label, yuan(tie.report), yuan(tie.ledger), yuan(tie.owed), yuan(tie.bank)] for tie in report.ties]
    return [[f"{report.day}"], head, *lines, [], *ties]
