"""Reads of billing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum

from hospital.audit import services as audit
from hospital.kit.actor import Actor, Role
from hospital.kit.kept import Given, Kept
from hospital.kit.problems import NotFound
from hospital.organisation.models import Staff
from hospital.organisation.selectors import cares_for
from hospital.people.models import Patient

from . import errors, policy
from .models import (
    DESK_CHANNELS,
    TERMINAL_CHANNELS,
    Channel,
    Charge,
    ChargeLine,
    DeskEntry,
    DeskShift,
    Invoice,
    Package,
    PayOrder,
    PriceItem,
    ReconCase,
    Refund,
    RefundLine,
)
from .states import LIVE_ORDER, LIVE_REFUND, ChargeStatus, InvoiceStatus, RefundStatus, ShiftStatus

# Asked by every line of every charge.
_PRICE = Kept(
    lambda: (
        _prices(Given("at"), Given("campus_id"))
        .filter(code=Given("code"))
        .order_by(F("campus_id").asc(nulls_last=True))[:1]
    )
)


def price_at(code: str, *, at: datetime, campus_id: int | None = None) -> PriceItem:
    """The price that holds at an instant: the campus's own before the hospital's (PAY-16). Raises NoPrice."""
    item = _PRICE.first(code=code, at=at, campus_id=campus_id)
    if item is None:
        raise errors.NoPrice(code=code)
    return item


def package_at(code: str, *, at: datetime, campus_id: int | None = None) -> Package | None:
    """The package that holds at an instant: the campus's own before the hospital's. One without items is none."""
    rows = _packages(at).filter(Q(campus=None) | Q(campus_id=campus_id), code=code, items__isnull=False)
    return rows.order_by(F("campus_id").asc(nulls_last=True)).first()


def _packages(at: datetime) -> QuerySet[Package]:
    return Package.objects.filter(Q(effective_to=None) | Q(effective_to__gt=at), effective_from__lte=at)


@dataclass(frozen=True, slots=True)
class PackagePrice:
    """A package as the price list shows it: its items with their quantities, and what they cost together today, in fen."""

    package: Package
    parts: list[tuple[PriceItem, int]]
    price: int


def packages_search(text: str, *, at: datetime) -> list[PackagePrice]:
    """Today's packages of the hospital whose name, pinyin, initials or code contain the words; without those that can't be
    charged because an item has no price today."""
    found = _packages(at).filter(campus=None).prefetch_related("items")
    for word in text.split()[:5]:
        found = found.filter(
            Q(name__icontains=word)
            | Q(pinyin__icontains=word)
            | Q(initials__icontains=word)
            | Q(code__istartswith=word)
        )
    packages = list(found.order_by("code")[:50])
    codes = {part.item_code for package in packages for part in package.items.all()}
    prices = {item.code: item for item in prices_at(at).filter(code__in=codes)}
    shown = []
    for package in packages:
        items = list(package.items.all())
        if items and all(part.item_code in prices for part in items):
            parts = [(prices[part.item_code], part.quantity) for part in items]
            shown.append(PackagePrice(package, parts, sum(item.price * many for item, many in parts)))
    return shown


def prices_at(at: datetime, campus_id: int | None = None) -> QuerySet[PriceItem]:
    """All prices that hold at an instant, of the hospital and of one campus."""
    return _prices(at, campus_id)


def _prices(at: datetime | Given, campus_id: int | Given | None) -> QuerySet[PriceItem]:
    return PriceItem.objects.filter(
        Q(effective_to=None) | Q(effective_to__gt=at), Q(campus=None) | Q(campus_id=campus_id), effective_from__lte=at
    )


# Every line with its package, in the order in which it was charged, so that pages and receipts can name them together.
_LINES = Prefetch("lines", ChargeLine.objects.select_related("package").order_by("pk"))


def charge_is_paid(charge_id: int) -> bool:
    """Paid and not promised back in full: the gate before a service is given."""
    return Charge.objects.filter(
        Q(refund_reserved__lt=F("amount")) | Q(amount=0),
        pk=charge_id,
        status__in=[ChargeStatus.PAID, ChargeStatus.PART_REFUNDED],
    ).exists()


def charges_open(charge_ids: Iterable[int]) -> list[int]:
    """Which of these can still be paid."""
    return list(Charge.objects.filter(pk__in=list(charge_ids), status=ChargeStatus.OPEN).values_list("pk", flat=True))


def open_charges_for(actor: Actor, *, at: datetime) -> QuerySet[Charge]:
    """Everything owed by the patients that this account acts for, soonest to expire first."""
    return (
        Charge.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), patient_id__in=actor.patient_ids)
        .filter(status=ChargeStatus.OPEN)
        .order_by(F("expires_at").asc(nulls_last=True), "pk")
    )


def prices_search(text: str, category: str, *, at: datetime) -> QuerySet[PriceItem]:
    """Today's prices whose name, pinyin, initials or code contain the words, in the order of the receipt."""
    found = prices_at(at).select_related("campus")
    if category:
        found = found.filter(category=category)
    for word in text.split()[:5]:
        found = found.filter(
            Q(name__icontains=word)
            | Q(pinyin__icontains=word)
            | Q(initials__icontains=word)
            | Q(code__istartswith=word)
        )
    return found.order_by("category", "code", "pk")


def charges_to_pay(actor: Actor, charge_ids: list[int] | None, *, at: datetime) -> list[Charge]:
    """What the cashier page shows: everything owed, or the charges asked for. Raises NotFound for someone else's."""
    if charge_ids is None:
        rows = open_charges_for(actor, at=at)
    else:
        rows = Charge.objects.filter(pk__in=charge_ids, patient_id__in=actor.patient_ids).order_by("pk")
        if rows.count() != len(charge_ids):
            raise NotFound
    return list(rows.select_related("patient").prefetch_related(_LINES))


def order_for(actor: Actor, number: str) -> PayOrder:
    """One's own order at a channel, with what it is for. Raises NotFound for someone else's."""
    rows = PayOrder.objects.prefetch_related("parts__charge__patient", "parts__charge__lines")
    order = rows.filter(number=number).first()
    if order is None or not policy.may_see_order(actor, order):
        raise NotFound
    return order


def live_order_of(charge_ids: list[int], channel: str, method: str, actor: Actor, *, at: datetime) -> PayOrder | None:
    """An order that one opened for exactly these charges in this way and that can still be paid."""
    if actor.account_id is None:
        return None
    rows = PayOrder.objects.filter(
        account_id=actor.account_id, channel=channel, method=method, status__in=LIVE_ORDER, close_wanted_at=None, expires_at__gt=at,
        parts__charge__in=charge_ids,
    ).prefetch_related("parts")  # fmt: skip
    for order in rows.distinct():
        if sorted(part.charge_id for part in order.parts.all()) == sorted(charge_ids):
            return order
    return None


def bills_for(actor: Actor) -> QuerySet[Charge]:
    """The bills of the patients that one acts for, newest first."""
    return (
        Charge.objects.filter(patient_id__in=actor.patient_ids)
        .select_related("patient")
        .prefetch_related(_LINES, "refunds")
        .order_by("-created_at", "-pk")
    )


def bill_for(actor: Actor, number: str, *, at: datetime) -> Charge:
    """One bill with everything about it; leaves an audit line. Raises NotFound for someone else's."""
    rows = Charge.objects.select_related("patient", "settlement__payment__order", "campus", "department")
    charge = rows.prefetch_related(_LINES, "refunds__payment", "refunds__lines__line").filter(number=number).first()
    if charge is None or not policy.may_see_charge(actor, charge):
        raise NotFound
    with transaction.atomic():
        audit.record(actor, "bill.read", at=at, subject=charge, patient_id=charge.patient_id)
    return charge


def paid_quantity(charge_id: int, item_code: str) -> int:
    """How many of an item are paid for and not promised back: what may still be given (TR-01, the second fee check)."""
    if not charge_is_paid(charge_id):
        return 0
    lines = ChargeLine.objects.filter(charge_id=charge_id, code=item_code)
    bought = lines.aggregate(n=Sum("quantity"))["n"] or 0
    live = [*LIVE_REFUND, RefundStatus.SUCCEEDED]
    returned = RefundLine.objects.filter(line__in=lines, refund__status__in=live).aggregate(n=Sum("quantity"))["n"] or 0
    return int(bought - returned)


def unit_prices(charge_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """(charge, item code) -> price of one in fen, as it was charged."""
    rows = ChargeLine.objects.filter(charge_id__in=charge_ids)
    return {(charge, code): price for charge, code, price in rows.values_list("charge_id", "code", "unit_price")}


def receipt_for(actor: Actor, number: str, *, at: datetime) -> Invoice:
    """One's own issued receipt; leaves an audit line. Raises NotFound for someone else's, and while it isn't issued."""
    rows = Invoice.objects.select_related("charge").filter(kind=Invoice.Kind.BLUE).exclude(code="")
    invoice = rows.filter(number=number).first()
    if invoice is None or not actor.acts_for(invoice.charge.patient_id):
        raise NotFound
    with transaction.atomic():
        audit.record(actor, "receipt.read", at=at, subject=invoice, patient_id=invoice.charge.patient_id)
    return invoice


def receipts_refused(actor: Actor) -> list[Invoice]:
    """What the invoice platform refused, oldest first."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    return list(Invoice.objects.filter(status=InvoiceStatus.REFUSED).select_related("charge").order_by("pk")[:200])


# --- The cash desk ------------------------------------------------------------------------------------------------
def desk_patient_for(actor: Actor, patient_id: int, *, at: datetime) -> tuple[Patient, list[Charge], list[Refund]]:
    """A patient at the counter: what is open, and which cash may be handed back. Leaves an audit line."""
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None or not policy.may_take_cash(actor):
        raise NotFound
    with transaction.atomic():
        audit.record(actor, "desk.bills_read", at=at, subject=patient, patient_id=patient_id)
    open_ones = Charge.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), patient_id=patient_id)
    charges = open_ones.filter(status=ChargeStatus.OPEN).prefetch_related(_LINES).order_by("pk")
    refunds = Refund.objects.filter(
        charge__patient_id=patient_id, payment__channel__in=DESK_CHANNELS, status=RefundStatus.APPROVED
    ).select_related("charge", "payment")
    return patient, list(charges), list(refunds.order_by("pk"))


@dataclass(frozen=True, slots=True)
class Desk:
    """A cashier's desk as its page shows it; fen."""

    shift: DeskShift | None
    taken: int
    given: int
    card: int
    drawer: int
    counted: list[DeskShift]  # one's own that wait for a second person
    to_check: list[DeskShift]  # those of others


def desk_for(actor: Actor) -> Desk:
    """The open shift of this cashier, with what its books say lies in the drawer."""
    waiting = list(
        DeskShift.objects.filter(status=ShiftStatus.COUNTED).select_related("staff").order_by("counted_at")[:50]
    )
    own = [one for one in waiting if one.staff_id == actor.staff_id]
    others = [one for one in waiting if one.counted_by_account_id != actor.account_id]
    shift = DeskShift.objects.filter(staff_id=actor.own_staff_id, status=ShiftStatus.OPEN).first()
    cash = DeskEntry.objects.filter(shift=shift, channel=Channel.CASH) if shift else DeskEntry.objects.none()
    taken = int(cash.filter(amount__gt=0).aggregate(fen=Sum("amount"))["fen"] or 0)
    given = -int(cash.filter(amount__lt=0).aggregate(fen=Sum("amount"))["fen"] or 0)
    card = (
        DeskEntry.objects.filter(shift=shift, channel__in=TERMINAL_CHANNELS).aggregate(fen=Sum("amount"))["fen"]
        if shift
        else 0
    )
    drawer = (shift.float_fen if shift else 0) + taken - given
    return Desk(shift, taken, given, int(card or 0), drawer, own, others)


# --- The finance office -------------------------------------------------------------------------------------------
def case_for(actor: Actor, case_id: int) -> ReconCase:
    case = ReconCase.objects.select_related("owner").filter(pk=case_id).first()
    if case is None or not actor.is_any(Role.FINANCE):
        raise NotFound
    return case


_USUAL = {
    "D1": "query", "D2": "query", "D3": "return", "D4": "book", "D7": "return", "D8": "resend", "D9": "query", "D10": "book"
}  # fmt: skip


# What no verb of ours can mend: somebody has to ask the channel, and write down what it said.
_ASKED_BY_HAND = {"unknown-order", "fee", "refund-unknown-here", "refund-listed-twice", "listed-twice"}


def usual_action(case: ReconCase) -> str:
    """What PAY-05 would do first."""
    return "explain" if case.reason in _ASKED_BY_HAND else _USUAL.get(case.difference, "explain")


def case_people(case: ReconCase) -> dict[str, str]:
    """Who proposed and who approved, by name."""
    accounts = {"proposed": case.proposed_by_account_id, "approved": case.approved_by_account_id}
    names = dict(
        Staff.objects.filter(account_id__in=[one for one in accounts.values() if one]).values_list("account_id", "name")
    )
    return {role: names[account_id] for role, account_id in accounts.items() if account_id in names}


def refund_queue(actor: Actor) -> tuple[list[Refund], list[Refund]]:
    """Refunds that wait for a second person, and those that the channel refused."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    name = Staff.objects.filter(account_id=OuterRef("requested_by_account_id")).values("name")[:1]
    rows = (
        Refund.objects.select_related("charge__patient", "payment")
        .prefetch_related("lines__line")
        .annotate(requester=Subquery(name), back_before=F("charge__refund_reserved") - F("amount"))
        .order_by("requested_at")
    )
    return list(rows.filter(status=RefundStatus.REQUESTED)[:200]), list(rows.filter(status=RefundStatus.FAILED)[:200])


# --- In the consulting room ---------------------------------------------------------------------------------------
def charges_in_care(actor: Actor, charge_ids: list[int], *, at: datetime) -> list[Charge]:
    """Bills of patients whom this carer treats; leaves an audit line. Raises NotFound for anybody else's."""
    charges = list(Charge.objects.filter(pk__in=charge_ids))
    patients = {charge.patient_id for charge in charges}
    if len(charges) != len(charge_ids) or not all(cares_for(actor, patient, at=at) for patient in patients):
        raise NotFound
    with transaction.atomic():
        for charge in charges:
            audit.record(actor, "bill.read", at=at, subject=charge, patient_id=charge.patient_id)
    return charges


def order_in_care(actor: Actor, number: str) -> PayOrder:
    """The order that this carer put on the screen."""
    order = PayOrder.objects.filter(number=number, staff_id__isnull=False).first()
    if order is None or order.staff_id != actor.staff_id:
        raise NotFound
    return order
