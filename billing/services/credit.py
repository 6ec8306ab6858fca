"""D10: does the money that a channel owes after its fee really arrive, in its own account flow and at the bank?"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, Problem
from hospital.kit.transactions import entry, within

from ..models import BankCredit, BillFile, Channel, Entry, ReconCase
from ..parameters import CREDIT_DAYS
from . import recon_sql
from .classes import Found
from .ledger import BANK, channel_account, fee_account, insurer_account, journal_post, moved_by_payers


class CreditKnown(Problem):
    code = "PAY-08-credit-known"
    title = _("This credit of the bank is recorded already")
    next_step = _("Each reference of the bank counts once. A wrong one is taken back by a negative amount.")


class CreditZero(Problem):
    code = "PAY-08-credit-zero"
    status = 422
    title = _("A credit needs an amount and the bank's reference")
    next_step = _("Copy both from the bank's statement.")


# What the flow says of each movement of the bill: gross and fee are lines of their own there. Only movements that have no
# other difference today are asked about, so that each keeps one class.
_FLOW = """
WITH line AS (
  SELECT CASE WHEN kind = 'refund' AND channel_refund_id <> '' AND %(channel)s <> 'alipay' THEN channel_refund_id
              ELSE transaction_id END AS business_no,
         min(order_no) AS order_no, sum(CASE kind WHEN 'pay' THEN amount ELSE -amount END)::bigint AS gross,
         sum(fee_e5)::bigint AS fee_e5
  FROM billing_billline WHERE file_id = %(file)s GROUP BY 1),
flow AS (
  SELECT business_no, min(order_no) AS order_no, sum(amount)::bigint AS amount FROM billing_fundline
  WHERE file_id = %(flow)s AND business NOT LIKE '%%提现%%' GROUP BY 1)
SELECT coalesce(l.business_no, f.business_no), coalesce(l.order_no, f.order_no), l.gross - round(l.fee_e5 / 1000.0)::bigint, f.amount
FROM line l FULL JOIN flow f USING (business_no)
WHERE l.gross - round(l.fee_e5 / 1000.0)::bigint IS DISTINCT FROM f.amount
ORDER BY 1
"""


def differences(
    channel: str, day: date, file: BillFile, totals: dict[str, int], *, at: datetime
) -> Iterator[tuple[dict[str, Any], Found]]:
    """What the account flow and the bank credited otherwise than the bill promises (PAY-04 D10)."""
    flow = BillFile.objects.filter(channel=channel, day=day, kind=BillFile.Kind.FUND).order_by("-received_at", "-pk")
    flow_id = flow.values_list("pk", flat=True).first()
    if flow_id is not None:
        yield from _flow_differences(channel, day, file.pk, flow_id)
    expected = totals["channel_net"] - fee_fen(totals["fee_e5"])
    credits_ = BankCredit.objects.filter(channel=channel, day=day).aggregate(fen=Sum("amount"))["fen"]
    if credits_ is None:
        # Only where somebody records what the bank credits: a hospital that doesn't is told by no false alarm every day.
        used = BankCredit.objects.filter(channel=channel, day__lt=day).exists()
        if used and expected and clock.business_day(at) > day + timedelta(days=CREDIT_DAYS.at(at)):
            yield _row("credit", f"{day}", expected, None), Found("D10", "credit-missing")
    elif credits_ != expected:
        yield _row("credit", f"{day}", expected, credits_), Found("D10", "credit")


def _flow_differences(channel: str, day: date, file_id: int, flow_id: int) -> Iterator[tuple[dict[str, Any], Found]]:
    known = ReconCase.objects.filter(channel=channel, day=day, key__startswith="pay:").exclude(difference="D10")
    spoken_of = set(known.values_list("evidence__c_transaction", flat=True))
    with connection.chunked_cursor() as cursor:
        cursor.execute(_FLOW, {"channel": channel, "file": file_id, "flow": flow_id})
        for business_no, order_no, promised, moved in cursor:
            if business_no in spoken_of:
                continue
            reason = "not-in-flow" if moved is None else "flow-only" if promised is None else "flow-amount"
            yield _row("flow", business_no, promised, moved, order_no=order_no or ""), Found("D10", reason)


def _row(kind: str, number: str, promised: int | None, moved: int | None, order_no: str = "") -> dict[str, Any]:
    """As the comparison lays sides side by side: what the bill promises is ours, what really moved is theirs."""
    row: dict[str, Any] = dict.fromkeys(recon_sql.NAMES)
    return row | {
        "kind": kind, "order_no": number, "refund_no": "", "p_amount": promised, "c_amount": moved, "h_amount": None,
        "c_transaction": number if kind == "flow" else None, "p_transaction": order_no or None,
    }  # fmt: skip


def fee_fen(fee_e5: int) -> int:
    """Hundred-thousandths of a yuan in whole fen, halves away from zero, as channels round a day's commission."""
    return (abs(fee_e5) + 500) // 1000 * (1 if fee_e5 >= 0 else -1)


@within
def fee_book(channel: str, day: date, fee_e5: int, *, at: datetime) -> None:
    """Book what the channel keeps for its service on a day: once, and after a corrected bill only the rest."""
    key = f"fee:{channel}:{day}"
    booked = Entry.objects.filter(journal__key__startswith=key, account__code=fee_account(channel))
    fen = fee_fen(fee_e5) - (booked.aggregate(fen=Sum("amount"))["fen"] or 0)
    if fen:
        number = booked.count()
        journal_post(
            key=f"{key}:{number}",
            at=at,
            amounts={fee_account(channel): fen, channel_account(channel): -fen},
            about_day=day,
        )


def _insurers(day: date) -> dict[str, int]:
    """What each insurer owes for a day: its halves of what was paid, less those that went back."""
    return {code: fen for code, fen in moved_by_payers(day).items() if code.startswith(insurer_account(""))}


@entry
def bank_credit_record(
    *, actor: Actor, channel: str, day: date, amount: int, reference: str, credited_on: date, at: datetime
) -> BankCredit:
    """What the bank says arrived for a day, by its reference. Books it out of the channel's account (PAY-08)."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    if not amount or not reference.strip():
        raise CreditZero
    if BankCredit.objects.filter(channel=channel, reference=reference.strip()).exists():
        raise CreditKnown
    credit = BankCredit.objects.create(
        channel=channel, day=day, amount=amount, reference=reference.strip()[:64], credited_on=credited_on, recorded_at=at,
        recorded_by_account_id=actor.account_id,
    )  # fmt: skip
    owed = _insurers(day) if channel == Channel.INSURANCE else {}
    # What is exactly the day's is taken from each insurer's own account; anything else waits on the channel's.
    parts = owed if sum(owed.values()) == amount else {channel_account(channel): amount}
    journal_post(
        key=f"bank:{credit.pk}",
        at=at,
        amounts={BANK: amount, **{account: -fen for account, fen in parts.items()}},
        about_day=day,
    )
    audit.record(actor, "bank_credit.record", at=at, subject=credit)
    return credit
