"""G06: a notice is answered at once, by itself: a bounded number of queries, and nobody else is asked before the answer.

Time on a loaded machine proves nothing; what a notice costs does. Half a second is room for hundreds of such queries.
"""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import transaction

from billing import services
from billing.channels.alipay.sandbox import Sandbox as Alipay
from billing.channels.unionpay.sandbox import Sandbox as UnionPay
from billing.models import ChannelEvent, Payment
from tests.billing import alipay as alipay_side
from tests.billing import unionpay as unionpay_side
from tests.billing.alipay import alipay, alipay_keys
from tests.billing.conftest import Bank, House, ring
from tests.billing.insurer import Insurer, ring_insurer
from tests.billing.unionpay import unionpay, unionpay_keys
from tests.cast import actor_of_person

__all__ = ["alipay", "alipay_keys", "unionpay", "unionpay_keys"]

pytestmark = pytest.mark.django_db
MOST = 60


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
    with django_assert_max_num_queries(MOST) as first:
        assert ring(headers, body).status_code == 204
    assert Payment.objects.count() == 1
    with django_assert_max_num_queries(len(first) // 2):
        assert ring(headers, body).status_code == 204


def test_unionpay_is_answered_at_once_and_again_more_cheaply(
    house: House, unionpay: UnionPay, alone: Any, django_assert_max_num_queries: Any
) -> None:
    _charge, order = unionpay_side.prepared(house)
    said = unionpay.keys.signed(unionpay.said_of(unionpay.pay(order.number, tell=False)))
    alone()
    with django_assert_max_num_queries(MOST) as first:
        assert unionpay_side.ring_unionpay(said).status_code == 200
    assert Payment.objects.count() == 1
    with django_assert_max_num_queries(len(first) // 2):
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
    with django_assert_max_num_queries(MOST // 4):
        assert unionpay_side.ring_unionpay(unionpay.notifier.fields(told["id"])).status_code == 200


def test_alipay_is_answered_at_once_and_again_more_cheaply(
    house: House, alipay: Alipay, alone: Any, django_assert_max_num_queries: Any
) -> None:
    _charge, order = alipay_side.prepared(house)
    alipay.pay(order.number)
    said = alipay.notifier.fields(alipay.store.one("SELECT id FROM notices")["id"])
    alone()
    with django_assert_max_num_queries(MOST) as first:
        assert alipay_side.ring(said).content == b"success"
    assert Payment.objects.count() == 1
    with django_assert_max_num_queries(len(first) // 2):
        assert alipay_side.ring(said).content == b"success"


def test_a_refund_of_alipays_console_is_written_down_and_asked_about_later(
    house: House, alipay: Alipay, alone: Any, django_assert_max_num_queries: Any
) -> None:
    _charge, order = alipay_side.paid(house, alipay)
    alipay.console_refund(order.number, 5000)
    told = alipay.store.one("SELECT id FROM notices WHERE done_at IS NULL")
    alone()
    with django_assert_max_num_queries(MOST // 4):
        assert alipay_side.ring(alipay.notifier.fields(told["id"])).content == b"success"
    assert ChannelEvent.objects.filter(event_type="console-refund").count() == 1


def test_the_insurer_is_answered_at_once(insurer: Insurer, alone: Any, django_assert_max_num_queries: Any) -> None:
    _charge, order, _row = insurer.ready()
    message = insurer.sandbox.notice(order.number)
    alone()
    with django_assert_max_num_queries(MOST // 4):
        assert ring_insurer(message).status_code == 200


def test_a_forged_notice_costs_less_than_a_good_one(bank: Bank, alone: Any, django_assert_max_num_queries: Any) -> None:
    alone()
    with django_assert_max_num_queries(MOST // 4):
        assert ring({"Wechatpay-Signature": "x"}, "{}").status_code == 401
