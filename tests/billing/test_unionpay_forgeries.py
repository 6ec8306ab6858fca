"""Notices of UnionPay that aren't, and genuine ones that don't fit: none moves a fen, each leaves a trace (G06)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing import selectors
from billing.channels.unionpay import wire
from billing.channels.unionpay.sandbox import Keys, Sandbox, make_keys
from billing.models import ChannelEvent, Entry, Payment
from hospital.audit.models import Entry as AuditLine
from hospital.kit import clock
from tests.billing.conftest import House
from tests.billing.unionpay import paid, prepared, ring_unionpay, unionpay, unionpay_keys

__all__ = ["unionpay", "unionpay_keys"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def order(house: House, unionpay: Sandbox) -> Any:
    return prepared(house)[1]


def said_of(unionpay: Sandbox, order: Any, **changes: str) -> dict[str, str]:
    """What UnionPay would say of this order, were it paid, with some of its facts changed before it is signed."""
    row = unionpay.store.one("SELECT * FROM orders WHERE number = ?", order.number)
    assert row is not None
    return unionpay.said_of({**row, "paid_total": row["total"], "success_at": unionpay.clock()}) | changes


def genuine(unionpay: Sandbox, order: Any, **changes: str) -> dict[str, str]:
    return unionpay.keys.signed(said_of(unionpay, order, **changes))


def nothing_happened(before: int = 0) -> str:
    assert Payment.objects.count() == before and Entry.objects.exists() == bool(before)
    line = AuditLine.objects.filter(action="security.pay_notice_refused").get()
    assert line.outcome == "refused"
    return line.reason


def without(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda said: {key: value for key, value in said.items() if key != name}


ALTERED: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no signature": without("signature"),
    "empty signature": lambda said: said | {"signature": ""},
    "signature of nobody": lambda said: said | {"signature": "QUFBQQ=="},
    "no base64": lambda said: said | {"signature": "%%%"},
    "downgrade to 5.0.0": lambda said: said | {"version": "5.0.0"},
    "downgrade to a shared secret": lambda said: said | {"signMethod": "11"},
    "no version": without("version"),
    "no certificate": without("signPubKeyCert"),
    "certificate of nobody": lambda said: said | {"signPubKeyCert": "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"},
    "amount changed": lambda said: said | {"txnAmt": "1"},
    "order changed": lambda said: said | {"orderId": "P1"},
    "a field more": lambda said: said | {"reserved": "x"},
    "a field less": without("traceNo"),
    "state changed": lambda said: said | {"respCode": "A6"},
    "empty": lambda said: {},
    "huge": lambda said: said | {"reserved": "x" * 70_000},
}  # fmt: skip


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_notice_is_refused(house: House, unionpay: Sandbox, order: Any, how: str) -> None:
    answer = ring_unionpay(ALTERED[how](genuine(unionpay, order)))
    assert answer.status_code == 401 and answer.content == b"fail"
    assert nothing_happened()


def test_the_control_an_unaltered_notice_is_taken(house: House, unionpay: Sandbox, order: Any) -> None:
    answer = ring_unionpay(genuine(unionpay, order))
    assert answer.content == b"ok" and Payment.objects.get().amount == order.amount


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"txnAmt": "4999"}, "amount"), ({"txnAmt": "5001"}, "amount"), ({"txnAmt": "-5000"}, "amount"),
        ({"txnAmt": "50.00"}, "amount"), ({"txnAmt": ""}, "amount"), ({"txnAmt": "５０００"}, "amount"),
        ({"merId": "777290000000000"}, "merchant"), ({"orderId": "P2026112200000099"}, "unknown-order"),
        ({"currencyCode": "840"}, "currency"), ({"respCode": "01"}, "state"), ({"respCode": ""}, "state"),
        ({"txnTime": "20200101000000"}, "other-time"), ({"traceTime": "yesterday"}, "success-time"),
        ({"queryId": ""}, "transaction"), ({"queryId": "8" * 65}, "transaction"), ({"txnType": "02"}, "event-type"),
        ({"txnType": "04"}, "unknown-refund"),
    ],
    ids=str,
)  # fmt: skip
def test_a_genuine_notice_that_does_not_fit_is_refused(
    house: House, unionpay: Sandbox, order: Any, changes: dict[str, str], why: str
) -> None:
    answer = ring_unionpay(genuine(unionpay, order, **changes))
    assert answer.status_code == 409 and answer.content == b"fail"
    assert nothing_happened() == why


def test_a_small_payment_for_another_order_never_pays_the_large_one(
    house: House, unionpay: Sandbox, order: Any
) -> None:
    large, big = prepared(house, "native", ("TRT-1", 2))
    said = genuine(unionpay, order, orderId=big.number, txnTime=f"{clock.local(big.created_at):%Y%m%d%H%M%S}")
    assert ring_unionpay(said).status_code == 409
    assert not selectors.charge_is_paid(large.pk) and nothing_happened() == "amount"


def test_one_transaction_pays_one_order(house: House, unionpay: Sandbox, order: Any) -> None:
    """The number of a transaction that is known already, told of another order of the same amount."""
    _charge, first = paid(house, unionpay)
    number = Payment.objects.get().transaction_id
    assert ring_unionpay(genuine(unionpay, order, queryId=number)).status_code == 409
    assert nothing_happened(1) == "other-order"
    assert Payment.objects.get().order_id == first.pk


def test_repeats_and_forgeries_between_them_have_one_effect(house: House, unionpay: Sandbox, order: Any) -> None:
    unionpay.pay(order.number)
    unionpay.store.break_at("notify", "forge")
    assert unionpay.notifier.deliver_due(everything=True) == 0
    unionpay.store.break_at("notify", "wrong-amount")
    assert unionpay.notifier.deliver_due(everything=True) == 0
    unionpay.store.break_at("notify", "repeat")
    assert unionpay.notifier.deliver_due(everything=True) == 1
    assert Payment.objects.count() == 1 and ChannelEvent.objects.count() == 1
    assert AuditLine.objects.filter(action="security.pay_notice_refused").count() == 2


def by(owner: str, unionpay: Sandbox) -> tuple[Keys, dict[str, str]]:
    """A platform whose certificate was issued to somebody, with a chain of its own."""
    made = make_keys(owner)
    return Keys(unionpay.keys.mer_id, unionpay.keys.merchant_cert, made["UNIONPAY_SANDBOX_PLATFORM_PEM"]), made


def test_a_certificate_of_another_root_proves_nothing(house: House, unionpay: Sandbox, order: Any) -> None:
    forger, _made = by("041@1@中国银联股份有限公司@1", unionpay)
    assert ring_unionpay(forger.signed(said_of(unionpay, order))).status_code == 401
    assert nothing_happened() == "certificate"


@pytest.mark.parametrize(
    "owner", ["041@1@另一家公司@1", "中国银联股份有限公司", "041@中国银联股份有限公司", "041@1@00040000:SIGN@1"]
)
def test_a_certificate_of_the_same_root_for_somebody_else_proves_nothing(
    house: House, unionpay: Sandbox, order: Any, settings: Any, owner: str
) -> None:
    """Every merchant has a certificate of the same authority."""
    stranger, made = by(owner, unionpay)
    settings.UNIONPAY_TRUST_PEM = made["UNIONPAY_TRUST_PEM"]
    assert ring_unionpay(stranger.signed(said_of(unionpay, order))).status_code == 401
    assert nothing_happened() == "certificate"


def test_a_certificate_is_believed_while_it_is_valid(unionpay: Sandbox, settings: Any) -> None:
    said = unionpay.keys.signed({"a": "b"})
    wire.verify(said, trusted=settings.UNIONPAY_TRUST_PEM, at=clock.now())
    for years in (-2, 11):
        with pytest.raises(wire.Unproved, match="expired"):
            wire.verify(said, trusted=settings.UNIONPAY_TRUST_PEM, at=clock.now() + timedelta(days=365 * years))


def test_without_the_root_the_middle_link_proves_nothing(unionpay: Sandbox, settings: Any) -> None:
    link = settings.UNIONPAY_TRUST_PEM.split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    with pytest.raises(wire.Unproved, match="certificate"):
        wire.verify(unionpay.keys.signed({"a": "b"}), trusted=link, at=clock.now())


def test_a_merchants_own_certificate_is_no_link(
    unionpay: Sandbox, settings: Any, unionpay_keys: dict[str, str]
) -> None:
    """A certificate that may not issue others is no link of a chain, even if somebody put it among the trusted."""
    trusted = unionpay_keys["UNIONPAY_SANDBOX_MERCHANT_CERT"]
    with pytest.raises(wire.Unproved, match="certificate"):
        wire.verify(unionpay.keys.signed({"a": "b"}), trusted=trusted, at=clock.now())
