"""G07: the process dies between any two steps; afterwards the sweeps bring both books together, and no fen moves twice."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import transaction

from billing import services
from billing.channels.unionpay.client import UnionPayClient
from billing.channels.unionpay.sandbox import Sandbox
from billing.channels.wechat.client import WeChatClient
from billing.models import Payment, Refund
from billing.services import intents
from billing.states import RefundStatus
from tests.billing.conftest import Bank, House
from tests.billing.unionpay import paid, unionpay, unionpay_keys
from tests.cast import actor_of_person

__all__ = ["unionpay", "unionpay_keys"]

pytestmark = pytest.mark.django_db


class Died(BaseException):
    """The process is gone: nothing may catch this."""


def dies(before: bool, original: Callable[..., Any]) -> Callable[..., Any]:
    """The step itself, with death right before or right after it, once."""
    spent: list[bool] = []

    def step(*args: Any, **kwargs: Any) -> Any:
        if spent:
            return original(*args, **kwargs)
        spent.append(True)
        if before:
            raise Died
        original(*args, **kwargs)
        raise Died

    return step


PAY_STEPS = [
    (WeChatClient, "prepare"),
    (intents, "_order_prepared"),
    (WeChatClient, "query"),
    (intents, "payment_record"),
]
REFUND_STEPS = [
    (intents, "_refund_claim"),
    (WeChatClient, "refund"),
    (intents, "refund_store"),
    (WeChatClient, "query_refund"),
]


def tick(house: House, minutes: int) -> None:
    services.intents_resolve(at=house.at + timedelta(minutes=minutes))
    services.charges_expire(at=house.at + timedelta(minutes=minutes))
    services.notices_deliver(at=house.at + timedelta(minutes=minutes))


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), PAY_STEPS, ids=lambda value: value if isinstance(value, str) else "")
def test_death_at_any_step_of_paying(
    house: House, bank: Bank, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: bool
) -> None:
    charge = house.owe(house.cast.wang_fang)
    order = house.order(charge)
    monkeypatch.setattr(owner, name, dies(before, getattr(owner, name)))
    try:
        services.order_prepare(order.pk, at=house.at, payer_ip="10.0.0.1")
    except Died:
        services.order_prepare(order.pk, at=house.at, payer_ip="10.0.0.1")  # the payer presses the button again
    bank.pays(order, tell=False)
    for minutes in (1, 3, 6, 9):
        try:
            tick(house, minutes)
        except Died:
            continue
    charge.refresh_from_db()
    assert charge.status == "paid"
    theirs = bank.sandbox.store.all("SELECT transaction_id, paid_total FROM orders WHERE state = 'SUCCESS'")
    ours = list(Payment.objects.values_list("transaction_id", "amount"))
    assert [(row["transaction_id"], row["paid_total"]) for row in theirs] == ours
    assert house.thing.told == [("paid", charge.pk)]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), REFUND_STEPS, ids=lambda value: value if isinstance(value, str) else "")
def test_death_at_any_step_of_a_refund(
    house: House, bank: Bank, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: bool
) -> None:
    charge = house.owe(house.cast.wang_fang)
    order = services.order_prepare(house.order(charge).pk, at=house.at, payer_ip="10.0.0.1")
    bank.pays(order)
    bank.rings()
    with transaction.atomic():
        refund = services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=house.at, reason="退号", key="k"
        )
    monkeypatch.setattr(owner, name, dies(before, getattr(owner, name)))
    for minutes in (1, 3, 6, 12, 18, 24):
        try:
            tick(house, minutes)
        except Died:
            continue
        bank.refunds_done()
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    theirs = bank.sandbox.store.all("SELECT number, amount, status FROM refunds")
    assert [(row["number"], row["amount"], row["status"]) for row in theirs] == [(refund.number, 5000, "SUCCESS")]
    assert Refund.objects.count() == 1


# --- The same of UnionPay, whose answers differ: a refund is accepted first, and an order is known by number and time ------
UNIONPAY_PAY = [
    (UnionPayClient, "prepare"),
    (intents, "_order_prepared"),
    (UnionPayClient, "query"),
    (intents, "payment_record"),
]
UNIONPAY_REFUND = [
    (intents, "_refund_claim"),
    (UnionPayClient, "refund"),
    (intents, "refund_store"),
    (UnionPayClient, "query_refund"),
]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), UNIONPAY_PAY, ids=lambda value: value if isinstance(value, str) else "")
def test_death_at_any_step_of_paying_by_unionpay(
    house: House, unionpay: Sandbox, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: bool
) -> None:
    charge = house.owe(house.cast.wang_fang)
    order = house.order(charge, channel="unionpay", method="h5")
    monkeypatch.setattr(owner, name, dies(before, getattr(owner, name)))
    try:
        services.order_prepare(order.pk, at=house.at)
    except Died:
        services.order_prepare(order.pk, at=house.at)  # the payer presses the button again
    order.refresh_from_db()
    requests.post(order.prepared["form_url"], data=json.loads(order.prepared["form"]), timeout=5)
    unionpay.pay(order.number, tell=False)
    for minutes in (1, 3, 6, 9):
        try:
            tick(house, minutes)
        except Died:
            continue
    charge.refresh_from_db()
    assert charge.status == "paid"
    theirs = unionpay.store.all("SELECT query_id, paid_total FROM orders WHERE paid_total > 0")
    ours = list(Payment.objects.values_list("transaction_id", "amount"))
    assert [(row["query_id"], row["paid_total"]) for row in theirs] == ours
    assert house.thing.told == [("paid", charge.pk)]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), UNIONPAY_REFUND, ids=lambda value: value if isinstance(value, str) else "")
def test_death_at_any_step_of_a_refund_by_unionpay(
    house: House, unionpay: Sandbox, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: bool
) -> None:
    charge, _order = paid(house, unionpay)
    with transaction.atomic():
        refund = services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=house.at, reason="退号", key="k"
        )
    monkeypatch.setattr(owner, name, dies(before, getattr(owner, name)))
    for minutes in (1, 3, 6, 12, 18, 24):
        try:
            tick(house, minutes)
        except Died:
            continue
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert [(row["number"], row["amount"]) for row in unionpay.store.all("SELECT * FROM refunds")] == [
        (refund.number, 5000)
    ]
    assert Refund.objects.count() == 1
