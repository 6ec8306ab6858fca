"""Working off differences: proposed by one, approved by another, the result kept (PAY-05)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hospital.audit import services as audit
from hospital.kit.actor import Actor, Role
from hospital.kit.money import format_yuan
from hospital.kit.problems import NotFound, Problem
from hospital.kit.transactions import entry

from ..channels import base
from ..errors import ChannelSilent, SamePerson
from ..models import Channel, Journal, Payment, PayOrder, ReconCase, Refund
from ..states import CASE, REFUND, CaseStatus, RefundStatus
from . import intents
from .ledger import SUSPENSE, channel_account, journal_post
from .payments import Money, payment_record
from .refunds import refund_owed

_TRADES = {
    base.Trade.WAITING: gettext_lazy("not paid yet"), base.Trade.PAID: gettext_lazy("paid"),
    base.Trade.CLOSED: gettext_lazy("closed without a payment"),
}  # fmt: skip


class NoAction(Problem):
    code = "PAY-05-no-action"
    title = gettext_lazy("This action does not fit this difference")
    next_step = gettext_lazy("Choose another action, or explain the difference in words.")


def _locked(actor: Actor, case_id: int) -> ReconCase:
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    case = ReconCase.objects.select_for_update(no_key=True).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


@entry
def case_take(*, actor: Actor, case_id: int, at: datetime) -> ReconCase:
    """Say that one works on it, so that nobody else does; taking it over from a colleague leaves its line too.

    Whoever owns a case approves nothing by it: that takes a second person, whoever proposed (PAY-05).
    """
    case = _locked(actor, case_id)
    if case.status == CaseStatus.DONE or actor.staff_id is None:
        raise NoAction
    ReconCase.objects.filter(pk=case_id).update(owner=actor.staff_id)
    audit.record(actor, "recon.case_take", at=at, subject=case)
    return case


@entry
def case_propose(*, actor: Actor, case_id: int, action: str, note: str, at: datetime) -> ReconCase:
    """Say what should be done, and why. A note is demanded for what moves nothing."""
    case = _locked(actor, case_id)
    if action not in ReconCase.Action.values or (action == ReconCase.Action.EXPLAIN and not note.strip()):
        raise NoAction
    if action == ReconCase.Action.RESEND and _refund_of(case) is None:
        raise NoAction
    if action in {ReconCase.Action.QUERY, ReconCase.Action.RETURN} and _order_of(case) is None:
        raise NoAction
    CASE.move(
        case, CaseStatus.PROPOSED, actor=actor, at=at, reason=note[:300], action=action, note=note[:300],
        proposed_by_account_id=actor.account_id, approved_by_account_id=None, owner_id=actor.staff_id,
    )  # fmt: skip
    return case


@entry
def case_send_back(*, actor: Actor, case_id: int, note: str, at: datetime) -> ReconCase:
    """Not like this: the proposer thinks again."""
    case = _locked(actor, case_id)
    if actor.account_id == case.proposed_by_account_id:
        raise SamePerson
    CASE.move(case, CaseStatus.OPEN, actor=actor, at=at, reason=note[:300], result=note[:300])
    return case


def case_approve(*, actor: Actor, case_id: int, at: datetime) -> ReconCase:
    """A second person lets it pass, and it is done. The channel is asked between two transactions, never inside one."""
    case = _approvable(actor, case_id)
    result = _carry_out(case, actor=actor, at=at)
    return _approved(actor=actor, case_id=case_id, result=result, at=at)


@entry
def _approvable(actor: Actor, case_id: int) -> ReconCase:
    case = _locked(actor, case_id)
    if actor.account_id == case.proposed_by_account_id:
        raise SamePerson
    if case.status != CaseStatus.PROPOSED:
        raise NoAction
    return case


@entry
def _approved(*, actor: Actor, case_id: int, result: str, at: datetime) -> ReconCase:
    case = _locked(actor, case_id)
    CASE.move(
        case, CaseStatus.DONE, actor=actor, at=at, reason=result[:300], result=result[:300], ended_at=at,
        approved_by_account_id=actor.account_id,
    )  # fmt: skip
    audit.record(actor, "recon.case_approve", at=at, subject=case, reason=result)
    return case


def _order_of(case: ReconCase) -> PayOrder | None:
    """The order that a difference is about: of this channel, or an insured one whose other half went through it."""
    here = Q(channel=case.channel) | Q(channel=Channel.INSURANCE, payments__split__cash_channel=case.channel)
    return PayOrder.objects.filter(here, number=case.evidence.get("order_no", "")).first()


def _refund_of(case: ReconCase) -> Refund | None:
    return Refund.objects.filter(number=case.evidence.get("refund_no", "")).first()


def _carry_out(case: ReconCase, *, actor: Actor, at: datetime) -> str:
    """Do what was proposed; each of these is harmless when it is done twice."""
    order = _order_of(case)
    if case.action == ReconCase.Action.QUERY and order is not None:
        return _query(order, at=at)
    if case.action == ReconCase.Action.RETURN and order is not None:
        return _return(order, at=at)
    if case.action == ReconCase.Action.RESEND and (refund := _refund_of(case)) is not None:
        return _resend(refund, actor=actor, at=at)
    if case.action == ReconCase.Action.BOOK:
        return _book(case, at=at)
    return _("explained")


def _query(order: PayOrder, *, at: datetime) -> str:
    """Ask about one order, whatever we believe of it; a payment that we missed is posted or sent back."""
    try:
        state = base.client(order.channel).query(order)
    except (base.ChannelUnknown, base.ChannelRefused) as error:
        raise ChannelSilent from error
    if state.trade == base.Trade.PAID and state.success_at is not None:
        payment = payment_record(
            order_id=order.pk, money=Money(state.transaction_id, state.amount, state.success_at, "query"), at=at
        )
        return _("payment %(number)s is recorded now") % {"number": payment.transaction_id}
    return _("the channel says: %(state)s") % {"state": _TRADES[state.trade]}


@entry
def _return(order: PayOrder, *, at: datetime) -> str:
    """Send back what payments of this order hold beyond what they settled and what is on its way back already."""
    sent = 0
    for payment in Payment.objects.filter(order=order).order_by("pk"):
        settled = sum(row.amount for row in payment.settlements.all())
        going = sum(
            row.amount for row in payment.refunds.exclude(status=RefundStatus.REJECTED) if row.settlement_id is None
        )
        left = payment.amount - settled - going
        if left > 0:
            refund_owed(payment, left, charge=None, at=at, reason=_("Difference found in reconciliation"))
            sent += left
    return (
        _("¥%(yuan)s are on their way back") % {"yuan": format_yuan(sent)}
        if sent
        else _("nothing was left to give back")
    )


@entry
def _book(case: ReconCase, *, at: datetime) -> str:
    """Stand by the channel's figure: what it has more or less than we believed waits as suspense, with its day (PAY-07)."""
    sign = -1 if case.key.startswith("refund:") else 1
    fen = sign * ((case.channel_amount or 0) - (case.platform or 0))
    key = f"case:{case.pk}"
    if fen and not Journal.objects.filter(key=key).exists():
        amounts = {channel_account(case.channel): fen, SUSPENSE: -fen}
        journal_post(key=key, at=at, amounts=amounts, memo=f"{case.difference} {case.key}"[:200], about_day=case.day)
    return _("¥%(yuan)s are booked as suspense") % {"yuan": format_yuan(fen)} if fen else _("nothing was left to book")


def _resend(refund: Refund, *, actor: Actor, at: datetime) -> str:
    with transaction.atomic():
        row = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
        if row.status == RefundStatus.FAILED:
            REFUND.move(
                row, RefundStatus.APPROVED, actor=actor, at=at, reason="sent again", next_query_at=at, asked_at=None
            )
    intents.refund_push(refund.pk, at=at)
    refund.refresh_from_db()
    return _("refund %(number)s: %(state)s") % {"number": refund.number, "state": refund.get_status_display()}
