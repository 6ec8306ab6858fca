"""G06: no forged, altered, stale, misdirected or replayed notice moves money; each leaves a security event."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing import selectors, services
from billing.channels.wechat.sandbox import Keys, make_keys
from billing.models import Entry, Payment
from hospital.audit.models import Entry as AuditLine
from tests.billing.conftest import Bank, House, ring

pytestmark = pytest.mark.django_db

Notice = tuple[dict[str, str], str]


@pytest.fixture
def order(house: House, bank: Bank) -> Any:
    charge = house.owe(house.cast.wang_fang)
    return services.order_prepare(house.order(charge).pk, at=house.at, payer_ip="10.0.0.1")


def genuine(bank: Bank, order: Any, *, keys: Keys | None = None, at: float | None = None, **changes: Any) -> Notice:
    """A notice as WeChat would send it for this order, with some facts of its resource changed."""
    row = bank.sandbox.store.one("SELECT * FROM orders WHERE number = ?", order.number)
    assert row is not None
    paid = {**row, "state": "SUCCESS", "transaction_id": "4200009999", "paid_total": row["total"], "success_at": 1.8e9}
    resource = bank.sandbox._state_of(paid)
    amount = changes.pop("amount", {})
    resource |= changes
    resource["amount"] |= amount
    return sealed(bank, resource, keys=keys, at=at)


def sealed(
    bank: Bank, resource: Any, *, keys: Keys | None = None, at: float | None = None, event: str = "TRANSACTION.SUCCESS",
    kind: str = "transaction", envelope: dict[str, Any] | None = None,
) -> Notice:  # fmt: skip
    signer = keys or bank.sandbox.keys
    body = json.dumps(
        {"id": "event-1", "create_time": "2026-11-21T10:00:00+08:00", "resource_type": "encrypt-resource",
         "event_type": event, "summary": "支付成功", "resource": signer.sealed(resource, kind)} | (envelope or {}),
        ensure_ascii=False,
    )  # fmt: skip
    return {"Content-Type": "application/json", **signer.signed_headers(body, at=at)}, body


def with_header(name: str, value: str) -> Callable[[Notice], Notice]:
    return lambda notice: ({**notice[0], name: value}, notice[1])


def without_header(name: str) -> Callable[[Notice], Notice]:
    return lambda notice: ({key: value for key, value in notice[0].items() if key != name}, notice[1])


def resigned(bank: Bank, change: Callable[[dict[str, Any]], None]) -> Callable[[Notice], Notice]:
    """The envelope changed and signed again: only somebody with the platform's key could; still it must fit."""

    def forge(notice: Notice) -> Notice:
        data = json.loads(notice[1])
        change(data)
        body = json.dumps(data, ensure_ascii=False)
        return {"Content-Type": "application/json", **bank.sandbox.keys.signed_headers(body)}, body

    return forge


ALTERED: dict[str, Callable[[Notice], Notice]] = {
    "no signature": without_header("Wechatpay-Signature"),
    "empty signature": with_header("Wechatpay-Signature", ""),
    "signature of nobody": with_header("Wechatpay-Signature", "QUFBQQ=="),
    "signature that isn't base64": with_header("Wechatpay-Signature", "%%%%"),
    "signature probe": with_header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/QUFBQQ=="),
    "no timestamp": without_header("Wechatpay-Timestamp"),
    "timestamp of words": with_header("Wechatpay-Timestamp", "now"),
    "timestamp changed": lambda n: ({**n[0], "Wechatpay-Timestamp": str(int(n[0]["Wechatpay-Timestamp"]) + 1)}, n[1]),
    "nonce swapped": with_header("Wechatpay-Nonce", "F" * 32),
    "wrong serial": with_header("Wechatpay-Serial", "PUB_KEY_ID_" + "0" * 32),
    "serial of a certificate": with_header("Wechatpay-Serial", "477ED0046A54F0360A72A63A8F2816312AAEAB53"),
    "no serial": without_header("Wechatpay-Serial"),
    "downgrade to MD5": with_header("Wechatpay-Signature-Type", "MD5"),
    "downgrade to HMAC": with_header("Wechatpay-Signature-Type", "HMAC-SHA256"),
    "no signature type": without_header("Wechatpay-Signature-Type"),
    "body changed by one byte": lambda n: (n[0], n[1].replace("支付成功", "支付成攻")),
    "body with a blank more": lambda n: (n[0], n[1] + " "),
    "empty body": lambda n: (n[0], ""),
    "XML with an external entity": lambda n: (
        n[0], '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><return_code>&e;</return_code></xml>'),
    "huge body": lambda n: (n[0], n[1] + " " * 70_000),
}  # fmt: skip


def nothing_happened(house: House) -> None:
    assert not Payment.objects.exists() and not Entry.objects.exists()
    line = AuditLine.objects.filter(action="security.pay_notice_refused").get()
    assert line.outcome == "refused" and line.reason


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_notice_is_refused(house: House, bank: Bank, order: Any, how: str) -> None:
    headers, body = ALTERED[how](genuine(bank, order))
    assert 400 <= ring(headers, body).status_code < 500
    nothing_happened(house)


def test_the_control_an_unaltered_notice_is_taken(house: House, bank: Bank, order: Any) -> None:
    headers, body = genuine(bank, order)
    assert ring(headers, body).status_code == 204
    assert Payment.objects.get().amount == order.amount


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_a_stale_or_future_notice_is_refused(house: House, bank: Bank, order: Any, seconds: int) -> None:
    headers, body = genuine(bank, order, at=house.at.timestamp() + seconds + (30 if seconds > 0 else -30))
    assert ring(headers, body).status_code == 401
    nothing_happened(house)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"amount": {"total": 4999}}, 409),
        ({"amount": {"total": 5001}}, 409),
        ({"amount": {"total": 1}}, 409),
        ({"amount": {"total": "5000"}}, 409),
        ({"amount": {"total": 5000.0}}, 409),
        ({"amount": {"total": True}}, 409),
        ({"amount": {"currency": "USD"}}, 409),
        ({"mchid": "1900000001"}, 409),
        ({"appid": "wx0000000000000000"}, 409),
        ({"trade_state": "NOTPAY"}, 409),
        ({"transaction_id": ""}, 409),
        ({"out_trade_no": "P999999999"}, 409),
        ({"out_trade_no": None}, 409),
        ({"success_time": "yesterday"}, 409),
    ],
    ids=str,
)
def test_a_genuine_notice_that_does_not_fit_is_refused(
    house: House, bank: Bank, order: Any, changes: dict[str, Any], status: int
) -> None:
    headers, body = genuine(bank, order, **changes)
    assert ring(headers, body).status_code == status
    nothing_happened(house)


def test_a_small_payment_for_another_order_never_pays_the_large_one(house: House, bank: Bank, order: Any) -> None:
    """CVE-2026-9189: a genuine notice for 1 yuan must not settle the 2,000 yuan order."""
    large = house.owe(house.cast.wang_fang, ("TRT-1", 2))
    big = services.order_prepare(house.order(large).pk, at=house.at, payer_ip="10.0.0.1")
    headers, body = genuine(bank, order, out_trade_no=big.number)
    assert ring(headers, body).status_code == 409
    assert not selectors.charge_is_paid(large.pk)
    nothing_happened(house)


def test_the_key_of_another_platform_proves_nothing(house: House, bank: Bank, order: Any) -> None:
    other = make_keys()
    mine = bank.sandbox.keys
    forger = Keys(
        mchid=mine.mchid, appid=mine.appid, merchant_serial=mine.merchant_serial, merchant_public_key=mine.merchant_public_key,
        platform_private_key=other["WECHATPAY_SANDBOX_PLATFORM_KEY"], platform_key_id=mine.platform_key_id,
        apiv3_key=mine.apiv3_key,
    )  # fmt: skip
    headers, body = genuine(bank, order, keys=forger)
    assert ring(headers, body).status_code == 401
    nothing_happened(house)


def _drop_resource(data: dict[str, Any]) -> None:
    del data["resource"]


def _other_cipher(data: dict[str, Any]) -> None:
    data["resource"]["algorithm"] = "AEAD_SM4_GCM"


def _swap_nonce(data: dict[str, Any]) -> None:
    data["resource"]["nonce"] = "000000000000"


def _other_type(data: dict[str, Any]) -> None:
    data["event_type"] = "REFUND.SUCCESS"


def _no_id(data: dict[str, Any]) -> None:
    data["id"] = ""


def _other_data(data: dict[str, Any]) -> None:
    data["resource"]["associated_data"] = "refund"


@pytest.mark.parametrize("change", [_drop_resource, _other_cipher, _swap_nonce, _other_type, _no_id, _other_data])
def test_a_signed_envelope_that_does_not_open_is_refused(
    house: House, bank: Bank, order: Any, change: Callable[[dict[str, Any]], None]
) -> None:
    headers, body = resigned(bank, change)(genuine(bank, order))
    assert ring(headers, body).status_code == 401
    nothing_happened(house)


def test_a_replay_and_fifteen_repeats_have_one_effect(house: House, bank: Bank, order: Any) -> None:
    notice = genuine(bank, order)
    assert {ring(*notice).status_code for _ in range(15)} == {204}
    assert Payment.objects.count() == 1 and Entry.objects.count() == 4


def test_one_transaction_can_not_pay_two_orders(house: House, bank: Bank, order: Any) -> None:
    other = services.order_prepare(house.order(house.owe(house.cast.wang_fang)).pk, at=house.at, payer_ip="10.0.0.1")
    assert ring(*genuine(bank, order)).status_code == 204
    headers, body = genuine(bank, other)  # the same transaction id
    assert ring(headers, body).status_code == 409
    assert Payment.objects.count() == 1


def test_a_refused_fitting_makes_us_ask_the_channel(house: House, bank: Bank, order: Any) -> None:
    ring(*genuine(bank, order, amount={"total": 1}))
    order.refresh_from_db()
    assert order.next_query_at is not None and order.next_query_at <= house.at + timedelta(minutes=1)


def test_the_door_opens_to_post_only(bank: Bank, house: House) -> None:
    from django.test import Client

    assert Client().get("/pay/notify/wechat/").status_code == 405


def test_a_genuine_notice_of_another_amount_is_refused_and_the_query_finds_the_truth(order: Any, bank: Bank) -> None:
    bank.sandbox.break_at("notify", "wrong-amount")
    bank.pays(order)
    assert bank.rings() == 0 and not Payment.objects.exists()
    assert AuditLine.objects.filter(action="security.pay_notice_refused", reason="amount").count() == 1
    services.intents_resolve(at=order.created_at + timedelta(seconds=20))
    assert Payment.objects.get().amount == order.amount


def test_notices_in_another_order_book_the_same(house: House, order: Any, bank: Bank) -> None:
    other = services.order_prepare(house.order(house.owe(house.cast.wang_fang)).pk, at=house.at, payer_ip="10.0.0.1")
    for one in (order, other):
        bank.pays(one)
    bank.sandbox.break_at("reorder", "reversed")
    assert bank.rings() == 2
    assert list(Payment.objects.order_by("pk").values_list("order", flat=True)) == [other.pk, order.pk]
