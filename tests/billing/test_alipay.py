"""The hospital and the stand-in of Alipay, over real HTTP with real RSA2 signatures: G06, G07, PAY-02, PAY-09."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import requests

from billing import errors, selectors, services
from billing.channels import base
from billing.channels.alipay.client import AlipayClient
from billing.channels.alipay.console import console_refunds_find
from billing.channels.alipay.sandbox import Keys, Sandbox, make_keys
from billing.models import ChannelEvent, Entry, Payment, PayOrder, Refund
from billing.states import PayOrderStatus, RefundStatus
from hospital.audit.models import Entry as AuditLine
from hospital.kit import clock
from tests.billing.alipay import alipay, alipay_keys, paid, prepared, ring
from tests.billing.conftest import House
from tests.cast import client_for

__all__ = ["alipay", "alipay_keys"]
pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148"


def test_a_scanned_order_is_paid_and_rung_for(house: House, alipay: Sandbox) -> None:
    charge, order = prepared(house)
    assert order.status == PayOrderStatus.WAITING and "code_url" in order.prepared
    alipay.pay(order.number)
    assert alipay.notifier.deliver_due(everything=True) == 1
    assert selectors.charge_is_paid(charge.pk)
    assert Payment.objects.get().source == "notice" and ChannelEvent.objects.get().number == order.number


def test_the_phone_goes_there_and_back_by_signed_links(house: House, alipay: Sandbox) -> None:
    charge = house.owe(house.cast.wang_fang)
    phone = client_for(house.cast.wang_fang, headers={"user-agent": PHONE})
    answer = phone.post("/pay/", {"charge": [charge.pk], "method": "alipay:h5"})
    order = PayOrder.objects.get()
    assert order.channel == "alipay"
    page = phone.get(answer["Location"]).content.decode()
    assert "gateway.do?" in page and "支付宝" in page
    opened = requests.get(order.prepared["wap_url"], timeout=5)
    assert opened.status_code == 200 and "50.00" in opened.text
    tampered = requests.get(order.prepared["wap_url"].replace("50.00", "00.50"), timeout=5)
    assert "invalid-signature" in tampered.text
    alipay.pay(order.number, tell=False)
    PayOrder.objects.update(asked_at=None)  # two seconds pass
    page = phone.get(answer["Location"]).content.decode()  # the notice was lost: the page asks the channel itself
    assert f"/bills/{charge.number}/" in page and selectors.charge_is_paid(charge.pk)


def test_a_link_that_was_not_opened_yet_is_no_closed_order(house: House, alipay: Sandbox) -> None:
    """Alipay knows nothing of a link until it is opened: until its end it may still be paid, and is then found."""
    charge, order = prepared(house, "h5")
    services.intents_resolve(at=house.at + timedelta(seconds=20))
    order.refresh_from_db()
    assert order.status == PayOrderStatus.WAITING
    requests.get(order.prepared["wap_url"], timeout=5)
    alipay.pay(order.number, tell=False)
    services.intents_resolve(at=house.at + timedelta(minutes=5))
    assert selectors.charge_is_paid(charge.pk)


def test_an_unpaid_order_is_closed_at_its_end(house: House, alipay: Sandbox) -> None:
    charge, order = prepared(house)
    end = order.expires_at + timedelta(seconds=1)
    services.intents_resolve(at=end)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED
    assert services.charges_expire(at=end) == 1
    assert not selectors.charge_is_paid(charge.pk)


@pytest.mark.parametrize("fault", ["refuse", "busy", "lose", "badsign"])
def test_preparing_survives_a_bad_moment_of_the_channel(house: House, alipay: Sandbox, fault: str) -> None:
    order = house.order(house.owe(house.cast.wang_fang), channel="alipay", method="native")
    alipay.store.break_at("prepay", fault)
    with pytest.raises(errors.ChannelSilent):
        services.order_prepare(order.pk, at=house.at)
    assert services.order_prepare(order.pk, at=house.at).status == PayOrderStatus.WAITING
    assert len(alipay.store.all("SELECT * FROM orders")) == 1


@pytest.mark.parametrize("fault", ["", "refuse", "busy", "lose", "badsign"])
def test_a_refund_is_paid_out_once_whatever_happens_to_its_answer_g07(
    house: House, alipay: Sandbox, fault: str
) -> None:
    charge, _order = paid(house, alipay)
    if fault:
        alipay.store.break_at("refund", fault)
    refund = house.asked_back(charge)
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    services.intents_resolve(at=house.at + timedelta(minutes=5))
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert [row["amount"] for row in alipay.store.all("SELECT amount FROM refunds")] == [5000]
    assert alipay.notifier.deliver_due(everything=True) == 1  # its notice finds nothing left to do
    assert Refund.objects.count() == 1


def test_part_of_a_bill_goes_back_by_line(house: House, alipay: Sandbox) -> None:
    charge, _order = paid(house, alipay, ("LAB-1", 2), ("REG-1", 1))
    house.asked_back(charge, lines=[services.LineSpec("LAB-1", 1)])
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    charge.refresh_from_db()
    assert charge.status == "part_refunded" and Refund.objects.get().amount == 2050


def test_a_refund_made_in_the_console_is_asked_about_and_recorded(house: House, alipay: Sandbox) -> None:
    charge, order = paid(house, alipay)
    alipay.console_refund(order.number, 5000)
    assert alipay.notifier.deliver_due(everything=True) == 1 and not Refund.objects.exists()
    alipay.store.break_at("query", "refuse")
    for minutes in (1, 6, 11):  # asked until it is known, and then no more
        console_refunds_find(at=house.at + timedelta(minutes=minutes))
    assert console_refunds_find(at=house.at + timedelta(minutes=16)) == 0
    refund = Refund.objects.get()
    assert (refund.status, refund.charge_id, refund.amount) == (RefundStatus.SUCCEEDED, charge.pk, 5000)
    assert Entry.objects.filter(account__code="channel.alipay").count() == 2


def test_a_wrong_amount_in_an_answer_is_owed_back_and_never_settles(house: House, alipay: Sandbox) -> None:
    charge, order = prepared(house)
    alipay.pay(order.number, total=1, tell=False)
    services.intents_resolve(at=house.at + timedelta(seconds=20))
    assert not selectors.charge_is_paid(charge.pk)
    assert Payment.objects.get().amount == 1 and Refund.objects.get().amount == 1


# --- Forgeries (G06) ---------------------------------------------------------------------------------------------
@pytest.fixture
def order(house: House, alipay: Sandbox) -> Any:
    return prepared(house)[1]


def genuine(alipay: Sandbox, order: Any, **changes: str) -> dict[str, str]:
    """A notice as Alipay would send it for this order, with some of its facts changed before it was signed."""
    row = alipay.store.one("SELECT * FROM orders WHERE number = ?", order.number)
    assert row is not None
    told = alipay.tell({**row, "state": "TRADE_SUCCESS", "paid_total": row["total"], "success_at": alipay.clock()})
    said = alipay.notifier.fields(told)
    return alipay.keys.signed_notice({**said, **changes})


def nothing_happened() -> None:
    assert not Payment.objects.exists() and not Entry.objects.exists()
    line = AuditLine.objects.filter(action="security.pay_notice_refused").get()
    assert line.outcome == "refused" and line.reason


def without(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda said: {key: value for key, value in said.items() if key != name}


ALTERED: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no signature": without("sign"),
    "empty signature": lambda said: said | {"sign": ""},
    "signature of nobody": lambda said: said | {"sign": "QUFBQQ=="},
    "no base64": lambda said: said | {"sign": "%%%"},
    "downgrade to RSA": lambda said: said | {"sign_type": "RSA"},
    "no sign type": without("sign_type"),
    "amount changed": lambda said: said | {"total_amount": "0.01"},
    "order changed": lambda said: said | {"out_trade_no": "P1"},
    "a field more": lambda said: said | {"passback": "x"},
    "a field less": without("gmt_payment"),
    "state changed": lambda said: said | {"trade_status": "TRADE_FINISHED"},
    "empty": lambda said: {},
    "huge": lambda said: said | {"subject": "x" * 70_000},
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_notice_is_refused(house: House, alipay: Sandbox, order: Any, how: str) -> None:
    answer = ring(ALTERED[how](genuine(alipay, order)))
    assert answer.status_code == 401 and answer.content == b"failure"
    nothing_happened()


def test_the_control_an_unaltered_notice_is_taken(house: House, alipay: Sandbox, order: Any) -> None:
    answer = ring(genuine(alipay, order))
    assert answer.content == b"success" and Payment.objects.get().amount == order.amount


@pytest.mark.parametrize(
    "changes",
    [
        {"total_amount": "49.99"}, {"total_amount": "50.01"}, {"total_amount": "50"[:1]}, {"total_amount": "-50.00"},
        {"total_amount": "5E1"}, {"total_amount": "50.000"}, {"total_amount": ""}, {"app_id": "2021000000000000"},
        {"seller_id": "2088000000000000"}, {"out_trade_no": "P999999"}, {"trade_status": "PAID"}, {"trade_no": ""},
        {"notify_type": "servicemarket_order_notify"}, {"gmt_payment": "yesterday"}, {"trans_currency": "USD"},
        {"notify_time": "2020-01-01 00:00:00"}, {"notify_time": "2036-01-01 00:00:00"}, {"notify_time": ""},
        {"notify_id": ""}, {"refund_fee": "50.00", "out_biz_no": "R1"},
    ],
    ids=str,
)  # fmt: skip
def test_a_genuine_notice_that_does_not_fit_is_refused(
    house: House, alipay: Sandbox, order: Any, changes: dict[str, str]
) -> None:
    answer = ring(genuine(alipay, order, **changes))
    assert answer.status_code in {401, 409} and answer.content == b"failure"
    nothing_happened()


def test_the_key_of_another_platform_proves_nothing(house: House, alipay: Sandbox, order: Any) -> None:
    said = genuine(alipay, order)
    forger = Keys(alipay.keys.app_id, alipay.keys.seller_id, "", make_keys()["ALIPAY_SANDBOX_PLATFORM_KEY"])
    assert ring(forger.signed_notice(said)).status_code == 401
    nothing_happened()


def test_a_small_payment_for_another_order_never_pays_the_large_one(house: House, alipay: Sandbox, order: Any) -> None:
    large, big = prepared(house, "native", ("TRT-1", 2))
    assert ring(genuine(alipay, order, out_trade_no=big.number)).status_code == 409
    assert not selectors.charge_is_paid(large.pk)


def test_repeats_and_reordering_have_one_effect(house: House, alipay: Sandbox) -> None:
    charge, order = prepared(house)
    alipay.store.break_at("notify", "repeat", times=3)
    alipay.store.break_at("reorder", "reorder")
    alipay.pay(order.number)
    alipay.console_refund(order.number, 1000)
    alipay.notifier.deliver_due(everything=True)  # the refund's notice first: refused, and rung for again
    alipay.notifier.deliver_due(everything=True)
    assert Payment.objects.count() == 1
    assert console_refunds_find(at=house.at) == 1
    charge.refresh_from_db()
    assert charge.status == "part_refunded"


def test_a_console_refund_beyond_our_own_promise_is_an_alarm_once(house: House, alipay: Sandbox) -> None:
    charge, order = paid(house, alipay)
    house.asked_back(charge)  # promised, and not sent yet
    alipay.console_refund(order.number, 5000)
    alipay.notifier.deliver_due(everything=True)
    assert console_refunds_find(at=house.at) == 1 and console_refunds_find(at=house.at + timedelta(minutes=6)) == 0
    assert AuditLine.objects.get(action="security.pay_notice_refused").reason == "refund-beyond-payment"
    assert Refund.objects.count() == 1


# --- Bills -------------------------------------------------------------------------------------------------------
def test_the_bill_is_a_zip_of_gbk_files_that_add_up(house: House, alipay: Sandbox) -> None:
    charge, order = paid(house, alipay)
    house.asked_back(charge)
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    day = clock.business_day(house.at)
    with pytest.raises(base.BillNotReady):
        AlipayClient().bill(day)
    alipay.store.run("INSERT INTO bill_days VALUES (?)", f"{day:%Y-%m-%d}")
    with zipfile.ZipFile(io.BytesIO(AlipayClient().bill(day))) as archive:
        names = [info.filename.encode("cp437").decode("gb18030") for info in archive.infolist()]
        assert all(info.flag_bits & 0x800 == 0 for info in archive.infolist())
        assert any(name.endswith("_业务明细.csv") for name in names) and any("(汇总)" in name for name in names)
        detail = archive.read(
            next(one for one, name in zip(archive.infolist(), names, strict=True) if "汇总" not in name)
        )
    lines = detail.decode("gb18030").split("\r\n")
    assert lines[0] == "#支付宝业务明细查询" and len(lines[4].split(",")) == 25
    assert lines[5].startswith(f"{Payment.objects.get().transaction_id}\t,{order.number}\t,交易,")
    assert "商家实收退款共-50.00元" in detail.decode("gb18030")


def test_a_day_without_movement_has_no_bill(house: House, alipay: Sandbox) -> None:
    with pytest.raises(base.NoBill):
        AlipayClient().bill(date(2026, 1, 5))


def test_a_bill_link_to_another_host_is_not_followed(house: House, alipay: Sandbox, settings: Any) -> None:
    with pytest.raises(base.ChannelUnknown, match="somebody else"):
        AlipayClient()._download("https://evil.example.org/bill.zip")


def test_a_notice_of_the_stand_in_verifies_with_the_sdk(alipay: Sandbox) -> None:
    """The order of fields and the value as received, on a notice signed by our stand-in the way Alipay signs."""
    said = alipay.keys.signed_notice({"b": "2", "a": '[{"amount":"0.10"}]', "c": "中文"})
    from billing.channels.alipay.client import sdk

    assert sdk().verify({key: value for key, value in said.items() if key != "sign"}, said["sign"])
    assert json.loads(said["a"])
