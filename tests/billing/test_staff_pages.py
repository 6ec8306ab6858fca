"""The cash desk and the finance office, as their people meet them (PAY-05, PAY-07, PAY-09)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from billing import services
from billing.channels.wechat.sandbox import bills as wire
from billing.models import BillFile, Payment, ReconCase, Refund
from billing.services.payments import payment_take
from billing.states import RefundStatus
from hospital.kit import clock
from hospital.kit.actor import system
from hospital.people.services import card_issue
from tests.billing.conftest import Bank, House
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db

ROBOT = system("tests")
DATA = Path(__file__).parent / "data"


@pytest.fixture
def desk(house: House) -> Client:
    return client_for(house.cast.cashier)


def test_the_patient_is_found_by_card_or_record_number_and_never_by_the_url(house: House, desk: Client) -> None:
    with transaction.atomic():
        card = card_issue(patient_id=house.cast.wang_fang.patient_id, at=house.at)
    for text in (card.number, house.cast.wang_fang.patient.record_no):
        answer = desk.post("/staff/cash/find/", {"card": text})
        assert answer["Location"] == f"/staff/cash/{house.cast.wang_fang.patient_id}/"
    assert desk.post("/staff/cash/find/", {"card": "900000000000"}).status_code == 422


def test_cash_is_taken_settled_and_handed_back_at_the_desk(house: House, desk: Client) -> None:
    patient = house.cast.wang_fang.patient_id
    charge = house.owe(house.cast.wang_fang)
    assert "¥50.00" in desk.get(f"/staff/cash/{patient}/").content.decode()
    desk.post(f"/staff/cash/{patient}/take/", {"charge": [charge.pk]})
    charge.refresh_from_db()
    assert charge.status == "paid" and Payment.objects.get().channel == "cash"
    assert "¥50.00" in desk.get("/staff/cash/").content.decode()
    with transaction.atomic():
        refund = services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=clock.now(), reason="退号", key="k"
        )
    assert services.intents_resolve(at=house.at + timedelta(days=1)) == 0  # no channel is asked about cash
    assert refund.number in desk.get(f"/staff/cash/{patient}/").content.decode()
    desk.post(f"/staff/cash/refunds/{refund.pk}/")
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert desk.post(f"/staff/cash/refunds/{refund.pk}/").status_code == 409


def test_what_was_paid_a_moment_ago_is_not_taken_again(house: House, desk: Client) -> None:
    charge = house.owe(house.cast.wang_fang)
    url = f"/staff/cash/{house.cast.wang_fang.patient_id}/take/"
    desk.post(url, {"charge": [charge.pk]})
    assert desk.post(url, {"charge": [charge.pk]}).status_code == 409
    assert Payment.objects.count() == 1


def test_a_bill_of_another_patient_is_not_taken_on_this_page(house: House, desk: Client) -> None:
    charge = house.owe(house.cast.stranger)
    answer = desk.post(f"/staff/cash/{house.cast.wang_fang.patient_id}/take/", {"charge": [charge.pk]})
    assert answer.status_code == 404 and not Payment.objects.exists()


def paid_day(house: House, bank: Bank, settings: Any) -> Any:
    """Yesterday: one payment that the bill has, one that it lacks."""
    when = clock.day_bounds(clock.business_day(house.at) - timedelta(days=1))[0] + timedelta(hours=12)
    rows = []
    for number in range(2):
        order = house.order(house.owe(house.cast.wang_fang, at=when), at=when)
        with transaction.atomic():
            money = services.Money(f"4200{number}", order.amount, when, "query")
            payment = payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)
        book = {"number": order.number, "transaction_id": payment.transaction_id, "paid_total": payment.amount,
                "success_at": when.timestamp(), "trade_type": "MWEB", "openid": "o", "description": "x", "attach": ""}  # fmt: skip
        rows.append(wire.pay_row(book, appid="wx-test-app", mchid=settings.WECHATPAY_MCHID))
    return clock.business_day(when), wire.render(rows[:1])


def test_the_day_is_a_balance_on_one_page_and_its_difference_is_worked_off_by_two(
    house: House, bank: Bank, settings: Any
) -> None:
    day, raw = paid_day(house, bank, settings)
    maker, checker = client_for(house.cast.finance), client_for(house.cast.second_finance)
    answer = maker.post("/staff/finance/upload/", {"day": f"{day}", "file": SimpleUploadedFile("b.csv", raw)})
    assert answer.status_code == 302
    page = maker.get("/staff/finance/", {"day": f"{day}"}).content.decode()
    assert "¥100.00" in page and "¥50.00" in page and "D2" in page
    case = ReconCase.objects.get()
    assert case.numbers in maker.get(f"/staff/finance/cases/{case.pk}/").content.decode()
    propose = {"action": "explain", "note": "渠道漏报"}
    assert maker.post(f"/staff/finance/cases/{case.pk}/propose/", propose).status_code == 302
    assert "差错均已处理" not in maker.get("/staff/finance/", {"day": f"{day}"}).content.decode(), "it is only proposed"
    assert maker.post(f"/staff/finance/cases/{case.pk}/decide/", {"decision": "approve"}).status_code == 409
    assert checker.post(f"/staff/finance/cases/{case.pk}/decide/", {"decision": "approve"}).status_code == 302
    case.refresh_from_db()
    assert case.status == "done"
    maker.post("/staff/finance/close/", {"day": f"{day}"})
    auditor = client_for(house.cast.auditor)
    assert auditor.post("/staff/finance/days/sign/", {"day": f"{day}", "step": "close"}).status_code == 302
    assert "已关闭" in checker.get("/staff/finance/", {"day": f"{day}"}).content.decode()


def test_a_damaged_bill_is_refused_on_the_page_with_the_reason(house: House, bank: Bank, settings: Any) -> None:
    day, raw = paid_day(house, bank, settings)
    client = client_for(house.cast.finance)
    answer = client.post("/staff/finance/upload/", {"day": f"{day}", "file": SimpleUploadedFile("b.csv", raw[:-20])})
    assert answer.status_code == 422 and not BillFile.objects.exists()


def test_the_finance_page_without_anything_says_what_will_happen(house: House) -> None:
    assert client_for(house.cast.finance).get("/staff/finance/").status_code == 200
    assert client_for(house.cast.finance).get("/staff/finance/?day=never").status_code == 404


def test_a_large_refund_waits_for_a_second_person_on_the_refunds_page(house: House, bank: Bank) -> None:
    charge = house.owe(house.cast.wang_fang, ("TRT-1", 1))
    order = house.order(charge)
    with transaction.atomic():
        payment_take(
            order_id=order.pk, money=services.Money("42", order.amount, house.at, "query"), at=house.at, actor=ROBOT
        )
        services.refund_request(
            actor=actor_of_person(house.cast.doctor_li), charge_id=charge.pk, at=house.at, reason="停诊", key="k"
        )
    refund = Refund.objects.get()
    office = client_for(house.cast.finance)
    page = office.get("/staff/refunds/").content.decode()
    for text in (refund.number, house.cast.doctor_li.name, "¥800.00", 'value="approve"'):
        assert text in page
    Refund.objects.filter(pk=refund.pk).update(requested_by_account_id=house.cast.finance.account.pk)
    assert 'value="approve"' not in office.get("/staff/refunds/").content.decode(), "one's own request"
    Refund.objects.filter(pk=refund.pk).update(requested_by_account_id=house.cast.doctor_li.account.pk)
    office.post(f"/staff/refunds/{refund.pk}/decide/", {"decision": "reject", "reason": "已执行"})
    refund.refresh_from_db()
    charge.refresh_from_db()
    assert (refund.status, charge.refund_reserved) == (RefundStatus.REJECTED, 0)


def test_the_doctor_shows_a_code_that_the_patient_pays(house: House, bank: Bank) -> None:
    house.cast.care_begins(house.cast.doctor_li, house.cast.wang_fang)
    charge = house.owe(house.cast.wang_fang)
    doctor = client_for(house.cast.doctor_li)
    page = doctor.post(f"/staff/charges/{charge.pk}/qr/").content.decode()
    assert "data:image/svg+xml;base64," in page
    order = charge.order_parts.get().order
    bank.pays(order)
    bank.rings()
    assert "data:image" not in doctor.get(f"/staff/pay-orders/{order.number}/state/").content.decode()
    charge.refresh_from_db()
    assert charge.status == "paid"


def test_programs_pay_by_the_same_verbs(house: House, bank: Bank) -> None:
    charge = house.owe(house.cast.wang_fang)
    client = client_for(house.cast.wang_fang)
    body = {"charge_ids": [charge.pk], "method": "native"}
    answers = [
        client.post("/api/v1/pay-orders/", body, content_type="application/json", headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    number = answers[0].json()["number"]
    assert answers[1].json()["number"] == number and answers[0].json()["prepared"]["code_url"]
    bank.pays(charge.order_parts.get().order, tell=False)
    assert client.get(f"/api/v1/pay-orders/{number}/").json()["status"] == "paid"
    assert client.get("/api/v1/charges/").json()[0]["status"] == "paid"
    assert client.get("/api/v1/prices/", {"q": "血常规"}).json()[0]["price"] == 2050
