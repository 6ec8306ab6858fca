"""Booking: every movement of money is one balanced journal (PAY-01). A mistake is reversed and booked anew (PAY-07)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q, Sum

from hospital.kit import clock
from hospital.kit.transactions import within
from hospital.organisation.models import Department

from ..models import Channel, DayClose, Entry, Journal, LedgerAccount, PaymentSplit, Scene

if TYPE_CHECKING:
    from ..channels.base import Split

PATIENT_MONEY = "patient.money"  # taken, and not yet earned or not yet given back
BANK = "bank"
SUSPENSE = "suspense"  # moved, and nobody knows yet what for
DESK_DIFFERENCE = "desk.difference"  # more or less in a drawer than the books say

_SIDES = {
    "channel": LedgerAccount.Side.ASSET, "insurer": LedgerAccount.Side.ASSET, "income": LedgerAccount.Side.INCOME,
    "fee": LedgerAccount.Side.EXPENSE,
}  # fmt: skip
_NAMES = {
    PATIENT_MONEY: ("病人款项", LedgerAccount.Side.LIABILITY),
    BANK: ("银行存款", LedgerAccount.Side.ASSET),
    DESK_DIFFERENCE: ("收费长短款", LedgerAccount.Side.EXPENSE),
    SUSPENSE: ("待查差错", LedgerAccount.Side.LIABILITY),
}


def channel_account(channel: str) -> str:
    return f"channel.{channel}"


def fee_account(channel: str) -> str:
    """What a channel keeps of the money for its service."""
    return f"fee.{channel}"


def insurer_account(insurer: str) -> str:
    """What an insurer owes the hospital for what it pays for patients."""
    return f"insurer.{insurer}"


def money_accounts(channel: str, amount: int, split: "Split | PaymentSplit | None") -> dict[str, int]:
    """Where a payment lies: with its channel; of an insured one with the insurer, and with the channel of the other half."""
    if split is None:
        return {channel_account(channel): amount}
    parts = {insurer_account(split.insurer): amount - split.own_cash}
    return parts | ({channel_account(split.cash_channel): split.own_cash} if split.own_cash else {})


def income_account(scene: str, department_id: int | None = None) -> str:
    return f"income.{scene}@{department_id}" if department_id else f"income.{scene}"


def account_of(code: str) -> LedgerAccount:
    """The account of a code, made with what it is of when it is first booked on."""
    known = LedgerAccount.objects.filter(code=code).first()
    if known is not None:
        return known
    return LedgerAccount.objects.get_or_create(code=code, defaults=_described(code))[0]


def _account_ids(codes: Iterable[str]) -> dict[str, int]:
    """The accounts of many codes, asked for at once; what is booked on for the first time is made."""
    wanted = sorted(set(codes))
    known = dict(LedgerAccount.objects.filter(code__in=wanted).values_list("code", "pk"))
    return known | {code: account_of(code).pk for code in wanted if code not in known}


def _described(code: str) -> dict[str, object]:
    if code in _NAMES:
        name, side = _NAMES[code]
        return {"name": name, "side": side}
    group, _dot, rest = code.partition(".")
    if group not in _SIDES or not rest:
        raise ValueError(f"no such ledger account: {code}")
    made: dict[str, object] = {"side": _SIDES[group], "name": code}
    if group in {"channel", "fee"}:
        label = dict(Channel.choices).get(rest, rest)
        made |= {"channel": rest, "name": f"{label}{'手续费' if group == 'fee' else '在途'}"}
    elif group == "insurer":
        made |= {"insurer": rest, "name": f"应收医保 {rest}"}
    else:
        scene, _at, department_id = rest.partition("@")
        department = Department.objects.get(pk=department_id) if department_id else None
        label = dict(Scene.choices).get(scene, scene)
        made |= {"scene": scene, "department": department}
        made["name"] = f"{label}收入{'·' + department.name if department else ''}"[:100]
    return made


def open_day(at: datetime) -> date:
    """The business day of an instant, or the next one after it that isn't closed (PAY-07)."""
    day, today = clock.business_day(at), clock.today()
    # A day that isn't over can't be closed, so that the usual posting asks nothing.
    while day < today and DayClose.objects.filter(day=day, confirmed_at__isnull=False, reopened_at=None).exists():
        day += timedelta(days=1)
    return day


@dataclass(frozen=True, slots=True)
class Posting:
    """What is booked as one journal: account code -> fen, debit positive; `key` names the business event."""

    key: str
    amounts: Mapping[str, int]
    memo: str = ""
    reverses: Journal | None = None
    about_day: date | None = None


@within
def journal_post(
    *,
    key: str,
    at: datetime,
    amounts: Mapping[str, int],
    memo: str = "",
    reverses: Journal | None = None,
    about_day: date | None = None,
) -> Journal:
    """Book `amounts` (account code -> fen, debit positive) as one journal on the open day.

    The database refuses an unbalanced one at commit, and the same key twice at once (IntegrityError).
    """
    return journals_post([Posting(key, amounts, memo, reverses, about_day)], at=at)[0]


@within
def journals_post(postings: Sequence[Posting], *, at: datetime) -> list[Journal]:
    """`journal_post` for all that one event moves: many journals cost as many statements as one."""
    for posting in postings:
        if sum(posting.amounts.values()):
            raise ValueError(f"journal {posting.key} doesn't balance: {dict(posting.amounts)}")
    day, own = open_day(at), clock.business_day(at)
    late = own if own != day else None
    journals = Journal.objects.bulk_create([
        Journal(key=one.key, business_day=day, at=at, memo=one.memo, reverses=one.reverses, about_day=one.about_day or late)
        for one in postings
    ])  # fmt: skip
    accounts = _account_ids(code for one in postings for code, fen in one.amounts.items() if fen)
    Entry.objects.bulk_create(
        Entry(journal=journal, account_id=accounts[code], amount=fen)
        for journal, one in zip(journals, postings, strict=True)
        for code, fen in one.amounts.items()
        if fen
    )
    return journals


def moved_by_payers(day: date) -> dict[str, int]:
    """What payments and refunds moved that are of a day, in fen by account: those booked on it, and those that point back to it."""
    of_day = Q(journal__about_day=day) | Q(journal__about_day=None, journal__business_day=day)
    taken = Q(journal__key__startswith="payment:") | Q(journal__key__startswith="refund:")
    sums = dict(
        Entry.objects.filter(of_day, taken).values_list("account_id").annotate(fen=Sum("amount")).order_by("account_id")
    )
    codes = LedgerAccount.objects.filter(pk__in=sums).order_by("code").values_list("pk", "code")
    return {code: sums[pk] for pk, code in codes}


@within
def journal_reverse(journal: Journal, *, at: datetime, reason: str) -> Journal:
    """Take a journal back by its exact opposite, on the open day, pointing to the day of the mistake. Idempotent."""
    known = Journal.objects.filter(reverses=journal).first()
    if known is not None:
        return known
    sums = journal.entries.values_list("account__code").annotate(fen=Sum("amount")).order_by("account__code")
    return journal_post(
        key=f"reversal:{journal.pk}", at=at, amounts={code: -fen for code, fen in sums}, memo=reason[:200],
        reverses=journal, about_day=journal.business_day,
    )  # fmt: skip
