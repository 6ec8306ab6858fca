"""Orders: placed, charged, paid, cancelled; the apps above are told (E3, PAY-09, PAY-16)."""

from datetime import datetime

import pytest
from django.db import transaction

from billing.models import Charge
from emr import charging, errors, kinds, services
from emr.models import Encounter, Order, Orderable
from hospital.kit import clock
from hospital.kit.problems import Problem
from hospital.kit.transactions import entry

from .conftest import Clinic, open_visit

pytestmark = pytest.mark.django_db


def test_an_order_is_charged_at_the_price_of_the_day(clinic: Clinic) -> None:
    order = clinic.order("lab-cbc", "lab-liver")
    charge = Charge.objects.get(pk=order.charge_id)
    assert (charge.amount, charge.status, charge.kind, charge.subject_id) == (5000, "open", charging.ORDER, order.pk)
    assert order.placer_number.startswith("L") and order.status == "placed"
    assert list(order.items.values_list("name", flat=True)) == ["血常规", "肝功能"]


def test_paid_moves_the_order_once(clinic: Clinic) -> None:
    order = clinic.order()
    clinic.pay(order)
    assert order.status == "paid"
    with transaction.atomic():
        charging.order_paid(order.charge_id, clock.now())
    order.refresh_from_db()
    assert order.status == "paid"


def test_a_cancelled_order_takes_its_charge_with_it(clinic: Clinic) -> None:
    order = clinic.order()
    patient = clinic.actor(clinic.cast.wang_fang)
    entry(services.order_cancel)(actor=patient, order_id=order.pk, at=clock.now(), reason="不做了")
    assert Charge.objects.get(pk=order.charge_id).status == "cancelled"
    assert Order.objects.get(pk=order.pk).status == "cancelled"


def test_a_stranger_cancels_nothing(clinic: Clinic) -> None:
    order = clinic.order()
    with pytest.raises(Problem, match="not-found"):
        entry(services.order_cancel)(actor=clinic.actor(clinic.cast.stranger), order_id=order.pk, at=clock.now())


def test_what_is_carried_out_is_neither_cancelled_nor_refunded_PAY09(clinic: Clinic) -> None:
    order = clinic.order()
    clinic.pay(order)
    charge = Charge.objects.get(pk=order.charge_id)
    assert charging.order_may_refund(charge, clock.now())
    entry(services.order_collect)(actor=clinic.li, order_id=order.pk, at=clock.now())
    assert not charging.order_may_refund(charge, clock.now())
    with pytest.raises(errors.OrderUnderWay):
        entry(services.order_cancel)(actor=clinic.li, order_id=order.pk, at=clock.now())


def test_an_unpaid_order_ends_with_its_charge(clinic: Clinic) -> None:
    order = clinic.order()
    Charge.objects.filter(pk=order.charge_id).update(status="expired", ended_at=clock.now())
    with transaction.atomic():
        charging.order_ended(order.charge_id, clock.now())
    order.refresh_from_db()
    assert (order.status, order.end_reason) == ("cancelled", "not paid in time")


def test_another_doctor_a_closed_visit_and_an_unknown_item_are_refused(clinic: Clinic) -> None:
    place, item = entry(services.order_place), [services.ItemSpec("lab-cbc")]
    other = clinic.actor(clinic.cast.other_doctor)
    with pytest.raises(errors.NotYourEncounter):
        place(actor=other, encounter_id=clinic.encounter.pk, kind="lab", items=item, at=clock.now())
    with pytest.raises(errors.UnknownItem):
        clinic.order("lab-nothing")
    with pytest.raises(errors.NothingOrdered):
        place(actor=clinic.li, encounter_id=clinic.encounter.pk, kind="lab", items=[], at=clock.now())
    Orderable.objects.filter(code="lab-tm").update(sex="1")
    with pytest.raises(errors.WrongSexForItem):
        clinic.order("lab-tm")
    entry(services.encounter_close)(actor=clinic.li, encounter_id=clinic.encounter.pk, at=clock.now())
    with pytest.raises(errors.EncounterClosed):
        clinic.order()
    assert not Order.objects.exists() and not Charge.objects.exists()


def test_the_app_above_is_told_by_notice_and_may_refuse(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int]] = []

    def refuse(encounter: Encounter, at: datetime) -> None:
        raise errors.EncounterClosed

    def item_of(code: str, at: datetime) -> kinds.ItemFacts:
        return kinds.ItemFacts(code, "放疗", "price-lab-cbc")

    kind = kinds.OrderKind(
        "tests.treatment", "Treatment", item_of=item_of,
        on_placed=lambda order_id, at: told.append(("placed", order_id)),
        on_paid=lambda order_id, at: told.append(("paid", order_id)),
        on_cancelled=lambda order_id, at: told.append(("cancelled", order_id)),
    )  # fmt: skip
    monkeypatch.setitem(kinds._orders, kind.name, kind)
    order = clinic.order("rt", kind=kind.name)
    assert not told, "nobody is called while the order is being written"
    clinic.tell()
    clinic.pay(order)
    clinic.tell()
    entry(services.order_cancel)(actor=clinic.li, order_id=order.pk, at=clock.now())
    clinic.tell()
    clinic.tell()
    assert told == [("placed", order.pk), ("paid", order.pk), ("cancelled", order.pk)]
    use = kinds.EncounterUse("tests.visit", "Visit", may_order=refuse)
    monkeypatch.setitem(kinds._encounters, use.name, use)
    Encounter.objects.filter(pk=clinic.encounter.pk).update(because=use.name, because_id=1)
    with pytest.raises(errors.EncounterClosed):
        clinic.order()


def test_the_same_reason_opens_one_encounter(clinic: Clinic) -> None:
    cast = clinic.cast
    values = {
        "actor": clinic.li, "patient_id": cast.wang_fang.patient_id, "kind": "N", "department_id": cast.oncology.pk,
        "doctor_id": cast.doctor_li.staff.pk, "because": "consult.visit", "because_id": 7, "at": clock.now(),
    }  # fmt: skip
    first = entry(services.encounter_open)(**values)
    assert entry(services.encounter_open)(**values).pk == first.pk
    assert first.number.startswith("N") and open_visit(cast).pk != first.pk
