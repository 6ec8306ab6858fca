"""G06: a notice is answered at once, by itself: a bounded number of queries, and nobody else is asked before the answer.

Time on a loaded machine proves nothing; what a notice costs does: every statement of it is one that sixteen others wait
behind (benchmarks/notices.py).
"""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import transaction

from billing import services
from billing.channels.alipay.sandbox import Sandbox as Alipay
from billing.channels.unionpay.sandbox import Sandbox as UnionPay
from billing.models import ChannelEvent, Entry, Journal, Payment, Scene
from billing.services import payments
from billing.services.ledger import PATIENT_MONEY, account_of, channel_account, income_account
from tests.billing import alipay as alipay_side
from tests.billing import unionpay as unionpay_side
from tests.billing.alipay import alipay, alipay_keys
from tests.billing.conftest import Bank, House, ring
from tests.billing.insurer import Insurer, ring_insurer
from tests.billing.unionpay import unionpay, unionpay_keys
from tests.cast import actor_of_person

__all__ = ["alipay", "alipay_keys", "unionpay", "unionpay_keys"]

pytestmark = pytest.mark.django_db
MOST = 24  # statements: proved, locked, booked, told and remembered, in one transaction
OF_A_DOORBELL = 15  # of what asks the sweep to look
AGAIN = 10


@pytest.fixture(autouse=True)
def open_books(house: House) -> None:
    """Every account is made when it is first booked on; a hospital that has been open for a day has them."""
    for code in (
        PATIENT_MONEY,
        *map(channel_account, ("wechat", "alipay", "unionpay")),
        income_account(Scene.REGISTRATION),
    ):
        account_of(code)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Any:
    """From now on nobody outside can be asked."""

    def cut() -> None:
        def nobody(*args: Any, **kwargs: Any) -> Any:
            raise AssertionError("a notice asked somebody outside before it was answered")

        monkeypatch.setattr(requests.Session, "request", nobody)

    return cut


def test_wechat_is_answered_at_once_and_again_more_cheaply(
    house: House, bank: Bank, alone: Any, django_assert_max_num_queries: Any
) -> None:
    order = services.order_prepare(house.order(house.owe(house.cast.wang_fang)).pk, at=house.at, payer_ip="10.0.0.1")
    bank.pays(order)
    sent = bank.sandbox.store.one("SELECT * FROM notices")
    headers, body = bank.sandbox.notifier.envelope(sent, "2026-01-01T00:00:00+08:00")
    alone()
    with django_assert_max_num_queries(MOST):
        assert ring(headers, body).status_code == 204
    assert Payment.objects.count() == 1
    with django_assert_max_num_queries(AGAIN):
        assert ring(headers, body).status_code == 204


def test_unionpay_is_answered_at_once_and_again_more_cheaply(
    house: House, unionpay: UnionPay, alone: Any, django_assert_max_num_queries: Any
) -> None:
    _charge, order = unionpay_side.prepared(house)
    said = unionpay.keys.signed(unionpay.said_of(unionpay.pay(order.number, tell=False)))
    alone()
    with django_assert_max_num_queries(MOST):
        assert unionpay_side.ring_unionpay(said).status_code == 200
    assert Payment.objects.count() == 1
    with django_assert_max_num_queries(AGAIN):
        assert unionpay_side.ring_unionpay(said).status_code == 200


def test_unionpays_word_of_a_refund_is_answered_by_itself(
    house: House, unionpay: UnionPay, alone: Any, django_assert_max_num_queries: Any
) -> None:
    charge, _order = unionpay_side.paid(house, unionpay)
    with transaction.atomic():
        services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=house.at, reason="退号", key="k"
        )
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    told = unionpay.store.one("SELECT id FROM notices WHERE done_at IS NULL")
    alone()
    with django_assert_max_num_queries(OF_A_DOORBELL):
        assert unionpay_side.ring_unionpay(unionpay.notifier.fields(told["id"])).status_code == 200


def test_alipay_is_answered_at_once_and_again_more_cheaply(
    house: House, alipay: Alipay, alone: Any, django_assert_max_num_queries: Any
) -> None:
    _charge, order = alipay_side.prepared(house)
    alipay.pay(order.number)
    said = alipay.notifier.fields(alipay.store.one("SELECT id FROM notices")["id"])
    alone()
    with django_assert_max_num_queries(MOST):
        assert alipay_side.ring(said).content == b"success"
    assert Payment.objects.count() == 1
    with django_assert_max_num_queries(AGAIN):
        assert alipay_side.ring(said).content == b"success"


def test_a_refund_of_alipays_console_is_written_down_and_asked_about_later(
    house: House, alipay: Alipay, alone: Any, django_assert_max_num_queries: Any
) -> None:
    _charge, order = alipay_side.paid(house, alipay)
    alipay.console_refund(order.number, 5000)
    told = alipay.store.one("SELECT id FROM notices WHERE done_at IS NULL")
    alone()
    with django_assert_max_num_queries(OF_A_DOORBELL):
        assert alipay_side.ring(alipay.notifier.fields(told["id"])).content == b"success"
    assert ChannelEvent.objects.filter(event_type="console-refund").count() == 1


def test_the_insurer_is_answered_at_once(insurer: Insurer, alone: Any, django_assert_max_num_queries: Any) -> None:
    _charge, order, _row = insurer.ready()
    message = insurer.sandbox.notice(order.number)
    alone()
    with django_assert_max_num_queries(OF_A_DOORBELL):
        assert ring_insurer(message).status_code == 200


@pytest.mark.parametrize("bills", [1, 5])
def test_an_order_for_many_bills_costs_little_more(
    house: House, bank: Bank, alone: Any, django_assert_max_num_queries: Any, bills: int
) -> None:
    """What belongs to the order is asked once: the books, their accounts, the locks; a bill of it has ten of its own."""
    charges = [house.owe(house.cast.wang_fang, ("LAB-1", 2), ("REG-1", 1)) for _ in range(bills)]
    order = services.order_prepare(house.order(*charges).pk, at=house.at, payer_ip="10.0.0.1")
    bank.pays(order)
    headers, body = bank.sandbox.notifier.envelope(
        bank.sandbox.store.one("SELECT * FROM notices"), "2026-01-01T00:00:00+08:00"
    )
    alone()
    with django_assert_max_num_queries(MOST + 10 * (bills - 1)):
        assert ring(headers, body).status_code == 204
    assert Journal.objects.count() == 1 + bills and Entry.objects.count() == 2 + 2 * bills


def test_a_notice_is_remembered_with_its_money_or_not_at_all(
    house: House, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = services.order_prepare(house.order(house.owe(house.cast.wang_fang)).pk, at=house.at, payer_ip="10.0.0.1")
    bank.pays(order)
    headers, body = bank.sandbox.notifier.envelope(
        bank.sandbox.store.one("SELECT * FROM notices"), "2026-01-01T00:00:00+08:00"
    )

    def crash(*args: Any, **kwargs: Any) -> Any:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(payments, "journals_post", crash)
        assert ring(headers, body).status_code == 500, "so that WeChat rings again"
    assert not Payment.objects.exists() and not ChannelEvent.objects.exists()
    assert ring(headers, body).status_code == 204
    assert Payment.objects.count() == ChannelEvent.objects.count() == 1


def test_a_forged_notice_costs_less_than_a_good_one(bank: Bank, alone: Any, django_assert_max_num_queries: Any) -> None:
    alone()
    with django_assert_max_num_queries(OF_A_DOORBELL):
        assert ring({"Wechatpay-Signature": "x"}, "{}").status_code == 401
