"""G07: the process dies between any two steps; afterwards the sweeps bring both books together, and no fen moves twice."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import pytest
import requests

from billing import services
from billing.channels.unionpay.client import UnionPayClient
from billing.channels.unionpay.sandbox import Sandbox
from billing.channels.wechat.client import WeChatClient
from billing.models import Payment, PayOrder, Refund
from billing.services import intents
from billing.states import RefundStatus
from tests.billing.conftest import Bank, House
from tests.billing.unionpay import unionpay, unionpay_keys

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


class Channel(Protocol):
    """A channel as the payer uses it, and what its own books say."""

    name: str
    client: type

    def pays(self, order: PayOrder) -> None:
        """Pay, and let the notice be lost."""

    def pays_out(self) -> None:
        """Finish the refunds that were accepted."""

    def payments(self) -> list[tuple[str, int]]: ...

    def refunds(self) -> list[tuple[str, int]]: ...


@dataclass
class ByWeChat:
    bank: Bank
    name = "wechat"
    client = WeChatClient

    def pays(self, order: PayOrder) -> None:
        self.bank.pays(order, tell=False)

    def pays_out(self) -> None:
        self.bank.refunds_done()

    def payments(self) -> list[tuple[str, int]]:
        rows = self.bank.sandbox.store.all("SELECT transaction_id, paid_total FROM orders WHERE state = 'SUCCESS'")
        return [(row["transaction_id"], row["paid_total"]) for row in rows]

    def refunds(self) -> list[tuple[str, int]]:
        rows = self.bank.sandbox.store.all("SELECT number, amount FROM refunds")
        return [(row["number"], row["amount"]) for row in rows]


@dataclass
class ByUnionPay:
    """It knows an order only when the payer's browser brought the form, and pays out what it accepted by itself."""

    sandbox: Sandbox
    name = "unionpay"
    client = UnionPayClient

    def pays(self, order: PayOrder) -> None:
        requests.post(order.prepared["form_url"], data=json.loads(order.prepared["form"]), timeout=5)
        self.sandbox.pay(order.number, tell=False)

    def pays_out(self) -> None:
        pass

    def payments(self) -> list[tuple[str, int]]:
        rows = self.sandbox.store.all("SELECT query_id, paid_total FROM orders WHERE paid_total > 0")
        return [(row["query_id"], row["paid_total"]) for row in rows]

    def refunds(self) -> list[tuple[str, int]]:
        rows = self.sandbox.store.all("SELECT number, amount FROM refunds")
        return [(row["number"], row["amount"]) for row in rows]


@pytest.fixture(params=["wechat", "unionpay"])
def channel(request: pytest.FixtureRequest) -> Channel:
    if request.param == "wechat":
        return ByWeChat(request.getfixturevalue("bank"))
    return ByUnionPay(request.getfixturevalue("unionpay"))


# A step of ours, or (None) of the channel's client.
PAY_STEPS = [(None, "prepare"), (intents, "_order_prepared"), (None, "query"), (intents, "payment_record")]
REFUND_STEPS = [(intents, "_refund_claim"), (None, "refund"), (intents, "refund_store"), (None, "query_refund")]
MOMENTS = pytest.mark.parametrize("before", [True, False], ids=["before", "after"])


def name_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def tick(house: House, minutes: int) -> None:
    services.intents_resolve(at=house.at + timedelta(minutes=minutes))
    services.charges_expire(at=house.at + timedelta(minutes=minutes))
    services.notices_deliver(at=house.at + timedelta(minutes=minutes))


@MOMENTS
@pytest.mark.parametrize(("owner", "name"), PAY_STEPS, ids=name_of)
def test_death_at_any_step_of_paying(
    house: House, channel: Channel, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: bool
) -> None:
    charge = house.owe(house.cast.wang_fang)
    order = house.order(charge, channel=channel.name, method="h5")
    owner = owner or channel.client
    monkeypatch.setattr(owner, name, dies(before, getattr(owner, name)))
    try:
        services.order_prepare(order.pk, at=house.at, payer_ip="10.0.0.1")
    except Died:
        services.order_prepare(order.pk, at=house.at, payer_ip="10.0.0.1")  # the payer presses the button again
    order.refresh_from_db()
    channel.pays(order)
    for minutes in (1, 3, 6, 9):
        try:
            tick(house, minutes)
        except Died:
            continue
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert channel.payments() == list(Payment.objects.values_list("transaction_id", "amount"))
    assert house.thing.told == [("paid", charge.pk)]


@MOMENTS
@pytest.mark.parametrize(("owner", "name"), REFUND_STEPS, ids=name_of)
def test_death_at_any_step_of_a_refund(
    house: House, channel: Channel, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: bool
) -> None:
    charge, order = house.prepared(channel.name, "h5", payer_ip="10.0.0.1")
    channel.pays(order)
    services.order_refresh(order.pk, at=house.at)
    refund = house.asked_back(charge)
    owner = owner or channel.client
    monkeypatch.setattr(owner, name, dies(before, getattr(owner, name)))
    for minutes in (1, 3, 6, 12, 18, 24):
        try:
            tick(house, minutes)
        except Died:
            continue
        channel.pays_out()
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert channel.refunds() == [(refund.number, 5000)]
    assert Refund.objects.count() == 1
