"""Closing a business day and opening it again: each takes two people of two roles, finance first and audit second (PAY-07)."""

from datetime import date, datetime

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound, Problem
from hospital.kit.transactions import entry

from .. import policy
from ..channels import base
from ..errors import SamePerson
from ..models import BillFetch, BillFile, Channel, DayClose, Entry, LedgerAccount, ReconCase, ReconRun
from ..states import CaseStatus


class DayNotReady(Problem):
    code = "PAY-07-not-ready"
    title = _("The day can't be closed yet: %(why)s")
    next_step = _("Fetch the missing bill, or propose an action for each open difference.")


class DayNotProposed(Problem):
    code = "PAY-07-not-proposed"
    title = _("Nobody of the finance office signed this day yet")
    next_step = _("The finance office signs first, then the auditor.")


class DayNotClosed(Problem):
    code = "PAY-07-not-closed"
    title = _("This day is not closed")
    next_step = _("An open day takes corrections as it is.")


class ReasonNeeded(Problem):
    code = "PAY-07-reason"
    status = 422
    title = _("Opening a closed day again needs a reason")
    next_step = _("Write why; a correction that can be booked today needs no reopening.")


def day_hindrance(day: date, *, at: datetime) -> str:
    """Why a day can't be closed; empty when it can."""
    if day >= clock.business_day(at):
        return str(_("the day isn't over"))
    for channel in base.channels():
        if not (
            BillFile.objects.filter(channel=channel, day=day, kind=BillFile.Kind.TRADE).exists()
            or BillFetch.objects.filter(channel=channel, day=day, no_bill=True).exists()
        ):
            return str(_("the bill of %(channel)s is missing") % {"channel": Channel(channel).label})
        if not ReconRun.objects.filter(channel=channel, day=day).exists():
            return str(_("%(channel)s was not reconciled") % {"channel": Channel(channel).label})
    open_cases = ReconCase.objects.filter(day=day, status=CaseStatus.OPEN).count()
    return str(_("%(open)d differences of all channels are open") % {"open": open_cases}) if open_cases else ""


def _in_force(day: date) -> DayClose | None:
    return DayClose.objects.select_for_update(no_key=True).filter(day=day, reopened_at=None).first()


@entry
def day_close_propose(*, actor: Actor, day: date, at: datetime) -> DayClose:
    """The first signature, of the finance office."""
    if not policy.may_sign_first(actor):
        raise NotFound
    if why := day_hindrance(day, at=at):
        raise DayNotReady(why=why)
    close, new = DayClose.objects.get_or_create(
        day=day, reopened_at=None, defaults={"closed_at": at, "closed_by_account_id": actor.own_account_id}
    )
    if new:
        audit.record(actor, "day.close_propose", at=at, subject=close)
    return close


@entry
def day_close_confirm(*, actor: Actor, day: date, at: datetime) -> DayClose:
    """The second signature, of an auditor; from now on the day takes no journal. Its totals are kept as signed.

    Two people besides two roles: an auditor who proposed it while still of the finance office raises SamePerson.
    """
    if not policy.may_sign_second(actor):
        raise NotFound
    close = _in_force(day)
    if close is None:
        raise DayNotProposed
    if close.confirmed_at is not None:
        return close
    if close.closed_by_account_id == actor.account_id:
        raise SamePerson
    if why := day_hindrance(day, at=at):
        raise DayNotReady(why=why)
    close.confirmed_at, close.confirmed_by_account_id = at, actor.account_id
    close.save(update_fields=["confirmed_at", "confirmed_by_account_id"])  # waits for postings that are under way
    close.totals = day_totals(day)
    close.save(update_fields=["totals"])
    audit.record(actor, "day.close", at=at, subject=close)
    return close


def day_totals(day: date) -> dict[str, int]:
    """What the books moved on a day, in fen by account."""
    moved = Entry.objects.filter(journal__business_day=day).values_list("account_id").annotate(fen=Sum("amount"))
    sums = dict(
        moved.order_by("account_id")
    )  # by number, not by name: comparing a million names takes half of the time
    codes = LedgerAccount.objects.filter(pk__in=sums).order_by("code").values_list("pk", "code")
    return {code: sums[pk] for pk, code in codes}


@entry
def day_reopen_propose(*, actor: Actor, day: date, reason: str, at: datetime) -> DayClose:
    """The finance office asks that a closed day be opened again, and says why. It stays closed until an auditor agrees."""
    if not policy.may_sign_first(actor):
        raise NotFound
    if not reason.strip():
        raise ReasonNeeded
    close = _in_force(day)
    if close is None or close.confirmed_at is None:
        raise DayNotClosed
    close.reopen_reason, close.reopen_asked_by_account_id, close.reopen_asked_at = (
        reason.strip()[:300],
        actor.account_id,
        at,
    )
    close.save(update_fields=["reopen_reason", "reopen_asked_by_account_id", "reopen_asked_at"])
    audit.record(actor, "day.reopen_propose", at=at, subject=close, reason=reason.strip()[:200])
    return close


@entry
def day_reopen_confirm(*, actor: Actor, day: date, at: datetime) -> DayClose:
    """Another role, the auditor, lets the day be opened; the closing stays on record, and the day is closed anew later."""
    if not policy.may_sign_second(actor):
        raise NotFound
    close = _in_force(day)
    if close is None or close.confirmed_at is None or close.reopen_asked_at is None:
        raise DayNotClosed
    if close.reopen_asked_by_account_id == actor.account_id:
        raise SamePerson
    close.reopened_at, close.reopened_by_account_id = at, actor.account_id
    close.save(update_fields=["reopened_at", "reopened_by_account_id"])
    audit.record(actor, "day.reopen", at=at, subject=close, reason=close.reopen_reason[:200])
    return close
