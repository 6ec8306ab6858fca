"""Booking: every movement of money is one balanced journal (PAY-01)."""

from collections.abc import Mapping
from datetime import datetime

from hospital.kit import clock
from hospital.kit.transactions import within

from ..models import Entry, Journal, LedgerAccount

PATIENT_MONEY = "patient.money"  # taken, and not yet earned or not yet given back

_NAMES = {
    PATIENT_MONEY: ("病人款项", LedgerAccount.Side.LIABILITY),
    "channel.wechat": ("微信支付在途", LedgerAccount.Side.ASSET),
    "channel.cash": ("收费处现金", LedgerAccount.Side.ASSET),
    "bank": ("银行存款", LedgerAccount.Side.ASSET),
    "fee.wechat": ("微信支付手续费", LedgerAccount.Side.EXPENSE),
    "suspense": ("待查差错", LedgerAccount.Side.LIABILITY),
}


def channel_account(channel: str) -> str:
    return f"channel.{channel}"


def income_account(scene: str) -> str:
    return f"income.{scene}"


def account_of(code: str) -> LedgerAccount:
    """The account of a code, made when it is first booked on."""
    known = LedgerAccount.objects.filter(code=code).first()
    if known is not None:
        return known
    name, side = _NAMES.get(code, (code, LedgerAccount.Side.INCOME if code.startswith("income.") else None))
    if side is None:
        raise ValueError(f"no such ledger account: {code}")
    return LedgerAccount.objects.get_or_create(code=code, defaults={"name": name, "side": side})[0]


@within
def journal_post(
    *, key: str, at: datetime, amounts: Mapping[str, int], memo: str = "", reverses: Journal | None = None
) -> Journal:
    """Book `amounts` (account code -> fen, debit positive) as one journal.

    The database refuses an unbalanced one at commit, and the same key twice at once (IntegrityError).
    """
    if sum(amounts.values()):
        raise ValueError(f"journal {key} doesn't balance: {dict(amounts)}")
    journal = Journal.objects.create(key=key, business_day=clock.business_day(at), at=at, memo=memo, reverses=reverses)
    Entry.objects.bulk_create(
        [Entry(journal=journal, account=account_of(code), amount=fen) for code, fen in amounts.items() if fen]
    )
    return journal
