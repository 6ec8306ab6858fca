"""Hospital = platform = channel: one day on one channel compared, every difference named once (PAY-03..PAY-07, G08)."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.problems import Problem
from hospital.kit.transactions import entry

from ..models import BillFetch, BillFile, Channel, ReconCase, ReconRun
from ..parameters import FEE_BP, MIDNIGHT_MINUTES, UNIONPAY_CUT_MINUTES
from ..states import CASE, CaseStatus
from . import credit, recon_sql
from .classes import Day, Found, classify

__all__ = ["BillAwaited", "classify", "recon_again", "recon_run"]

BATCH = 500
CARRY = timedelta(days=7)  # how long a movement may be in transit before nobody waits for it any more

Difference = tuple[dict[str, Any], Found]


class BillAwaited(Problem):
    """Every payment of the day would look like a difference: there is nothing yet to compare it with."""

    code = "PAY-06-bill-awaited"
    audited = False
    title = _("The channel's bill of this day isn't here yet; the day is compared by itself as soon as it is.")
    next_step = _("A bill may also be uploaded by hand.")


@entry
def recon_run(*, actor: Actor, channel: str, day: date, at: datetime, file_id: int | None = None) -> ReconRun:
    """Compare one day; without `file_id` with the trade bill received last. The same data give the same digest.

    Raises BillAwaited, and compares nothing, before the bill is here or the channel said that there is none.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7203, hashtext(%s))", [f"{channel} {day}"])
    files = (
        BillFile.objects.filter(channel=channel, kind=BillFile.Kind.TRADE).order_by("-received_at", "-pk").defer("raw")
    )
    file = files.get(pk=file_id) if file_id else files.filter(day=day).first()
    if file is None and not BillFetch.objects.filter(channel=channel, day=day, no_bill=True).exists():
        raise BillAwaited
    facts = Day(
        day=day, midnight=_near_midnight(channel, at), fee_bp=FEE_BP[channel].at(at) if channel in FEE_BP else 0,
        merchant=_merchant(channel), has_file=file is not None,
        next_bill_known=files.filter(day=day + timedelta(days=1)).exists(),
    )  # fmt: skip
    values = _values(channel, facts, file)
    plain, totals = recon_sql.prepare(values)
    tally = _Tally(plain)
    _cases_store(tally.differences(_found(values, facts, tally)), channel=channel, day=day, actor=actor, at=at)
    if file is not None:
        money = list(credit.differences(channel, day, file, totals, at=at))
        _cases_store(tally.differences(money), channel=channel, day=day, actor=actor, at=at)
        tally.agreed += _money_agreed(channel, day, {key_of(row) for row, _difference in money})
        credit.fee_book(channel, day, totals["fee_e5"], at=at)
    _agreed(tally.agreed, channel=channel, actor=actor, at=at)
    run = ReconRun.objects.create(
        channel=channel, day=day, file=file, ran_at=at, matched=tally.matched, differences=dict(sorted(tally.classes.items())),
        totals=totals, digest=tally.digest(day, channel, totals),
    )  # fmt: skip
    audit.record(actor, "recon.run", at=at, subject=run)
    return run


def recon_again(*, actor: Actor, channel: str, day: date, at: datetime) -> list[ReconRun]:
    """A day, and the days before it from which movements were still in transit: they are matched now, or turn (PAY-05)."""
    runs = [recon_run(actor=actor, channel=channel, day=day, at=at)]
    carried = ReconCase.objects.filter(channel=channel, status=CaseStatus.CARRIED, day__gte=day - CARRY, day__lt=day)
    for before in sorted(set(carried.values_list("day", flat=True))):
        runs.append(recon_run(actor=actor, channel=channel, day=before, at=at))
    return runs


def _near_midnight(channel: str, at: datetime) -> timedelta:
    """How close to midnight a movement may stand in another day's bill. UnionPay's day of clearing ends at 23:00."""
    early = UNIONPAY_CUT_MINUTES.at(at) if channel == Channel.UNIONPAY else 0
    return timedelta(minutes=early + MIDNIGHT_MINUTES.at(at))


def _merchant(channel: str) -> str:
    return {Channel.WECHAT: settings.WECHATPAY_MCHID, Channel.UNIONPAY: settings.UNIONPAY_MER_ID}.get(
        Channel(channel), ""
    )


def _values(channel: str, facts: Day, file: BillFile | None) -> dict[str, Any]:
    start, end = clock.day_bounds(facts.day)
    unfinished = ReconCase.objects.filter(channel=channel, day__gte=facts.day - CARRY, day__lte=facts.day + CARRY)
    keys = unfinished.exclude(status=CaseStatus.DONE).values_list("evidence__order_no", "evidence__refund_no", "key")
    return {
        "channel": channel, "day": facts.day, "start": start, "end": end, "file": file.pk if file else 0,
        "merchant": facts.merchant, "fee_bp": facts.fee_bp,
        "unfinished": [f"{key.split(':')[0]}:{refund_no or order_no}" for order_no, refund_no, key in keys
                       if key.startswith(("pay:", "refund:")) and (refund_no or order_no)],
    }  # fmt: skip


class _Tally:
    """What a comparison found so far. Its digest is over every difference in order, whatever their number."""

    def __init__(self, plain: int) -> None:
        self.matched = plain
        self.classes: Counter[str] = Counter()
        self.agreed: list[str] = []  # looked at again, and in order
        self._said = hashlib.sha256()

    def differences(self, found: Iterable[Difference]) -> Iterator[Difference]:
        for row, difference in found:
            self.classes[difference.difference] += 1
            said = [
                difference.difference,
                difference.reason,
                key_of(row),
                row["c_amount"],
                row["p_amount"],
                row["h_amount"],
            ]
            self._said.update(json.dumps(said).encode())
            yield row, difference

    def digest(self, day: date, channel: str, totals: dict[str, int]) -> str:
        whole = json.dumps([str(day), channel, self.matched, self._said.hexdigest(), totals], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()


def _found(values: dict[str, Any], facts: Day, tally: _Tally) -> Iterator[Difference]:
    for row in recon_sql.sides(values):
        if row["c_times"] is None and clock.business_day(row["p_at"]) != facts.day:
            continue  # an unfinished case of another day; that day's comparison decides
        found = classify(row, facts)
        if found is None:
            tally.matched += 1
            tally.agreed.append(key_of(row))
        else:
            yield row, found


def key_of(row: dict[str, Any]) -> str:
    return ":".join(part for part in (row["kind"], row["order_no"], row["refund_no"]) if part)


# --- Cases ----------------------------------------------------------------------------------------------------------
def _agreed(keys: list[str], *, channel: str, actor: Actor, at: datetime) -> None:
    """Cases whose sides agree by now are done."""
    unfinished = ReconCase.objects.filter(channel=channel, key__in=keys).exclude(status=CaseStatus.DONE)
    for case in unfinished.select_for_update(no_key=True).order_by("pk"):
        CASE.move(
            case, CaseStatus.DONE, actor=actor, at=at, reason="agrees now", result=str(_("agrees now")), ended_at=at
        )


def _money_agreed(channel: str, day: date, off: set[str]) -> list[str]:
    """Keys of differences of credit and account flow that are there no more."""
    rows = (
        ReconCase.objects.filter(channel=channel, day=day).exclude(status=CaseStatus.DONE).values_list("key", flat=True)
    )
    return [key for key in rows if key.startswith(("credit:", "flow:")) and key not in off]


def _cases_store(found: Iterable[Difference], *, channel: str, day: date, actor: Actor, at: datetime) -> None:
    """One case per key; work that was done on it stays, its class follows the data."""
    for batch in _batches(found):
        keys = [key_of(row) for row, _difference in batch]
        rows = ReconCase.objects.select_for_update(no_key=True).filter(channel=channel, key__in=keys).order_by("pk")
        known = {case.key: case for case in rows}
        fresh = []
        for key, (row, difference) in zip(keys, batch, strict=True):
            if key in known:
                _case_follow(known[key], row, difference, day=day, actor=actor, at=at)
            else:
                fresh.append(_case_new(key, row, difference, channel=channel, day=day, at=at))
        why = (difference.reason for key, (_row, difference) in zip(keys, batch, strict=True) if key not in known)
        CASE.begin_all(zip(ReconCase.objects.bulk_create(fresh), why, strict=True), actor=actor, at=at)


def _batches(found: Iterable[Difference]) -> Iterator[list[Difference]]:
    batch: list[Difference] = []
    for one in found:
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _sides(row: dict[str, Any], found: Found, day: date) -> dict[str, Any]:
    return {
        "difference": found.difference, "reason": found.reason, "hospital": row["h_amount"], "platform": row["p_amount"],
        "channel_amount": row["c_amount"], "evidence": _evidence(row, day),
    }  # fmt: skip


def _case_new(key: str, row: dict[str, Any], found: Found, *, channel: str, day: date, at: datetime) -> ReconCase:
    case = ReconCase(channel=channel, key=key[:140], day=day, found_at=at, **_sides(row, found, day))
    if found.closed:
        case.status, case.result, case.ended_at = CaseStatus.DONE, str(_("explains itself")), at
    elif found.carried:
        case.status = CaseStatus.CARRIED
    return case


def _case_follow(case: ReconCase, row: dict[str, Any], found: Found, *, day: date, actor: Actor, at: datetime) -> None:
    changed = (case.difference, case.reason) != (found.difference, found.reason)
    ReconCase.objects.filter(pk=case.pk).update(**_sides(row, found, day))
    if not changed:
        return
    if case.status in {CaseStatus.PROPOSED, CaseStatus.DONE, CaseStatus.CARRIED}:
        reason = f"now {found.difference} {found.reason}"
        CASE.move(case, CaseStatus.OPEN, actor=actor, at=at, reason=reason, ended_at=None)
    if found.closed:
        CASE.move(
            case,
            CaseStatus.DONE,
            actor=actor,
            at=at,
            reason=found.reason,
            result=str(_("explains itself")),
            ended_at=at,
        )
    elif found.carried:
        CASE.move(case, CaseStatus.CARRIED, actor=actor, at=at, reason=found.reason)


_NO_EVIDENCE = {"known", "earned", "settled_elsewhere"}


def _evidence(row: dict[str, Any], day: date) -> dict[str, Any]:
    """Both sides by their numbers; no personal data. `c_day`: in the bill of which day the channel's side stands.

    That isn't always the day of `c_at`: UnionPay's clearing day begins at 23:00 of the evening before.
    """
    row = row | {"c_day": day if row["c_times"] is not None else None}
    kept = {name: value for name, value in row.items() if name not in _NO_EVIDENCE and value is not None}
    return {name: _readable(value) for name, value in kept.items()}


def _readable(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.local(value).strftime("%Y-%m-%d %H:%M:%S")
    return value if isinstance(value, int | list | str) else str(value)
