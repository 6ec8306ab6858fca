"""The ten classes of PAY-04: a row of sides side by side has exactly one, or none when all agree."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hospital.kit import clock


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


def classify(row: dict[str, Any], facts: Day) -> Found | None:
    """The one class of a row, or None when the three sides agree (PAY-04)."""
    return _classify_pay(row, facts) if row["kind"] == "pay" else _classify_refund(row, facts)


def _near_midnight(at: datetime, facts: Day) -> bool:
    start, end = clock.day_bounds(facts.day)
    return at < start + facts.midnight or at >= end - facts.midnight


def _not_in_bill(row: dict[str, Any], facts: Day, otherwise: Found) -> Found | None:
    """Ours only: in the bill of a day beside it, perhaps in tomorrow's, or surely missing."""
    if row["other_day"] is not None:
        return Found("D6", "in-bill-of-other-day", closed=True)
    if clock.business_day(row["p_at"]) != facts.day:
        return None  # an unfinished case of another day was looked at; that day's own comparison decides
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
        return Found("D9", "own-part") if row["p_own_cash"] is not None else Found("D4", "amount")
    if row["c_status"] != "SUCCESS":
        return Found("D5", f"bill-says-{row['c_status']}"[:60])
    if row["c_transaction"] != row["p_transaction"]:
        return Found("D5", "other-transaction")
    if facts.merchant and row["c_merchant"] != facts.merchant:
        return Found("D5", "other-merchant")
    if reason := _split_off(row):
        return Found("D9", reason)
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


def _split_off(row: dict[str, Any]) -> str:
    """How the insurer's parts differ from ours, the sums being equal (PAY-12); empty when they don't."""
    if row["c_fund"] is None:
        return ""
    if row["p_fund"] is None:
        return "split-unknown-here"
    for part in ("fund", "personal", "own_cash"):
        if row[f"c_{part}"] != row[f"p_{part}"]:
            return f"split-{part.replace('_', '-')}"
    return ""


def _fee_off(row: dict[str, Any], facts: Day) -> bool:
    """More than one fen away from the commission that was agreed; 1 fen x 1 basis point = 0.1 e5."""
    return bool(abs(row["c_fee"] * 10 - row["c_amount"] * facts.fee_bp) > 10_000)


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
