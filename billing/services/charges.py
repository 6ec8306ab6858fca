"""Charges: made at the price of the moment, cancelled, expired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from hospital.kit.actor import Actor, system
from hospital.kit.money import total
from hospital.kit.transactions import entry, within

from .. import errors, kinds, selectors
from ..models import Charge, PayOrder, PayOrderCharge, PriceItem
from ..numbers import NEXT_SQL, head
from ..parameters import LATE_SECONDS
from ..states import CHARGE, LIVE_ORDER, ChargeStatus
from .notices import notice_post
from .refunds import refund_request


@dataclass(frozen=True, slots=True)
class LineSpec:
    """So many of one item of the price list, or of one package of items."""

    item_code: str
    quantity: int = 1


# `{lines}`: a parameter for each line.
_WRITE = f"""
WITH charge AS (
    INSERT INTO billing_charge (
        number, kind, subject_id, scene, patient_id, account_id, campus_id, department_id, amount, refund_reserved, status,
        created_at, expires_at
    ) SELECT
        {NEXT_SQL}, %(kind)s, %(subject_id)s, %(scene)s, %(patient_id)s, %(account_id)s, %(campus_id)s, %(department_id)s,
        %(amount)s, 0, %(status)s, %(at)s, %(expires_at)s
    RETURNING id, number
), lines AS (
    INSERT INTO billing_chargeline (
        charge_id, price_item_id, package_id, code, name, category, unit, unit_price, quantity, amount
    ) SELECT charge.id, price_item_id, package_id::bigint, code, name, category, unit, unit_price, quantity, amount
    FROM charge, (VALUES {{lines}})
        AS line (price_item_id, package_id, code, name, category, unit, unit_price, quantity, amount)
)
SELECT id, number FROM charge
"""  # noqa: S608 - constants only


@within
def charge_create(
    *,
    actor: Actor,
    patient_id: int,
    kind: str,
    subject_id: int,
    lines: Sequence[LineSpec],
    at: datetime,
    expires_at: datetime | None = None,
    campus_id: int | None = None,
    department_id: int | None = None,
) -> Charge:
    """Owe something: `lines` at the prices that hold `at`, at the campus or everywhere (PAY-16). A package of items
    becomes a line for each of them.

    Raises NoPrice, NothingToCharge. What costs nothing is paid at once. One live charge per (kind, subject_id):
    a second one is refused by the database.
    """
    if not lines:
        raise errors.NothingToCharge
    registered = kinds.get(kind)
    priced = [part for spec in lines for part in _priced(spec, at=at, campus_id=campus_id)]
    amount = total(part.item.price * part.quantity for part in priced)
    charge = Charge(
        kind=kind, subject_id=subject_id, scene=registered.scene, patient_id=patient_id, account_id=actor.account_id,
        campus_id=campus_id, department_id=department_id, amount=amount, created_at=at, expires_at=expires_at,
    )  # fmt: skip
    _write(charge, priced, at=at)
    CHARGE.begin(charge, actor=actor, at=at)
    if amount == 0:
        CHARGE.move(charge, ChargeStatus.PAID, actor=actor, at=at, reason="nothing to pay", paid_at=at)
        notice_post("charge.paid", charge, at=at)
    return charge


@dataclass(frozen=True, slots=True)
class _Priced:
    item: PriceItem
    quantity: int
    package_id: int | None = None


def _priced(spec: LineSpec, *, at: datetime, campus_id: int | None) -> list[_Priced]:
    """The lines that a spec becomes; packages are looked for only where no item has the code: every booking passes here."""
    try:
        return [_Priced(selectors.price_at(spec.item_code, at=at, campus_id=campus_id), spec.quantity)]
    except errors.NoPrice:
        package = selectors.package_at(spec.item_code, at=at, campus_id=campus_id)
        if package is None:
            raise
    parts = package.items.order_by("pk")
    return [
        _Priced(
            selectors.price_at(part.item_code, at=at, campus_id=campus_id), spec.quantity * part.quantity, package.pk
        )
        for part in parts
    ]


@dataclass(frozen=True, slots=True)
class ChargeSpec:
    """What one of many owes: one line, at a price that the caller has read (selectors.price_at)."""

    actor: Actor
    patient_id: int
    subject_id: int
    kind: str
    item: PriceItem
    expires_at: datetime
    campus_id: int
    department_id: int


# One line each.
_WRITE_MANY = """
WITH asked AS (
    SELECT asked.*, code, name, category, unit, price FROM unnest(
        %(kind)s::text[], %(subject_id)s::bigint[], %(scene)s::text[], %(patient_id)s::bigint[], %(account_id)s::bigint[],
        %(campus_id)s::bigint[], %(department_id)s::bigint[], %(item_id)s::bigint[], %(expires_at)s::timestamptz[]
    ) AS asked (kind, subject_id, scene, patient_id, account_id, campus_id, department_id, item_id, expires_at)
    JOIN billing_priceitem AS item ON item.id = asked.item_id
), charge AS (
    INSERT INTO billing_charge (
        number, kind, subject_id, scene, patient_id, account_id, campus_id, department_id, amount, refund_reserved, status,
        created_at, expires_at
    ) SELECT
        %(number_head)s || lpad(counted, greatest(10, length(counted)), '0'), kind, subject_id, scene, patient_id, account_id,
        campus_id, department_id, price, 0, %(status)s, %(at)s, expires_at
    FROM (SELECT nextval('billing_number')::text AS counted, asked.* FROM asked) AS charged
    RETURNING id, number, subject_id, kind
), lines AS (
    INSERT INTO billing_chargeline (charge_id, price_item_id, code, name, category, unit, unit_price, quantity, amount)
    SELECT charge.id, asked.item_id, code, name, category, unit, price, 1, price
    FROM charge JOIN asked USING (kind, subject_id)
)
SELECT subject_id, id, number FROM charge
"""


@within
def charges_create(specs: Sequence[ChargeSpec], *, at: datetime) -> list[Charge]:
    """`charge_create` for many who owe something each: nothing here is free of charge."""
    charges = [
        Charge(
            kind=spec.kind, subject_id=spec.subject_id, scene=kinds.get(spec.kind).scene, patient_id=spec.patient_id,
            account_id=spec.actor.account_id, campus_id=spec.campus_id, department_id=spec.department_id,
            amount=spec.item.price, created_at=at, expires_at=spec.expires_at,
        )
        for spec in specs
    ]  # fmt: skip
    rows: dict[str, Any] = {
        name: [getattr(charge, name) for charge in charges]
        for name in (
            "kind",
            "subject_id",
            "scene",
            "patient_id",
            "account_id",
            "campus_id",
            "department_id",
            "expires_at",
        )
    }
    rows |= {
        "item_id": [spec.item.pk for spec in specs],
        "number_head": head("B", at),
        "status": ChargeStatus.OPEN.value,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_MANY, rows)
        made = {subject_id: (pk, number) for subject_id, pk, number in cursor.fetchall()}
    for charge in charges:
        charge.pk, charge.number = made[charge.subject_id]
        charge._state.adding, charge._state.db = False, connection.alias
    CHARGE.begin_each([(charge, spec.actor) for charge, spec in zip(charges, specs, strict=True)], at=at)
    return charges


def _write(charge: Charge, priced: Sequence[_Priced], *, at: datetime) -> None:
    """The charge, numbered, and its lines in one statement: every booking of a rush waits for it."""
    lines = [
        (item.pk, part.package_id, item.code, item.name, item.category, item.unit, item.price, part.quantity,
         item.price * part.quantity)
        for part in priced
        for item in (part.item,)
    ]  # fmt: skip
    asked: dict[str, Any] = {
        "number_head": head("B", at), "kind": charge.kind, "subject_id": charge.subject_id, "scene": charge.scene,
        "patient_id": charge.patient_id, "account_id": charge.account_id, "campus_id": charge.campus_id,
        "department_id": charge.department_id, "amount": charge.amount, "status": charge.status, "at": at,
        "expires_at": charge.expires_at,
    }  # fmt: skip
    asked |= {f"line{number}": line for number, line in enumerate(lines)}
    places = ", ".join(f"%(line{number})s" for number in range(len(lines)))
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.format(lines=places), asked)
        charge.pk, charge.number = cursor.fetchone()
    charge._state.adding, charge._state.db = False, connection.alias


@within
def charge_cancel(*, actor: Actor, charge_id: int, at: datetime, reason: str) -> None:
    """Take a charge back: an open one ends, what was paid goes back in full. Nothing happens to an ended one.

    Raises RefundRefused when it was executed, dispensed or used (PAY-09).
    """
    charge = Charge.objects.select_for_update(no_key=True).get(pk=charge_id)
    if charge.status == ChargeStatus.OPEN:
        CHARGE.move(charge, ChargeStatus.CANCELLED, actor=actor, at=at, reason=reason, ended_at=at)
        _close_orders(charge, at)
    elif charge.status in {ChargeStatus.PAID, ChargeStatus.PART_REFUNDED} and charge.refund_reserved < charge.amount:
        refund_request(actor=actor, charge_id=charge_id, at=at, reason=reason, key=f"cancel:{charge_id}")


def _close_orders(charge: Charge, at: datetime) -> None:
    """Ask for the channel's orders of a charge to be closed; the intents sweep does it outside this transaction."""
    PayOrder.objects.filter(parts__charge=charge, status__in=LIVE_ORDER).update(close_wanted_at=at, next_query_at=at)


def charges_expire(*, at: datetime) -> int:
    """The sweep: unpaid charges past their time expire and the app above is told (PAY-11).

    One with an order at a channel waits a little for the channel's last word, so that a payment of the last second
    is booked rather than sent back (G02).
    """
    in_flight = PayOrderCharge.objects.filter(charge=OuterRef("pk"), order__status__in=LIVE_ORDER)
    due = Charge.objects.filter(status=ChargeStatus.OPEN, expires_at__lte=at).annotate(in_flight=Exists(in_flight))
    late = at - timedelta(seconds=LATE_SECONDS.at(at))
    done = 0
    for charge_id, expires_at, waiting in due.order_by("expires_at").values_list("pk", "expires_at", "in_flight")[:500]:
        if waiting and expires_at and expires_at > late:
            continue
        done += _charge_expire(charge_id=charge_id, at=at)
    return done


@entry
def _charge_expire(*, charge_id: int, at: datetime) -> int:
    rows = Charge.objects.select_for_update(no_key=True, skip_locked=True)
    charge = rows.filter(pk=charge_id, status=ChargeStatus.OPEN, expires_at__lte=at).first()
    if charge is None:
        return 0
    CHARGE.move(charge, ChargeStatus.EXPIRED, actor=system("billing.expiry"), at=at, ended_at=at)
    _close_orders(charge, at)
    notice_post("charge.expired", charge, at=at)
    return 1
