"""A charge from the price list to its end: PAY-09, PAY-11, PAY-16, G06."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing import errors, kinds, selectors, services
from billing.models import Charge, Entry, Notice, Payment, PriceItem, Refund
from billing.services.payments import payment_take
from billing.services.refunds import refund_finish
from billing.states import ChargeStatus, PayOrderStatus, RefundStatus
from hospital.kit.actor import system
from tests.billing.conftest import KIND, House
from tests.cast import actor_of_person

pytestmark = pytest.mark.django_db

ROBOT = system("tests")


def take(
    house: House, order: object, amount: int | None = None, number: str = "42001", at: datetime | None = None
) -> Payment:
    money = services.Money(number, order.amount if amount is None else amount, at or house.at, "query")  # type: ignore[attr-defined]
    with transaction.atomic():
        return payment_take(order_id=order.pk, money=money, at=at or house.at, actor=ROBOT)  # type: ignore[attr-defined]


def ask_back(house: House, charge: Charge, key: str = "k1", lines: list[services.LineSpec] | None = None) -> Refund:
    with transaction.atomic():
        return services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=house.at, reason="退号", key=key,
            lines=lines,
        )  # fmt: skip


def test_the_charged_price_is_the_price_at_order_time_pay_16(house: House) -> None:
    old = PriceItem.objects.get(code="REG-1")
    changes = house.at + timedelta(hours=1)
    PriceItem.objects.filter(pk=old.pk).update(effective_to=changes)
    PriceItem.objects.create(
        code="REG-1", name=old.name, category=old.category, price=6000, unit="次", effective_from=changes
    )
    assert house.owe(house.cast.wang_fang).amount == 5000
    assert house.owe(house.cast.wang_fang, at=changes).amount == 6000
    assert house.owe(house.cast.wang_fang, ("LAB-1", 3), ("REG-1", 1)).amount == 3 * 2050 + 5000


def test_a_campus_price_goes_before_the_hospitals(house: House) -> None:
    PriceItem.objects.create(
        code="REG-1", name="挂号", category="registration", price=7000, unit="次", campus=house.cast.campus,
        effective_from=house.at - timedelta(days=1),
    )  # fmt: skip
    assert selectors.price_at("REG-1", at=house.at, campus_id=house.cast.campus.pk).price == 7000
    assert selectors.price_at("REG-1", at=house.at).price == 5000


def test_two_prices_of_one_item_never_overlap(house: House) -> None:
    with pytest.raises(IntegrityError, match="billing_price_overlap"), transaction.atomic():
        PriceItem.objects.create(
            code="REG-1", name="挂号", category="registration", price=1, unit="次", effective_from=house.at
        )


def test_what_has_no_price_can_not_be_charged(house: House) -> None:
    with pytest.raises(errors.NoPrice):
        house.owe(house.cast.wang_fang, ("NOT-THERE", 1))
    with pytest.raises(errors.NothingToCharge), transaction.atomic():
        services.charge_create(
            actor=ROBOT, patient_id=house.cast.wang_fang.patient_id, kind=KIND, subject_id=9, lines=[], at=house.at
        )


def test_what_costs_nothing_is_paid_at_once(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, ("FREE", 1))
    assert charge.status == ChargeStatus.PAID and selectors.charge_is_paid(charge.pk)
    services.notices_deliver(at=house.at)
    assert house.thing.told == [("paid", charge.pk)]


def test_one_payment_settles_several_bills_and_tells_the_app_above(house: House) -> None:
    charges = [house.owe(house.cast.wang_fang), house.owe(house.cast.mother, ("LAB-1", 1))]
    order = house.order(*charges)
    assert order.amount == 7050
    take(house, order)
    assert all(selectors.charge_is_paid(charge.pk) for charge in charges)
    assert services.notices_deliver(at=house.at) == 2
    assert house.thing.told == [("paid", charges[0].pk), ("paid", charges[1].pk)]


def test_the_same_payment_told_again_changes_nothing_g06(house: House) -> None:
    order = house.order(house.owe(house.cast.wang_fang))
    before = (take(house, order), Entry.objects.count())
    assert (take(house, order), Entry.objects.count()) == before
    assert Notice.objects.filter(topic="charge.paid").count() == 1


def test_a_failing_app_above_never_loses_the_money_and_is_told_again(house: House) -> None:
    order = house.order(house.owe(house.cast.wang_fang))
    house.thing.broken = True
    take(house, order)
    assert services.notices_deliver(at=house.at) == 0
    assert "the app above is broken" in Notice.objects.get().last_error
    assert Payment.objects.count() == 1
    house.thing.broken = False
    assert services.notices_deliver(at=house.at + timedelta(hours=2)) == 1


def test_a_second_real_payment_is_kept_and_owed_back(house: House) -> None:
    charge = house.owe(house.cast.wang_fang)
    first, second = house.order(charge), house.order(charge)
    take(house, first, number="A")
    take(house, second, number="B")
    refund = Refund.objects.get()
    assert (refund.payment.transaction_id, refund.amount, refund.status) == ("B", 5000, RefundStatus.APPROVED)
    assert refund.settlement is None and selectors.charge_is_paid(charge.pk)


@pytest.mark.parametrize("paid", [4999, 5001])
def test_an_amount_that_is_not_the_orders_settles_nothing_and_goes_back(house: House, paid: int) -> None:
    charge = house.owe(house.cast.wang_fang)
    take(house, house.order(charge), amount=paid)
    assert not selectors.charge_is_paid(charge.pk)
    assert Refund.objects.get().amount == paid


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_payment_for_an_ended_bill_goes_back_g02(house: House, end: str) -> None:
    charge = house.owe(house.cast.wang_fang)
    order = house.order(charge)
    later = house.at + timedelta(hours=1)
    if end == "expired":
        assert services.charges_expire(at=later) == 1
    else:
        with transaction.atomic():
            services.charge_cancel(actor=ROBOT, charge_id=charge.pk, at=later, reason="不去了")
    take(house, order, at=later)
    charge.refresh_from_db()
    assert charge.status == end
    assert Refund.objects.get().amount == 5000
    order.refresh_from_db()
    assert order.status == PayOrderStatus.PAID


def test_a_bill_with_an_order_in_flight_waits_for_the_channels_last_word(house: House) -> None:
    charge = house.owe(house.cast.wang_fang)
    house.order(charge)
    end = charge.expires_at
    assert end is not None
    assert services.charges_expire(at=end + timedelta(seconds=1)) == 0
    assert services.charges_expire(at=end + timedelta(seconds=61)) == 1
    services.notices_deliver(at=end + timedelta(seconds=61))
    assert house.thing.told == [("expired", charge.pk)]


def test_an_expired_bill_can_not_be_ordered_any_more(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, minutes=10)
    with pytest.raises(errors.NotPayable):
        house.order(charge, at=house.at + timedelta(minutes=10))


def test_one_live_bill_for_one_thing(house: House) -> None:
    charge = house.owe(house.cast.wang_fang)
    house.subject -= 1
    with pytest.raises(IntegrityError, match="billing_one_live_charge"):
        house.owe(house.cast.wang_fang)
    with transaction.atomic():
        services.charge_cancel(actor=ROBOT, charge_id=charge.pk, at=house.at, reason="改约")
    house.subject -= 1
    assert house.owe(house.cast.wang_fang).status == ChargeStatus.OPEN


def test_a_refund_goes_back_in_parts_and_never_beyond_what_was_paid_pay_09(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, ("TRT-1", 3))
    take(house, house.order(charge))
    one = ask_back(house, charge, "one", [services.LineSpec("TRT-1", 1)])
    with transaction.atomic():
        refund_finish(one, actor=ROBOT, at=house.at, success_at=house.at)
    charge.refresh_from_db()
    assert (charge.status, charge.refund_reserved) == (ChargeStatus.PART_REFUNDED, 80000)
    assert selectors.charge_is_paid(charge.pk)
    with pytest.raises(errors.RefundTooMuch):
        ask_back(house, charge, "two", [services.LineSpec("TRT-1", 3)])
    rest = ask_back(house, charge, "rest")
    assert rest.amount == 160000 and not selectors.charge_is_paid(charge.pk)
    with transaction.atomic():
        refund_finish(rest, actor=ROBOT, at=house.at, success_at=house.at)
    charge.refresh_from_db()
    assert charge.status == ChargeStatus.REFUNDED
    services.notices_deliver(at=house.at)
    assert house.thing.told == [("paid", charge.pk), ("refunded", charge.pk), ("refunded", charge.pk)]


def test_the_same_refund_key_is_the_same_refund(house: House) -> None:
    charge, other = house.owe(house.cast.wang_fang), house.owe(house.cast.wang_fang)
    take(house, house.order(charge, other))
    assert ask_back(house, charge).pk == ask_back(house, charge).pk
    with pytest.raises(errors.OtherRequest):
        ask_back(house, other)


def test_what_was_used_or_never_paid_is_not_refunded(house: House) -> None:
    charge, unpaid = house.owe(house.cast.wang_fang), house.owe(house.cast.wang_fang)
    take(house, house.order(charge))
    with pytest.raises(errors.NotPaid):
        ask_back(house, unpaid)
    house.thing.used = True
    with pytest.raises(errors.RefundRefused):
        ask_back(house, charge)


def test_what_was_used_of_a_bill_stays_and_the_rest_goes_back_pay_09(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kinds._kinds, KIND, replace(kinds.get(KIND), used=lambda charge: {"TRT-1": 2}))
    charge = house.owe(house.cast.wang_fang, ("TRT-1", 3), ("REG-1", 1))
    take(house, house.order(charge))
    with pytest.raises(errors.RefundRefused):
        ask_back(house, charge, "two", [services.LineSpec("TRT-1", 2)])
    with pytest.raises(errors.RefundTooMuch):
        ask_back(house, charge, "other", [services.LineSpec("REG-1", 2)])
    assert ask_back(house, charge, "all").amount == 80000 + 5000
    with pytest.raises(errors.RefundRefused):
        ask_back(house, charge, "more")


def test_a_large_refund_asked_for_by_staff_needs_a_second_person_pay_05(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, ("TRT-1", 1))
    take(house, house.order(charge))
    maker, checker = actor_of_person(house.cast.finance), actor_of_person(house.cast.second_finance)
    with transaction.atomic():
        refund = services.refund_request(actor=maker, charge_id=charge.pk, at=house.at, reason="停诊", key="k")
    assert refund.status == RefundStatus.REQUESTED
    with pytest.raises(errors.SamePerson):
        services.refund_approve(actor=maker, refund_id=refund.pk, at=house.at)
    services.refund_approve(actor=checker, refund_id=refund.pk, at=house.at)
    refund.refresh_from_db()
    assert refund.status == RefundStatus.APPROVED


def test_a_large_refund_cut_into_small_ones_needs_the_second_person_too_pay_05(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, ("LAB-1", 20), ("REG-1", 10))
    take(house, house.order(charge))
    maker, made = actor_of_person(house.cast.finance), []
    for number in range(4):
        with transaction.atomic():
            made.append(services.refund_request(
                actor=maker, charge_id=charge.pk, at=house.at, reason="停诊", key=f"k{number}",
                lines=[services.LineSpec("LAB-1", 5)] if number else [services.LineSpec("REG-1", 4)],
            ))  # fmt: skip
    assert [refund.amount for refund in made] == [20000, 10250, 10250, 10250], "each is below the limit of 500 yuan"
    waits = [refund.status == RefundStatus.REQUESTED for refund in made]
    assert waits == [False, False, False, True], "the last one would make it more in all"


def test_an_item_that_stands_in_two_lines_goes_back_from_both(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, ("LAB-1", 1), ("REG-1", 1), ("LAB-1", 2))
    take(house, house.order(charge))
    with pytest.raises(errors.RefundTooMuch):
        ask_back(house, charge, "four", [services.LineSpec("LAB-1", 4)])
    three = ask_back(house, charge, "three", [services.LineSpec("LAB-1", 1), services.LineSpec("LAB-1", 2)])
    assert three.amount == 3 * 2050
    assert sorted(three.lines.values_list("line__quantity", "quantity")) == [(1, 1), (2, 2)]
    with pytest.raises(errors.RefundTooMuch):
        ask_back(house, charge, "again", [services.LineSpec("LAB-1", 1)])


def test_the_same_key_for_other_lines_is_another_request_g09(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, ("LAB-1", 3))
    take(house, house.order(charge))
    first = ask_back(house, charge, "k", [services.LineSpec("LAB-1", 1)])
    assert ask_back(house, charge, "k", [services.LineSpec("LAB-1", 1)]).pk == first.pk
    for other in ([services.LineSpec("LAB-1", 2)], [services.LineSpec("LAB-1", 1)] * 2, [], None):
        with pytest.raises(errors.OtherRequest) as refused:
            ask_back(house, charge, "k", other)
        assert (refused.value.status, refused.value.code) == (422, "PAY-02-other-request")
    rest = ask_back(house, charge, "rest")
    assert rest.amount == 2 * 2050 and ask_back(house, charge, "rest").pk == rest.pk
    with pytest.raises(errors.OtherRequest):  # the very lines that "all" gave back are another request all the same
        ask_back(house, charge, "rest", [services.LineSpec("LAB-1", 2)])
    assert Refund.objects.filter(charge=charge).count() == 2


def test_the_same_lines_named_another_way_are_the_same_request_g09(house: House) -> None:
    charge = house.owe(house.cast.wang_fang, ("LAB-1", 3), ("REG-1", 1))
    take(house, house.order(charge))
    first = ask_back(house, charge, "k", [services.LineSpec("LAB-1", 2), services.LineSpec("REG-1", 1)])
    again = [services.LineSpec("REG-1", 1), services.LineSpec("LAB-1", 1), services.LineSpec("LAB-1", 1)]
    assert ask_back(house, charge, "k", again).pk == first.pk
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Refund.objects.filter(pk=first.pk).update(asked={"LAB-1": 3})


def test_the_books_sum_to_zero_and_owe_nothing_after_a_whole_refund(house: House) -> None:
    charge = house.owe(house.cast.wang_fang)
    take(house, house.order(charge))
    refund = ask_back(house, charge)
    with transaction.atomic():
        refund_finish(refund, actor=ROBOT, at=house.at, success_at=house.at)
    sums: dict[str, int] = {}
    for code, fen in Entry.objects.values_list("account__code", "amount"):
        sums[code] = sums.get(code, 0) + fen
    assert set(sums.values()) == {0}
