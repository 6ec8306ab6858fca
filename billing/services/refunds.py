"""Money goes back: requested once per key, approved by a second person where it is much, by the way it came (PAY-09)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from hospital.audit import services as audit
from hospital.kit import sweeps
from hospital.kit.actor import Actor, Role, system
from hospital.kit.money import format_yuan
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging.services import patient_tell

from .. import errors, kinds
from ..models import Charge, ChargeLine, Package, Payment, PaymentSplit, Refund, RefundLine
from ..numbers import next_number
from ..parameters import APPROVAL_FEN
from ..states import CHARGE, LIVE_REFUND, REFUND, ChargeStatus, RefundStatus
from .invoices import invoice_adjust
from .ledger import PATIENT_MONEY, income_account, journal_post, money_accounts
from .notices import notice_post

if TYPE_CHECKING:
    from .charges import LineSpec

INTENTS = "billing.intents"


@within
def refund_request(
    *,
    actor: Actor,
    charge_id: int,
    at: datetime,
    reason: str,
    key: str,
    lines: "Sequence[LineSpec] | None" = None,
) -> Refund:
    """Give back what was paid for a charge: all that is left of it and wasn't used, or so many of some lines.

    Idempotent by `key`; the same key for another charge or other lines raises OtherRequest. Raises NotPaid, RefundTooMuch, and
    RefundRefused when the kind says that it was executed, dispensed or used (PAY-09).
    """
    charge = Charge.objects.select_for_update(no_key=True).get(pk=charge_id)
    known = Refund.objects.filter(key=key).first()
    if known is not None:
        if known.charge_id != charge.pk or known.asked != _asked(lines):
            raise errors.OtherRequest
        return known
    if charge.status not in {ChargeStatus.PAID, ChargeStatus.PART_REFUNDED} or not hasattr(charge, "settlement"):
        raise errors.NotPaid
    if not kinds.get(charge.kind).may_refund(charge, at):
        raise errors.RefundRefused
    parts = _parts(charge, lines)
    amount = sum(fen for _, _, fen in parts)
    if amount <= 0 or charge.refund_reserved + amount > charge.amount:
        raise errors.RefundTooMuch
    if amount < charge.amount and PaymentSplit.objects.filter(payment=charge.settlement.payment_id).exists():
        raise errors.InsuredWhole
    refund_reserve(charge, amount)
    refund = _refund_create(
        charge.settlement.payment,
        amount,
        charge=charge,
        actor=actor,
        at=at,
        reason=reason,
        key=key,
        asked=_asked(lines),
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, line=line, quantity=quantity, amount=fen) for line, quantity, fen in parts
    )
    journal_post(
        key=f"refund-owed:{refund.pk}",
        at=at,
        amounts={income_account(charge.scene, charge.department_id): amount, PATIENT_MONEY: -amount},
    )
    # What the bill gives back in all counts: a large refund cut into small ones needs the second person just so.
    if not (actor.is_staff and charge.refund_reserved + amount > APPROVAL_FEN.at(at)):
        _approve(refund, actor=system("billing.refunds"), at=at)
    return refund


@within
def refund_reserve(charge: Charge, amount: int) -> None:
    """Promise so much of a locked charge back; the database keeps the promises within its amount (G09)."""
    Charge.objects.filter(pk=charge.pk).update(refund_reserved=F("refund_reserved") + amount)


def _parts(charge: Charge, lines: "Sequence[LineSpec] | None") -> list[tuple[ChargeLine, int, int]]:
    """(line, quantity, fen) to give back: what is left of the lines asked for, or of all, without what was used (PAY-09).

    The same item may stand in several lines of a bill, and be asked for more than once: line after line gives what it has.
    """
    gone = Q(refund_lines__refund__status__in=[*LIVE_REFUND, RefundStatus.SUCCEEDED])
    counted = charge.lines.annotate(gone=Coalesce(Sum("refund_lines__quantity", filter=gone), 0))
    left = {line: line.quantity - line.gone for line in counted.order_by("pk")}
    used = kinds.get(charge.kind).used(charge)
    to_keep = Counter(used)
    for line, rest in left.items():
        kept = min(rest, to_keep[line.code])
        left[line] -= kept
        to_keep[line.code] -= kept
    if lines is None:
        if used and not any(left.values()):
            raise errors.RefundRefused
        return [(line, rest, rest * line.unit_price) for line, rest in left.items() if rest]
    parts: dict[ChargeLine, int] = {}
    for code, package_id, wanted in _wanted(charge, lines):
        if wanted <= 0:
            raise errors.RefundTooMuch
        for line, rest in left.items():
            if line.code == code and package_id in {None, line.package_id} and (taken := min(rest, wanted)):
                parts[line] = parts.get(line, 0) + taken
                left[line] -= taken
                wanted -= taken
        if wanted:
            raise errors.RefundRefused if used.get(code) else errors.RefundTooMuch
    return [(line, quantity, quantity * line.unit_price) for line, quantity in parts.items()]


def _wanted(charge: Charge, lines: "Sequence[LineSpec]") -> Iterator[tuple[str, int | None, int]]:
    """(item, package whose lines give it, quantity): of an item from whatever line, of a package from its own lines."""
    packages = {one.code: one for one in Package.objects.filter(pk__in=charge.lines.values("package"))}
    for spec in lines:
        package = packages.get(spec.item_code)
        if package is None:
            yield spec.item_code, None, spec.quantity
        else:
            yield from ((part.item_code, package.pk, spec.quantity * part.quantity) for part in package.items.all())


def _asked(lines: "Sequence[LineSpec] | None") -> dict[str, int] | None:
    """What is asked for, in whatever order and however often it names an item: by this two requests are told apart (G09)."""
    if lines is None:
        return None
    wanted: Counter[str] = Counter()
    for spec in lines:
        wanted[spec.item_code] += spec.quantity
    return dict(wanted)


@within
def refund_owed(payment: Payment, amount: int, *, charge: Charge | None, at: datetime, reason: str) -> Refund:
    """Money that settled nothing (it came twice or too late) goes back by itself, once per payment and charge."""
    key = f"owed:{payment.pk}:{charge.pk if charge else 0}"
    robot = system("billing.owed")
    refund = _refund_create(payment, amount, charge=charge, actor=robot, at=at, reason=reason, key=key, settled=False)
    _approve(refund, actor=robot, at=at)
    return refund


def _refund_create(
    payment: Payment, amount: int, *, charge: Charge | None, actor: Actor, at: datetime, reason: str, key: str,
    settled: bool = True, asked: dict[str, int] | None = None,
) -> Refund:  # fmt: skip
    refund = Refund.objects.create(
        number=next_number("R", at), key=key, payment=payment, charge=charge, amount=amount, reason=reason[:80], asked=asked,
        settlement=charge.settlement if settled and charge else None, requested_at=at,
        requested_by_account_id=actor.account_id, requested_by_service=actor.service,
    )  # fmt: skip
    REFUND.begin(refund, actor=actor, at=at, reason=reason)
    audit.record(
        actor, "refund.request", at=at, subject=refund, patient_id=charge.patient_id if charge else None, reason=reason
    )
    return refund


def _approve(refund: Refund, *, actor: Actor, at: datetime) -> None:
    """Cash and cards wait for the payer to come to the desk; a channel is asked by the intents sweep."""
    REFUND.move(
        refund, RefundStatus.APPROVED, actor=actor, at=at, approved_by_account_id=actor.account_id, approved_at=at,
        next_query_at=None if refund.by_desk else at,
    )  # fmt: skip
    if not refund.by_desk:
        sweeps.wake(INTENTS)


@entry
def refund_approve(*, actor: Actor, refund_id: int, at: datetime) -> Refund:
    """A second person of the finance office lets a refund go (PAY-05: maker is never checker)."""
    refund = _waiting_refund(actor, refund_id)
    if actor.account_id == refund.requested_by_account_id:
        raise errors.SamePerson
    _approve(refund, actor=actor, at=at)
    audit.record(actor, "refund.approve", at=at, subject=refund)
    return refund


@entry
def refund_reject(*, actor: Actor, refund_id: int, at: datetime, reason: str) -> Refund:
    """Don't let it go: the promise is taken back and the income stands again."""
    refund = _waiting_refund(actor, refund_id)
    if actor.account_id == refund.requested_by_account_id:
        raise errors.SamePerson
    REFUND.move(refund, RefundStatus.REJECTED, actor=actor, at=at, reason=reason)
    if refund.settlement is not None and refund.charge is not None:
        Charge.objects.filter(pk=refund.charge.pk).update(refund_reserved=F("refund_reserved") - refund.amount)
        journal_post(
            key=f"refund-rejected:{refund.pk}", at=at,
            amounts={PATIENT_MONEY: refund.amount, income_account(refund.charge.scene, refund.charge.department_id): -refund.amount},
        )  # fmt: skip
    audit.record(actor, "refund.reject", at=at, subject=refund, reason=reason)
    return refund


def _waiting_refund(actor: Actor, refund_id: int) -> Refund:
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    # The order of locks: charge, then refund.
    Charge.objects.select_for_update(no_key=True).filter(refunds__pk=refund_id).first()
    refund = Refund.objects.select_for_update(no_key=True).filter(pk=refund_id).first()
    if refund is None:
        raise NotFound
    return refund


@within
def refund_finish(
    refund: Refund, *, actor: Actor, at: datetime, success_at: datetime, channel_refund_id: str = ""
) -> None:
    """The money is back with the payer: book it, move the charge, tell the app above afterwards."""
    REFUND.move(
        refund, RefundStatus.SUCCEEDED, actor=actor, at=at, success_at=success_at, recorded_at=at, next_query_at=None,
        channel_refund_id=channel_refund_id or refund.channel_refund_id, last_error="",
    )  # fmt: skip
    payment = refund.payment
    back = money_accounts(payment.channel, refund.amount, PaymentSplit.objects.filter(payment=payment).first())
    journal_post(
        key=f"refund:{refund.pk}", at=at,
        amounts={PATIENT_MONEY: refund.amount, **{account: -fen for account, fen in back.items()}},
    )  # fmt: skip
    charge = refund.charge
    if charge is not None:
        patient_tell(
            key=f"billing.refunded:{refund.pk}", patient_id=charge.patient_id, kind="billing.refunded", at=at,
            context={"yuan": format_yuan(refund.amount)}, url=f"/bills/{charge.number}/",
        )  # fmt: skip
    if refund.settlement_id is None or charge is None:
        return
    done = charge.refunds.filter(status=RefundStatus.SUCCEEDED).exclude(settlement=None).aggregate(n=Sum("amount"))["n"]
    if done >= charge.amount:
        CHARGE.move(charge, ChargeStatus.REFUNDED, actor=actor, at=at, ended_at=at)
    elif charge.status == ChargeStatus.PAID:
        CHARGE.move(charge, ChargeStatus.PART_REFUNDED, actor=actor, at=at)
    assert refund.settlement is not None
    invoice_adjust(refund.settlement, at=at)
    notice_post("charge.refunded", charge, at=at, once=f":{refund.pk}")
