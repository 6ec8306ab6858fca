"""Hospital = platform = channel: one day on one channel compared, every difference named once (PAY-03..PAY-07, G08)."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry

from ..models import BillFile, Channel, ReconCase, ReconRun
from ..parameters import MIDNIGHT_MINUTES, WECHAT_FEE_BP
from ..states import CASE, CaseStatus

# One row per key (kind, our order number, our refund number) that the channel's bill, our payments and refunds, or the
# hospital's settlements know of on this day. The key is looked up in the bills next to it for what crossed midnight.
_JOIN = """
WITH span AS (SELECT %(start)s::timestamptz AS starts, %(end)s::timestamptz AS ends),
c_all AS (
  SELECT l.*, f.day AS bill_day, l.file_id = %(file)s AS is_today FROM billing_billline l
  JOIN (SELECT DISTINCT ON (day) id, day FROM billing_billfile
        WHERE channel = %(channel)s AND day BETWEEN %(day)s::date - 2 AND %(day)s::date + 2
          AND (day <> %(day)s::date OR id = %(file)s)
        ORDER BY day, received_at DESC, id DESC) f ON f.id = l.file_id),
c AS (
  SELECT kind, order_no, refund_no, count(*) AS times, sum(amount)::bigint AS amount, min(transaction_id) AS transaction_id,
         string_agg(DISTINCT status, ',' ORDER BY status) AS status, string_agg(DISTINCT currency, ',') AS currency,
         string_agg(DISTINCT merchant, ',') AS merchant, sum(fee_e5)::bigint AS fee_e5, min(at) AS at,
         array_agg(line_no ORDER BY line_no) AS lines, count(DISTINCT transaction_id) AS transactions
  FROM c_all WHERE is_today GROUP BY kind, order_no, refund_no),
c_other AS (
  SELECT kind, order_no, refund_no, min(bill_day) AS bill_day FROM c_all WHERE NOT is_today
  GROUP BY kind, order_no, refund_no),
settled AS (
  SELECT payment_id, sum(amount)::bigint AS amount, min(settled_at) AS at FROM billing_settlement GROUP BY payment_id),
p_raw AS (
  SELECT 'pay' AS kind, o.number AS order_no, '' AS refund_no, p.id, p.transaction_id, p.amount, p.success_at AS at,
         'SUCCESS' AS status, s.amount AS h_amount, s.at AS h_at, o.amount AS ordered, true AS earned
  FROM billing_payment p JOIN billing_payorder o ON o.id = p.order_id LEFT JOIN settled s ON s.payment_id = p.id
  WHERE p.channel = %(channel)s AND ((p.success_at >= (SELECT starts FROM span) AND p.success_at < (SELECT ends FROM span))
    OR o.number IN (SELECT order_no FROM c WHERE kind = 'pay'))
  UNION ALL
  SELECT 'refund', o.number, r.number, r.id, p.transaction_id, r.amount,
         coalesce(r.success_at, r.approved_at, r.requested_at), r.status,
         CASE WHEN r.status = 'succeeded' THEN r.amount END, r.recorded_at, r.amount, r.settlement_id IS NOT NULL
  FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id JOIN billing_payorder o ON o.id = p.order_id
  WHERE p.channel = %(channel)s AND (
    (r.status = 'succeeded' AND r.success_at >= (SELECT starts FROM span) AND r.success_at < (SELECT ends FROM span))
    OR (r.status IN ('processing', 'unknown', 'failed')
        AND r.approved_at >= (SELECT starts FROM span) AND r.approved_at < (SELECT ends FROM span))
    OR r.number IN (SELECT refund_no FROM c WHERE kind = 'refund'))),
p AS (
  SELECT kind, order_no, refund_no, count(*) AS times, sum(amount)::bigint AS amount, min(id) AS id,
         min(transaction_id) AS transaction_id, min(at) AS at, max(status) AS status, sum(h_amount)::bigint AS h_amount,
         min(h_at) AS h_at, min(ordered) AS ordered, bool_and(earned) AS earned
  FROM p_raw GROUP BY kind, order_no, refund_no)
SELECT coalesce(c.kind, p.kind), coalesce(c.order_no, p.order_no), coalesce(c.refund_no, p.refund_no),
       c.times, c.amount, c.transaction_id, c.status, c.currency, c.merchant, c.fee_e5, c.at, c.lines, c.transactions,
       p.times, p.amount, p.transaction_id, p.status, p.at, p.id, p.h_amount, p.h_at, p.ordered, p.earned, x.bill_day,
       -- Asked of the few rows that need it, not of all.
       p.kind IS NULL AND EXISTS (SELECT 1 FROM billing_payorder po WHERE po.number = c.order_no) AS known,
       p.kind = 'pay' AND p.h_amount IS NULL AND EXISTS (SELECT 1 FROM billing_settlement s JOIN billing_payordercharge pc ON pc.charge_id = s.charge_id
               JOIN billing_payorder po ON po.id = pc.order_id
               WHERE po.number = p.order_no AND s.payment_id <> p.id) AS settled_elsewhere
FROM c FULL JOIN p ON p.kind = c.kind AND p.order_no = c.order_no AND p.refund_no = c.refund_no
LEFT JOIN c_other x ON x.kind = coalesce(c.kind, p.kind) AND x.order_no = coalesce(c.order_no, p.order_no)
  AND x.refund_no = coalesce(c.refund_no, p.refund_no)
ORDER BY 1, 2, 3
"""

_NAMES = [
    "kind", "order_no", "refund_no", "c_times", "c_amount", "c_transaction", "c_status", "c_currency", "c_merchant",
    "c_fee", "c_at", "c_lines", "c_transactions", "p_times", "p_amount", "p_transaction", "p_status", "p_at", "p_id",
    "h_amount", "h_at", "ordered", "earned", "other_day", "known", "settled_elsewhere",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One difference, before it becomes a case. `closed`: it explains itself and needs nobody."""

    difference: str
    reason: str
    closed: bool = False
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """What classifying needs to know besides the row."""

    day: date
    next_bill_known: bool
    midnight: timedelta
    fee_bp: int
    merchant: str
    has_file: bool


@entry
def recon_run(*, actor: Actor, channel: str, day: date, at: datetime, file_id: int | None = None) -> ReconRun:
    """Compare one day; without `file_id` with the bill received last. The same data give the same digest."""
    files = BillFile.objects.filter(channel=channel).order_by("-received_at", "-pk").only("pk", "day")
    file = files.get(pk=file_id) if file_id else files.filter(day=day).first()
    facts = Day(
        day=day, midnight=timedelta(minutes=MIDNIGHT_MINUTES.at(at)), fee_bp=WECHAT_FEE_BP.at(at),
        merchant=settings.WECHATPAY_MCHID if channel == Channel.WECHAT else "", has_file=file is not None,
        next_bill_known=files.filter(day=day + timedelta(days=1)).exists(),
    )  # fmt: skip
    rows = _joined(channel, day, file)
    matched, differences, said = 0, Counter[str](), []
    unfinished = {case.key: case for case in ReconCase.objects.filter(channel=channel).exclude(status=CaseStatus.DONE)}
    for row in rows:
        found = classify(row, facts)
        if found is None:
            matched += 1
            if (case := unfinished.get(_key(row))) is not None:
                CASE.move(
                    case, CaseStatus.DONE, actor=actor, at=at, reason="agrees now", result="agrees now", ended_at=at
                )
            continue
        differences[found.difference] += 1
        said.append([found.difference, found.reason, _key(row), row["c_amount"], row["p_amount"], row["h_amount"]])
        _case_store(row, found, channel=channel, day=day, actor=actor, at=at)
    totals = _totals(rows, day)
    digest = hashlib.sha256(json.dumps([str(day), channel, matched, said, totals], sort_keys=True).encode()).hexdigest()
    run = ReconRun.objects.create(
        channel=channel, day=day, file=file, ran_at=at, matched=matched, differences=dict(sorted(differences.items())),
        totals=totals, digest=digest,
    )  # fmt: skip
    audit.record(actor, "recon.run", at=at, subject=run)
    return run


def _joined(channel: str, day: date, file: BillFile | None) -> list[dict[str, Any]]:
    start, end = clock.day_bounds(day)
    values: dict[str, str | int | date | datetime] = {
        "channel": channel,
        "day": day,
        "start": start,
        "end": end,
        "file": file.pk if file else 0,
    }
    with connection.cursor() as cursor:
        cursor.execute(_JOIN, values)
        return [dict(zip(_NAMES, row, strict=True)) for row in cursor.fetchall()]


def classify(row: dict[str, Any], facts: Day) -> Found | None:
    """The one class of a row, or None when the three sides agree (PAY-04)."""
    return _classify_pay(row, facts) if row["kind"] == "pay" else _classify_refund(row, facts)


def _near_midnight(at: datetime, facts: Day) -> bool:
    start, end = clock.day_bounds(facts.day)
    return at < start + facts.midnight or at >= end - facts.midnight


def _not_in_bill(row: dict[str, Any], facts: Day, otherwise: Found) -> Found:
    """Ours only: in the bill of a day beside it, perhaps in tomorrow's, or surely missing."""
    if row["other_day"] is not None:
        return Found("D6", "in-bill-of-other-day", closed=True)
    if _near_midnight(row["p_at"], facts) and not facts.next_bill_known:
        return Found("D6", "in-transit", carried=True)
    return otherwise


def _classify_pay(row: dict[str, Any], facts: Day) -> Found | None:
    if row["c_times"] is None:
        return _not_in_bill(row, facts, Found("D2", "not-in-bill"))
    if row["c_transactions"] > 1 or (row["p_times"] or 0) > 1:
        return Found("D7", "paid-twice")
    if row["c_times"] > 1:
        return Found("D5", "listed-twice")
    if row["p_times"] is None:
        return Found("D1", "order-known-payment-unknown" if row["known"] else "unknown-order")
    if row["c_currency"] != "CNY":
        return Found("D4", "currency")
    if row["c_amount"] != row["p_amount"]:
        return Found("D4", "amount")
    if row["c_status"] != "SUCCESS":
        return Found("D5", f"bill-says-{row['c_status']}"[:60])
    if row["c_transaction"] != row["p_transaction"]:
        return Found("D5", "other-transaction")
    if facts.merchant and row["c_merchant"] != facts.merchant:
        return Found("D5", "other-merchant")
    if row["h_amount"] is None and row["settled_elsewhere"]:
        return Found("D7", "charge-was-settled-before")
    if row["h_amount"] != row["p_amount"]:
        return Found("D3", "not-settled" if row["h_amount"] is None else "settled-in-part")
    if clock.business_day(row["p_at"]) != facts.day:
        return Found("D6", "channel-day-differs", closed=True)
    if clock.business_day(row["h_at"]) != facts.day:
        return Found("D6", "settled-on-other-day", closed=True)
    if _fee_off(row, facts):
        return Found("D10", "fee")
    return None


def _fee_off(row: dict[str, Any], facts: Day) -> bool:
    """More than one fen away from the commission that was agreed; 1 fen x 1 basis point = 0.1 e5."""
    expected = row["c_amount"] * facts.fee_bp / 10
    return bool(abs(row["c_fee"] - expected) > 1000)


def _classify_refund(row: dict[str, Any], facts: Day) -> Found | None:
    if row["c_times"] is None:
        return _not_in_bill(row, facts, Found("D8", "refund-not-in-bill"))
    if row["c_times"] > 1:
        return Found("D8", "refund-listed-twice")
    if row["p_times"] is None:
        return Found("D8", "refund-unknown-here")
    if row["c_amount"] != row["p_amount"] or row["c_currency"] != "CNY":
        return Found("D8", "refund-amount")
    if row["c_status"] not in {"SUCCESS", "PROCESSING"}:
        return Found("D8", f"bill-says-{row['c_status']}"[:60])
    if row["p_status"] != "succeeded":
        return Found("D8", f"here-{row['p_status']}"[:60])
    if clock.business_day(row["p_at"]) != facts.day:
        return Found("D6", "channel-day-differs", closed=True)
    if row["earned"] and clock.business_day(row["h_at"]) != facts.day:
        return Found("D6", "settled-on-other-day", closed=True)
    return None


def _key(row: dict[str, Any]) -> str:
    return ":".join(part for part in (row["kind"], row["order_no"], row["refund_no"]) if part)


def _case_store(row: dict[str, Any], found: Found, *, channel: str, day: date, actor: Actor, at: datetime) -> None:
    """One case per key; work that was done on it stays, its class follows the data."""
    sides = {
        "difference": found.difference, "reason": found.reason, "hospital": row["h_amount"], "platform": row["p_amount"],
        "channel_amount": row["c_amount"], "evidence": _evidence(row),
    }  # fmt: skip
    case = ReconCase.objects.select_for_update(no_key=True).filter(channel=channel, key=_key(row)).first()
    if case is None:
        case = ReconCase.objects.create(channel=channel, key=_key(row), day=day, found_at=at, **sides)
        CASE.begin(case, actor=actor, at=at, reason=found.reason)
        _case_rest(case, found, actor=actor, at=at)
        return
    changed = (case.difference, case.reason) != (found.difference, found.reason)
    ReconCase.objects.filter(pk=case.pk).update(**sides)
    if not changed:
        return
    if case.status == CaseStatus.PROPOSED or case.status == CaseStatus.DONE or case.status == CaseStatus.CARRIED:
        CASE.move(
            case, CaseStatus.OPEN, actor=actor, at=at, reason=f"now {found.difference} {found.reason}", ended_at=None
        )
    _case_rest(case, found, actor=actor, at=at)


def _case_rest(case: ReconCase, found: Found, *, actor: Actor, at: datetime) -> None:
    if found.closed:
        CASE.move(case, CaseStatus.DONE, actor=actor, at=at, reason=found.reason, result="explains itself", ended_at=at)
    elif found.carried:
        CASE.move(case, CaseStatus.CARRIED, actor=actor, at=at, reason=found.reason)


def _evidence(row: dict[str, Any]) -> dict[str, Any]:
    """Both sides by their numbers; no personal data."""
    kept = [name for name in _NAMES if name not in {"known", "earned", "settled_elsewhere"} and row[name] is not None]
    return {name: _readable(row[name]) for name in kept}


def _readable(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.local(value).strftime("%Y-%m-%d %H:%M:%S")
    return value if isinstance(value, int | list | str) else str(value)


def _totals(rows: list[dict[str, Any]], day: date) -> dict[str, int]:
    """Gross, refunds and net of each side on this day, in fen."""
    totals = dict.fromkeys(
        [f"{side}_{what}" for side in ("hospital", "platform", "channel") for what in ("paid", "refunded", "count")], 0
    )

    def add(side: str, kind: str, amount: int | None, counts: bool) -> None:
        if counts and amount:
            totals[f"{side}_{'paid' if kind == 'pay' else 'refunded'}"] += amount
            totals[f"{side}_count"] += 1

    for row in rows:
        done = row["kind"] == "pay" or row["p_status"] == "succeeded"
        add("channel", row["kind"], row["c_amount"], row["c_times"] is not None)
        add(
            "platform",
            row["kind"],
            row["p_amount"],
            bool(row["p_at"]) and done and clock.business_day(row["p_at"]) == day,
        )
        earned = row["kind"] == "pay" or row["earned"]
        add(
            "hospital",
            row["kind"],
            row["h_amount"],
            bool(row["h_at"] and earned) and clock.business_day(row["h_at"]) == day,
        )
    for side in ("hospital", "platform", "channel"):
        totals[f"{side}_net"] = totals[f"{side}_paid"] - totals[f"{side}_refunded"]
    totals["fee_e5"] = sum(row["c_fee"] or 0 for row in rows)
    return totals
