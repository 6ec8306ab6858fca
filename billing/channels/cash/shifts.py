"""A cashier's shift: opened by the first money, counted by its cashier, checked by a second person where it differs."""

import re
from datetime import datetime
from typing import Any

from django.db.models import Sum

from hospital.audit import services as audit
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within

from ... import errors
from ...models import TERMINAL_CHANNELS, Channel, DeskEntry, DeskShift, Payment, Refund
from ...services.ledger import DESK_DIFFERENCE, channel_account, journal_post
from ...states import SHIFT, ShiftStatus

_SLIP, _TERMINAL = re.compile(r"[0-9]{12}"), re.compile(r"[0-9A-Z]{8}")


@within
def shift_open(*, actor: Actor, at: datetime, float_fen: int = 0) -> DeskShift:
    """The cashier's open shift, made and locked; every movement of the drawer waits for it, and so does its count."""
    rows = DeskShift.objects.select_for_update(no_key=True).filter(staff_id=actor.own_staff_id, status=ShiftStatus.OPEN)
    known = rows.first()
    if known is not None:
        return known
    DeskShift.objects.bulk_create(
        [DeskShift(staff_id=actor.own_staff_id, opened_at=at, float_fen=float_fen)], ignore_conflicts=True
    )
    shift: DeskShift = rows.get()  # ours, or that of the same cashier's other window
    if shift.opened_at == at:
        SHIFT.begin(shift, actor=actor, at=at)
    return shift


@entry
def shift_begin(*, actor: Actor, float_fen: int, at: datetime) -> DeskShift:
    """Open a shift with so much change in the drawer. Raises ShiftOpen when one is open already."""
    if not actor.is_any(Role.CASHIER):
        raise NotFound
    if not 0 <= float_fen <= 10_000_00:
        raise errors.CountWrong
    if DeskShift.objects.filter(staff_id=actor.own_staff_id, status=ShiftStatus.OPEN).exists():
        raise errors.ShiftOpen
    return shift_open(actor=actor, at=at, float_fen=float_fen)


def read_slip(slip: str, terminal: str) -> tuple[str, str]:
    """The reference number (12 digits) and the terminal (8) as printed on a card's slip. Raises SlipWrong."""
    slip, terminal = slip.strip(), terminal.strip().upper()
    if not _SLIP.fullmatch(slip) or not _TERMINAL.fullmatch(terminal):
        raise errors.SlipWrong
    return slip, terminal


@within
def entry_write(
    shift: DeskShift, *, at: datetime, payment: Payment | None = None, refund: Refund | None = None, slip: str = "",
    terminal: str = "",
) -> DeskEntry:  # fmt: skip
    """Write down that a payment came in or a refund went out in this shift."""
    channel = payment.channel if payment else refund.payment.channel if refund else ""
    amount = payment.amount if payment else -refund.amount if refund else 0
    return DeskEntry.objects.create(
        shift=shift, channel=channel, payment=payment, refund=refund, amount=amount, at=at, slip=slip, terminal=terminal
    )


def expected(shift: DeskShift) -> dict[str, int]:
    """Fen that the books say the shift holds: cash with the change it began with; what the terminal took, all together."""
    sums = shift.entries.values_list("channel").annotate(fen=Sum("amount"))
    found = {channel: int(fen) for channel, fen in sums}
    terminal = sum(found.get(channel, 0) for channel in TERMINAL_CHANNELS)
    return {Channel.CASH: shift.float_fen + found.get(Channel.CASH, 0), Channel.POS: terminal}


@entry
def shift_count(
    *, actor: Actor, shift_id: int, counted_cash: int, counted_card: int, reason: str, at: datetime
) -> DeskShift:
    """Say what lies in the drawer and what the terminal's own total says. Equal: closed. Else: a second person looks.

    Counting again before that is allowed. Raises CountWrong, and ReasonMissing when a difference has no reason.
    """
    shift = DeskShift.objects.select_for_update(no_key=True).filter(pk=shift_id, staff_id=actor.own_staff_id).first()
    if shift is None or not actor.is_any(Role.CASHIER):
        raise NotFound
    if shift.status == ShiftStatus.CLOSED:
        raise errors.ShiftClosed
    if counted_cash < 0 or max(counted_cash, abs(counted_card)) > 100_000_000:
        raise errors.CountWrong
    books = expected(shift)
    differs = books[Channel.CASH] != counted_cash or books[Channel.POS] != counted_card
    if differs and not reason.strip():
        raise errors.ReasonMissing
    changes: dict[str, Any] = {
        "expected_cash": books[Channel.CASH], "counted_cash": counted_cash, "expected_card": books[Channel.POS],
        "counted_card": counted_card, "counted_at": at, "counted_by_account_id": actor.own_account_id,
    }  # fmt: skip
    # Its own UPDATE: `reason` in a move is the history's.
    DeskShift.objects.filter(pk=shift.pk).update(reason=reason.strip()[:200])
    if not differs:
        SHIFT.move(shift, ShiftStatus.CLOSED, actor=actor, at=at, closed_at=at, **changes)
    elif shift.status == ShiftStatus.OPEN:
        SHIFT.move(shift, ShiftStatus.COUNTED, actor=actor, at=at, reason=reason[:200], **changes)
    else:
        DeskShift.objects.filter(pk=shift.pk).update(**changes)
    shift.refresh_from_db()
    audit.record(actor, "desk.shift_count", at=at, subject=shift, reason=reason[:200])
    return shift


@entry
def shift_check(*, actor: Actor, shift_id: int, at: datetime) -> DeskShift:
    """A second person has counted too: the difference is real, and is booked (PAY-01, PAY-05).

    Raises SamePerson for the cashier, ShiftClosed when nothing waits.
    """
    if not actor.is_any(Role.CASHIER, Role.FINANCE):
        raise NotFound
    shift = DeskShift.objects.select_for_update(no_key=True).filter(pk=shift_id).first()
    if shift is None:
        raise NotFound
    if shift.status != ShiftStatus.COUNTED:
        raise errors.ShiftClosed
    if actor.own_account_id == shift.counted_by_account_id:
        raise errors.SamePerson
    SHIFT.move(shift, ShiftStatus.CLOSED, actor=actor, at=at, closed_at=at, checked_by_account_id=actor.own_account_id)
    cash, card = shift.cash_difference, shift.card_difference
    journal_post(
        key=f"shift:{shift.pk}", at=at, memo=shift.reason,
        amounts={channel_account(Channel.CASH): cash, channel_account(Channel.POS): card, DESK_DIFFERENCE: -cash - card},
    )  # fmt: skip
    audit.record(actor, "desk.shift_check", at=at, subject=shift, reason=shift.reason)
    return shift
