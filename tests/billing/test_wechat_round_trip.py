"""The hospital and the stand-in of WeChat Pay, over real HTTP with real signatures: G06, G07, PAY-02, PAY-09."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from billing import errors, selectors, services
from billing.channels import base
from billing.channels.wechat.client import WeChatClient
from billing.models import ChannelEvent, Payment, Refund
from billing.states import PayOrderStatus, RefundStatus
from tests.billing.conftest import Bank, House

pytestmark = pytest.mark.django_db


def prepared(house: House, method: str = "h5", *lines: tuple[str, int]) -> Any:
    return house.prepared("wechat", method, *lines, payer_ip="10.0.0.1", openid="o-demo-wang")


@pytest.mark.parametrize(("method", "gives"), [("h5", "h5_url"), ("jsapi", "prepay_id"), ("native", "code_url")])
def test_an_order_is_prepared_paid_and_rung_for(house: House, bank: Bank, method: str, gives: str) -> None:
    charge, order = prepared(house, method)
    assert order.status == PayOrderStatus.WAITING and gives in order.prepared
    bank.pays(order)
    assert bank.rings() == 1
    assert selectors.charge_is_paid(charge.pk)
    assert Payment.objects.get().source == "notice" and ChannelEvent.objects.get().number == order.number


def test_a_lost_notice_is_made_up_for_by_asking(house: House, bank: Bank) -> None:
    charge, order = prepared(house)
    bank.pays(order, tell=False)
    assert services.intents_resolve(at=house.at) == 0  # not yet its time
    assert services.intents_resolve(at=house.at + timedelta(seconds=20)) == 1
    assert selectors.charge_is_paid(charge.pk) and Payment.objects.get().source == "query"


def test_an_unpaid_order_is_closed_at_its_end_before_the_bill_expires_g02(house: House, bank: Bank) -> None:
    charge, order = prepared(house)
    end = order.expires_at + timedelta(seconds=1)
    assert services.charges_expire(at=end) == 0
    services.intents_resolve(at=end)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED
    assert bank.sandbox.store.one("SELECT state FROM orders")["state"] == "CLOSED"  # type: ignore[index]
    assert services.charges_expire(at=end) == 1
    assert not selectors.charge_is_paid(charge.pk)


def test_a_payment_in_the_moment_of_closing_is_found_and_booked_g02(
    house: House, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge, order = prepared(house)
    real_close = WeChatClient.close

    def pays_first(self: WeChatClient, closing: Any, **when: Any) -> None:
        bank.pays(closing, tell=False)
        real_close(self, closing, **when)

    monkeypatch.setattr(WeChatClient, "close", pays_first)
    services.intents_resolve(at=order.expires_at + timedelta(seconds=1))
    assert selectors.charge_is_paid(charge.pk)


def test_two_pages_with_one_bill_close_each_other(house: House, bank: Bank) -> None:
    charge, first = prepared(house)
    second = house.order(charge, method="native", at=house.at + timedelta(seconds=3))
    services.order_prepare(second.pk, at=house.at)
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (PayOrderStatus.CLOSED, PayOrderStatus.WAITING)


def test_a_refund_goes_out_and_its_notice_finishes_it(house: House, bank: Bank) -> None:
    charge, order = prepared(house)
    bank.pays(order)
    bank.rings()
    refund = house.asked_back(charge)
    assert services.intents_resolve(at=house.at) == 1
    refund.refresh_from_db()
    assert refund.status == RefundStatus.PROCESSING and refund.channel_refund_id
    bank.refunds_done()
    assert bank.rings() == 1
    refund.refresh_from_db()
    charge.refresh_from_db()
    assert (refund.status, charge.status) == (RefundStatus.SUCCEEDED, "refunded")


def test_a_second_payment_goes_back_by_itself(house: House, bank: Bank) -> None:
    charge, first = prepared(house)
    second = house.order(charge, method="native")
    services.order_prepare(second.pk, at=house.at)
    bank.pays(first)
    bank.pays(second)
    assert bank.rings() == 2
    services.intents_resolve(at=house.at + timedelta(minutes=1))
    bank.refunds_done()
    bank.rings()
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert [row["amount"] for row in bank.sandbox.store.all("SELECT amount FROM refunds")] == [5000]
    assert selectors.charge_is_paid(charge.pk)


@pytest.mark.parametrize("fault", ["refuse", "lose", "badsign"])
def test_preparing_survives_a_bad_moment_of_the_channel(house: House, bank: Bank, fault: str) -> None:
    charge = house.owe(house.cast.wang_fang)
    order = house.order(charge)
    bank.sandbox.break_at("prepay", fault)
    with pytest.raises(errors.ChannelSilent):
        services.order_prepare(order.pk, at=house.at)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CREATED and order.last_error
    assert services.order_prepare(order.pk, at=house.at).status == PayOrderStatus.WAITING
    assert len(bank.sandbox.store.all("SELECT * FROM orders")) == 1


@pytest.mark.parametrize("fault", ["refuse", "lose", "badsign"])
def test_a_refund_whose_answer_was_lost_is_paid_out_once_g07(house: House, bank: Bank, fault: str) -> None:
    charge, order = prepared(house)
    bank.pays(order)
    bank.rings()
    bank.sandbox.break_at("refund", fault)
    refund = house.asked_back(charge)
    services.intents_resolve(at=house.at)
    refund.refresh_from_db()
    assert refund.status == RefundStatus.UNKNOWN
    services.intents_resolve(at=house.at + timedelta(minutes=2))
    bank.refunds_done()
    services.intents_resolve(at=house.at + timedelta(minutes=10))
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert len(bank.sandbox.store.all("SELECT * FROM refunds")) == 1


def test_a_refund_that_the_channel_refuses_is_shown_to_a_person(house: House, bank: Bank) -> None:
    charge, order = prepared(house)
    bank.pays(order)
    bank.rings()
    bank.sandbox.store.run("UPDATE orders SET paid_total = 4000")  # their books say something else
    refund = house.asked_back(charge)
    services.intents_resolve(at=house.at)
    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED and "INVALID_REQUEST" in refund.last_error


def test_an_order_that_the_channel_never_heard_of_ends_with_its_time(house: House, bank: Bank) -> None:
    order = house.order(house.owe(house.cast.wang_fang))
    services.intents_resolve(at=house.at + timedelta(seconds=20))
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CREATED
    services.intents_resolve(at=order.expires_at + timedelta(seconds=2))
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED


@pytest.mark.django_db(transaction=True)
def test_no_channel_is_called_inside_a_transaction(house: House, bank: Bank) -> None:
    order = house.order(house.owe(house.cast.wang_fang))
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        WeChatClient().query(order)
    with pytest.raises(base.NoSuchOrder):
        WeChatClient().query(order)


def test_the_bill_comes_with_its_real_bytes_and_its_checksum_is_proved(house: House, bank: Bank) -> None:
    _charge, order = prepared(house)
    paid = bank.pays(order)
    assert paid["state"] == "SUCCESS"
    from hospital.kit import clock

    day = clock.business_day(house.at)
    with pytest.raises(base.ChannelRefused):  # never today
        WeChatClient().bill(day)
    bank.sandbox.store.run("INSERT INTO bill_days VALUES (?)", f"{day:%Y-%m-%d}")
    body = WeChatClient().bill(day)
    assert body.startswith(b"\xef\xbb\xbf") and body.count(b"\r\n") == 4
    assert f"`{order.number}".encode() in body


def test_a_day_without_movement_has_no_bill(house: House, bank: Bank) -> None:
    from datetime import date

    with pytest.raises(base.NoBill):
        WeChatClient().bill(date(2026, 1, 5))
