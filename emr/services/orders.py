"""Placing, paying, carrying out and taking back orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.services import LineSpec, charge_cancel, charge_create
from hospital.audit.services import record
from hospital.kit.actor import Actor, Role, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import within

from .. import kinds, notices, parameters, policy, states
from ..errors import NothingOrdered, OrderNotPaid, OrderUnderWay, UnknownItem, WrongSexForItem
from ..models import Encounter, Order, OrderItem, OrderStatus
from ..numbers import next_number

ORDER_CHARGE = "emr.order"
HOUSE = system("emr.orders")


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """What is asked for: a code of the kind's catalogue, how many."""

    code: str
    quantity: int = 1


@within
def order_place(
    *,
    actor: Actor,
    encounter_id: int,
    kind: str,
    items: Sequence[ItemSpec],
    at: datetime,
    indication: str = "",
    note: str = "",
) -> Order:
    """Place one order of one kind; its charge is open until the patient pays it."""
    encounter = Encounter.objects.select_related("patient", "doctor").get(pk=encounter_id)
    policy.must_treat(actor, encounter)
    policy.must_be_open(encounter)
    policy.must_be_licensed(encounter.doctor)
    kinds.encounter_use(encounter).may_order(encounter, at)
    facts = _facts(kinds.order_kind(kind), items, encounter.patient.sex, at)
    order = Order.objects.create(
        placer_number=next_number(kind[:1].upper(), at), kind=kind, patient=encounter.patient, encounter=encounter,
        doctor=encounter.doctor, department_id=encounter.department_id, indication=indication, note=note, placed_at=at,
    )  # fmt: skip
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order, code=fact.code, name=fact.name, quantity=spec.quantity, price_code=fact.price_code,
            preparation=fact.preparation, position=position,
        )
        for position, (fact, spec) in enumerate(facts)
    )  # fmt: skip
    states.ORDER.begin(order, actor=actor, at=at)
    _charge(order, [(fact, spec) for fact, spec in facts if fact.price_code], actor, at)
    notices.tell("order.placed", order.pk, at)
    record(actor, "order.place", at=at, subject=order, patient_id=order.patient_id)
    return order


def _facts(
    kind: kinds.OrderKind, items: Sequence[ItemSpec], sex: str, at: datetime
) -> list[tuple[kinds.ItemFacts, ItemSpec]]:
    if not items:
        raise NothingOrdered
    found: dict[str, tuple[kinds.ItemFacts, ItemSpec]] = {}
    for spec in items:
        facts = kind.item_of(spec.code, at)
        if facts is None or spec.quantity < 1:
            raise UnknownItem(code=spec.code)
        if facts.sex and sex in {"1", "2"} and facts.sex != sex:
            raise WrongSexForItem(name=facts.name)
        found[spec.code] = (facts, spec)
    return list(found.values())


def _charge(order: Order, facts: Sequence[tuple[kinds.ItemFacts, ItemSpec]], actor: Actor, at: datetime) -> None:
    """What costs something is owed now, at the price of today (PAY-16); an order free of charge goes on at once."""
    if not facts:
        order_paid(order=order, at=at)
        return
    charge = charge_create(
        actor=actor, patient_id=order.patient_id, kind=ORDER_CHARGE, subject_id=order.pk, at=at,
        lines=[LineSpec(fact.price_code, spec.quantity) for fact, spec in facts],
        expires_at=at + timedelta(days=parameters.ORDER_DAYS.at(at)), campus_id=order.department.campus_id,
        department_id=order.department_id,
    )  # fmt: skip
    order.charge_id = charge.pk
    order.save(update_fields=["charge_id"])


@within
def order_paid(*, order: Order, at: datetime) -> None:
    """It is paid for: tell the app that carries it out. Called by the charge (emr/charging.py)."""
    states.ORDER.move(order, OrderStatus.PAID, actor=HOUSE, at=at, paid_at=at)
    notices.tell("order.paid", order.pk, at)


def locked(order_id: int) -> Order:
    return Order.objects.select_for_update(no_key=True).select_related("encounter", "patient").get(pk=order_id)


@within
def order_cancel(*, actor: Actor, order_id: int, at: datetime, reason: str = "") -> Order:
    """Take an order back before it is carried out: by its doctor, by the patient, or by the house (refunded)."""
    order = locked(order_id)
    if order.status == OrderStatus.CANCELLED:
        return order
    if not (actor.is_system or actor.acts_for(order.patient_id)):
        policy.must_treat(actor, order.encounter)
    may_still_cancel(order, at)
    states.ORDER.move(order, OrderStatus.CANCELLED, actor=actor, at=at, reason=reason, ended_at=at, end_reason=reason)
    if order.charge_id is not None:
        charge_cancel(actor=actor, charge_id=order.charge_id, at=at, reason=reason or "order cancelled")
    notices.tell("order.cancelled", order.pk, at)
    record(actor, "order.cancel", at=at, subject=order, patient_id=order.patient_id, reason=reason)
    return order


def may_still_cancel(order: Order, at: datetime) -> None:
    """Asked before an order is cancelled and before it is refunded: what was carried out isn't taken back."""
    if order.status not in {OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.SCHEDULED}:
        raise OrderUnderWay
    ask = kinds.order_kind(order.kind).may_cancel
    if ask is not None:
        ask(order, at)


@within
def order_stop(*, actor: Actor, order_id: int, at: datetime, reason: str) -> Order:
    """Stop an order that has begun: what is left isn't done; the upper app settles what is owed back (TR-01)."""
    order = locked(order_id)
    if not actor.is_system:
        policy.must_treat(actor, order.encounter)
    states.ORDER.move(order, OrderStatus.STOPPED, actor=actor, at=at, reason=reason, ended_at=at, end_reason=reason)
    notices.tell("order.cancelled", order.pk, at)
    record(actor, "order.stop", at=at, subject=order, patient_id=order.patient_id, reason=reason)
    return order


@within
def order_schedule(*, actor: Actor, order_id: int, at: datetime) -> Order:
    """A time was booked for it; called by the app that books."""
    order = locked(order_id)
    states.ORDER.move(order, OrderStatus.SCHEDULED, actor=actor, at=at)
    return order


@within
def order_unschedule(*, actor: Actor, order_id: int, at: datetime, reason: str = "") -> Order:
    """Its time was given back: it waits to be booked again."""
    order = locked(order_id)
    states.ORDER.move(order, OrderStatus.PAID, actor=actor, at=at, reason=reason)
    return order


@within
def order_collect(*, actor: Actor, order_id: int, at: datetime) -> Order:
    """It has begun: the specimen is taken, the patient is in the exam or treatment room."""
    order = locked(order_id)
    states.ORDER.move(order, OrderStatus.COLLECTED, actor=actor, at=at, collected_at=at)
    record(actor, "order.collect", at=at, subject=order, patient_id=order.patient_id)
    return order


@within
def specimen_take(*, actor: Actor, order_id: int, at: datetime) -> Order:
    """The specimen of a paid laboratory order is taken, by whom the audit line says. Raises NotFound, OrderNotPaid."""
    if not actor.is_any(Role.NURSE, Role.TECHNICIAN):
        raise NotFound
    order = locked(order_id)
    if order.status == OrderStatus.PLACED:
        raise OrderNotPaid
    return order_collect(actor=actor, order_id=order_id, at=at)


@within
def order_close(*, actor: Actor, order_id: int, at: datetime, reason: str = "") -> Order:
    """All of it is done."""
    order = locked(order_id)
    states.ORDER.move(order, OrderStatus.CLOSED, actor=actor, at=at, reason=reason, ended_at=at, end_reason=reason)
    return order


@within
def order_of_number(placer_number: str) -> Order:
    """The order with a placer number; NotFound when there is none."""
    order = Order.objects.filter(placer_number=placer_number).first()
    if order is None:
        raise NotFound
    return order
