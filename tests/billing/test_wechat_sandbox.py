"""The stand-in is strict where WeChat is strict: else a test against it would prove nothing."""

from itertools import pairwise
from typing import Any

import pytest
import requests

from billing import services
from billing.channels.wechat.client import sdk
from billing.channels.wechat.sandbox.notifier import LADDER
from tests.billing.conftest import Bank, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(house: House, bank: Bank) -> Any:
    return services.order_prepare(house.order(house.owe(house.cast.wang_fang)).pk, at=house.at, payer_ip="10.0.0.1")


def test_an_unsigned_or_wrongly_signed_request_is_refused(bank: Bank, settings: Any) -> None:
    url = f"{settings.WECHATPAY_BASE_URL}/v3/pay/transactions/out-trade-no/P1?mchid={settings.WECHATPAY_MCHID}"
    assert requests.get(url, timeout=5).status_code == 401
    forged = f'WECHATPAY2-SHA256-RSA2048 mchid="{settings.WECHATPAY_MCHID}",nonce_str="A",signature="QUFB",'
    forged += f'timestamp="1",serial_no="{settings.WECHATPAY_SERIAL_NO}"'
    answer = requests.get(url, headers={"Authorization": forged}, timeout=5)
    assert answer.status_code == 401 and answer.json()["code"] == "SIGN_ERROR"


def test_every_answer_is_signed_even_an_empty_one_and_a_refusal(bank: Bank, order: Any) -> None:
    status, _body = sdk().close(out_trade_no=order.number)  # the SDK verifies the signature of the empty 204
    assert status == 204
    status, body = sdk().query(out_trade_no="P99999999")
    assert status == 404 and "ORDER_NOT_EXIST" in body


def test_the_same_number_with_another_amount_is_refused(bank: Bank, order: Any) -> None:
    status, body = sdk().pay(
        description=order.title,
        out_trade_no=order.number,
        amount={"total": 1, "currency": "CNY"},
        payer={"openid": "o"},
    )
    assert status == 403 and "OUT_TRADE_NO_USED" in body


def test_a_closed_or_paid_order_takes_no_money(bank: Bank, order: Any) -> None:
    sdk().close(out_trade_no=order.number)
    with pytest.raises(Exception, match="ORDER_NOT_PAYABLE"):
        bank.pays(order)


def test_refunds_never_exceed_what_was_paid_there(bank: Bank, order: Any) -> None:
    paid = bank.pays(order, tell=False)
    amount = {"refund": 3000, "total": 5000, "currency": "CNY"}
    first = sdk().refund(out_refund_no="R1", transaction_id=paid["transaction_id"], amount=amount)
    again = sdk().refund(out_refund_no="R1", transaction_id=paid["transaction_id"], amount=amount)
    assert first[0] == again[0] == 200 and len(bank.sandbox.store.all("SELECT * FROM refunds")) == 1
    more = sdk().refund(out_refund_no="R2", transaction_id=paid["transaction_id"], amount=amount)
    assert more[0] == 400 and "INVALID_REQUEST" in more[1]


def test_an_unanswered_notice_is_repeated_on_wechats_ladder_and_then_given_up(bank: Bank, order: Any) -> None:
    assert (len(LADDER), sum(LADDER)) == (15, 24 * 3600 + 4 * 60)
    bank.sandbox.notifier._post = lambda url, headers, body: 500  # a hospital that is down
    now = [2_000_000_000.0]
    bank.sandbox.notifier._clock = lambda: now[0]
    bank.pays(order)
    sent_at = []
    for _ in range(40):
        notice = bank.sandbox.store.one("SELECT * FROM notices")
        assert notice is not None
        if notice["done_at"]:
            break
        now[0] = max(now[0], notice["next_at"])
        sent_at.append(now[0])
        bank.sandbox.notifier.deliver_due()
    waits = [round(later - earlier) for earlier, later in pairwise(sent_at)]
    assert waits == LADDER
    assert notice["last_answer"] == "given up"


@pytest.mark.parametrize("what", ["forge", "signtest"])
def test_a_probe_is_refused_and_the_true_notice_that_follows_is_taken(
    house: House, bank: Bank, order: Any, what: str
) -> None:
    bank.sandbox.break_at("notify", what)
    bank.pays(order)
    assert bank.rings() == 0
    assert bank.rings() == 1


def test_the_payers_phone_shows_the_order_pays_it_and_leads_back(bank: Bank, order: Any) -> None:
    phone = order.prepared["h5_url"]
    page = requests.get(phone, params={"redirect_url": "http://127.0.0.1:1/pay/orders/x/"}, timeout=5).text
    assert "¥50.00" in page and "支付" in page
    page = requests.post(phone, data={"back": "http://127.0.0.1:1/pay/orders/x/"}, timeout=5).text
    assert "支付成功" in page and "http://127.0.0.1:1/pay/orders/x/" in page
    page = requests.post(phone, data={"back": "javascript:alert(1)"}, timeout=5).text
    assert "javascript" not in page
