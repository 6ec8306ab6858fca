"""The cashier page, the order's page and the bills, as a patient meets them (PAY-02, PAY-11, IH-14)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from billing import services
from billing.channels.cash.services import cash_take, desk_give_back
from billing.models import PayOrder, PriceItem, Refund
from billing.states import PayOrderStatus
from tests.billing.conftest import Bank, House
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148"


@pytest.fixture
def phone(house: House) -> Client:
    return client_for(house.cast.wang_fang, headers={"user-agent": PHONE})


def start(client: Client, *charges: Any, method: str = "h5") -> Any:
    return client.post("/pay/", {"charge": [c.pk for c in charges], "method": method})


def test_the_cashier_shows_everything_owed_by_oneself_and_family_and_nothing_else(house: House, phone: Client) -> None:
    house.owe(house.cast.wang_fang)
    house.owe(house.cast.mother, ("LAB-1", 2))
    house.owe(house.cast.stranger, ("TRT-1", 1))
    page = phone.get("/pay/").content.decode()
    assert "¥91.00" in page and "主任医师挂号费" in page and "血常规" in page
    assert "放射治疗" not in page and "赵" not in page
    assert "王*" in page and "王芳" not in page.split("</header>")[1]


def test_nothing_owed_says_so(phone: Client) -> None:
    assert "没有" in phone.get("/pay/").content.decode() or "Nothing to pay" in phone.get("/pay/").content.decode()


def test_from_the_cashier_to_the_channel_and_back(house: House, bank: Bank, phone: Client) -> None:
    charge = house.owe(house.cast.wang_fang)
    answer = start(phone, charge)
    order = PayOrder.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/pay/orders/{order.number}/"
    page = phone.get(answer["Location"]).content.decode()
    link = re.search(r'href="([^"]*_sandbox/pay/[^"]*)"', page)
    assert link is not None and "redirect_url" in link[1]
    bank.pays(order)
    bank.rings()
    page = phone.get(answer["Location"]).content.decode()
    assert "¥50.00" in page and f"/bills/{charge.number}/" in page


def test_the_result_is_right_after_a_lost_connection_and_a_lost_notice(
    house: House, bank: Bank, phone: Client, time_machine: Any
) -> None:
    charge = house.owe(house.cast.wang_fang)
    answer = start(phone, charge)
    bank.pays(PayOrder.objects.get(), tell=False)
    page = phone.get(answer["Location"]).content.decode()  # asks the channel itself
    assert PayOrder.objects.get().status == PayOrderStatus.PAID
    assert f"/bills/{charge.number}/" in page


def test_a_silent_channel_loses_nothing_and_can_be_asked_again(house: House, bank: Bank, phone: Client) -> None:
    charge = house.owe(house.cast.wang_fang)
    bank.sandbox.break_at("prepay", "refuse", times=1)
    answer = start(phone, charge)
    order = PayOrder.objects.get()
    assert order.status == PayOrderStatus.CREATED
    page = phone.get(answer["Location"]).content.decode()
    assert f"/pay/orders/{order.number}/prepare/" in page
    phone.post(f"/pay/orders/{order.number}/prepare/")
    order.refresh_from_db()
    assert order.status == PayOrderStatus.WAITING


def test_going_back_and_paying_again_uses_the_same_order(house: House, bank: Bank, phone: Client) -> None:
    charge = house.owe(house.cast.wang_fang)
    assert start(phone, charge)["Location"] == start(phone, charge)["Location"]
    assert PayOrder.objects.count() == 1


def test_on_a_desktop_a_code_is_drawn_here(house: House, bank: Bank) -> None:
    charge = house.owe(house.cast.wang_fang)
    desktop = client_for(house.cast.wang_fang)
    answer = start(desktop, charge, method="native")
    page = desktop.get(answer["Location"]).content.decode()
    assert "data:image/svg+xml;base64," in page


def test_a_bill_of_somebody_else_can_not_be_paid_or_seen(house: House, bank: Bank, phone: Client) -> None:
    theirs = house.owe(house.cast.stranger)
    mine = house.owe(house.cast.wang_fang)
    assert phone.get(f"/pay/{theirs.pk}/").status_code == 404
    assert phone.get(f"/pay/{mine.pk},{theirs.pk}/").status_code == 404
    assert start(phone, mine, theirs).status_code == 404
    assert phone.get(f"/bills/{theirs.number}/").status_code == 404
    assert not PayOrder.objects.exists()


def test_the_price_comes_from_the_bill_never_from_the_form(house: House, bank: Bank, phone: Client) -> None:
    charge = house.owe(house.cast.wang_fang)
    phone.post("/pay/", {"charge": [charge.pk], "method": "h5", "amount": "1", "total": "1"})
    assert PayOrder.objects.get().amount == 5000


def test_an_expired_bill_can_not_be_ordered_from_an_old_page(house: House, bank: Bank, phone: Client) -> None:
    charge = house.owe(house.cast.wang_fang, at=house.at - timedelta(hours=1))
    assert start(phone, charge).status_code == 409
    page = phone.get(f"/pay/{charge.pk}/").content.decode()
    assert f"/bills/{charge.number}/" in page and 'name="charge"' not in page


@pytest.mark.parametrize(
    "data", [{}, {"method": "h5"}, {"charge": ["x"], "method": "h5"}, {"charge": ["1"], "method": "gold"}]
)
def test_a_form_that_says_nothing_is_shown_again(house: House, phone: Client, data: dict[str, Any]) -> None:
    charge = house.owe(house.cast.wang_fang)
    if data.get("charge") == ["1"]:
        data = data | {"charge": [str(charge.pk)]}
    assert phone.post("/pay/", data).status_code == 422


def test_bills_show_each_line_and_the_state_of_the_refund(house: House, bank: Bank, phone: Client) -> None:
    charge = house.owe(house.cast.wang_fang, ("LAB-1", 2), ("REG-1", 1))
    start(phone, charge)
    bank.pays(PayOrder.objects.get())
    bank.rings()
    with transaction.atomic():
        services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=house.at, reason="医生停诊", key="k",
            lines=[services.LineSpec("LAB-1", 1)],
        )  # fmt: skip
    page = phone.get(f"/bills/{charge.number}/").content.decode()
    for text in ("血常规", "¥41.00", "¥50.00", "¥91.00", "¥20.50", "医生停诊"):
        assert text in page
    listed = phone.get("/bills/").content.decode()
    assert charge.number in listed and "退款中" in listed and "已缴费" not in listed, "part of it is on its way back"


def test_the_result_page_tells_money_that_goes_back_from_a_bill_refunded_later(
    house: House, bank: Bank, phone: Client
) -> None:
    charge = house.owe(house.cast.wang_fang)
    first, second = house.order(charge), house.order(charge, method="native")
    for order in (first, second):
        services.order_prepare(order.pk, at=house.at, payer_ip="10.0.0.1")
        bank.pays(order, tell=False)
    paid, twice = (phone.get(f"/pay/orders/{order.number}/").content.decode() for order in (first, second))
    assert "款项正在退回" not in paid, "this payment settled the bill"
    assert "款项正在退回" in twice, "the bill is paid, but not by this one"
    house.asked_back(charge)
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    bank.refunds_done()
    bank.rings()
    charge.refresh_from_db()
    assert charge.status == "refunded"
    assert "款项正在退回" not in phone.get(f"/pay/orders/{first.number}/").content.decode(), "it did settle the bill"


REFUND_WORDS = {
    "requested": "复核", "approved": "原路退回", "processing": "原路退回", "unknown": "尚未答复", "failed": "财务正在处理",
    "succeeded": "3 个工作日",
}  # fmt: skip


@pytest.mark.parametrize("status", REFUND_WORDS)
def test_each_state_of_a_refund_says_what_to_expect(house: House, bank: Bank, phone: Client, status: str) -> None:
    charge = house.owe(house.cast.wang_fang)
    start(phone, charge)
    bank.pays(PayOrder.objects.get())
    bank.rings()
    refund = house.asked_back(charge)
    Refund.objects.filter(pk=refund.pk).update(status=status, success_at=house.at)
    page = phone.get(f"/bills/{charge.number}/").content.decode()
    assert REFUND_WORDS[status] in page and refund.number in page
    assert "收费窗口" not in page, "nobody is sent to the cash desk for what goes back by WeChat"


def test_cash_is_collected_at_the_desk_and_then_was_handed_back(house: House, phone: Client) -> None:
    charge, cashier = house.owe(house.cast.wang_fang), actor_of_person(house.cast.cashier)
    cash_take(actor=cashier, patient_id=charge.patient_id, charge_ids=[charge.pk], at=house.at)
    refund = house.asked_back(charge)
    assert "请持就诊卡到收费窗口领取" in phone.get(f"/bills/{charge.number}/").content.decode()
    desk_give_back(actor=cashier, refund_id=refund.pk, at=house.at)
    page = phone.get(f"/bills/{charge.number}/").content.decode()
    assert "已在收费窗口退还现金" in page and "工作日" not in page


def test_the_list_of_bills_asks_the_same_number_of_queries_for_one_and_for_twenty(
    house: House, phone: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        house.owe(house.cast.wang_fang)
    with django_assert_max_num_queries(14):
        phone.get("/bills/")
    with django_assert_max_num_queries(14):
        phone.get("/pay/")


def test_the_price_list_is_public_and_found_by_name_pinyin_and_initials(house: House) -> None:
    PriceItem.objects.filter(code="LAB-1").update(pinyin="xuechanggui", initials="xcg")
    for words in ("血常规", "xuechang", "XCG", "LAB-1"):
        page = Client().get("/prices/", {"q": words}).content.decode()
        assert "血常规" in page and "¥20.50" in page and "放射治疗" not in page
    assert "放射治疗" in Client().get("/prices/", {"category": "treatment"}).content.decode()
    assert Client().get("/prices/", {"q": "不存在的"}).status_code == 200
