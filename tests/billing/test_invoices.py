"""PAY-14: one electronic receipt for each settlement, of exactly what was not given back, whatever the platform does."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import transaction
from django.test import Client

from billing import services
from billing.channels.cash.services import cash_take, desk_give_back
from billing.channels.invoice.sandbox import Sandbox, adds_up
from billing.models import Charge, Invoice
from billing.services.invoices import invoice_retry, invoices_issue
from billing.states import InvoiceStatus
from hospital.kit import clock, invariants
from tests.billing.conftest import House
from tests.cast import actor_of_person, client_for
from tests.sandboxes import serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform(settings: Any, tmp_path: Path) -> Iterator[Sandbox]:
    settings.INVOICE_APP_ID, settings.INVOICE_API_KEY = "hospital", "k" * 32
    sandbox = Sandbox(tmp_path, app_id="hospital", api_key="k" * 32)
    with serve(sandbox) as there:
        settings.INVOICE_BASE_URL = f"{there}/invoice"
        yield sandbox


def paid(house: House, *lines: tuple[str, int]) -> Charge:
    charge = house.owe(house.cast.wang_fang, *lines)
    cash_take(
        actor=actor_of_person(house.cast.cashier), patient_id=charge.patient_id, charge_ids=[charge.pk], at=house.at
    )
    return charge


def give_back(house: House, charge: Charge, key: str, *lines: services.LineSpec) -> None:
    with transaction.atomic():
        refund = services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=house.at, reason="退", key=key,
            lines=lines or None,
        )  # fmt: skip
    desk_give_back(actor=actor_of_person(house.cast.cashier), refund_id=refund.pk, at=house.at)


def issue(house: House, minutes: int = 0) -> None:
    for _ in range(4):
        invoices_issue(at=house.at + timedelta(minutes=minutes))


def chain(charge: Charge) -> list[tuple[str, int, str]]:
    return [*Invoice.objects.filter(charge=charge).order_by("pk").values_list("kind", "amount", "status")]


def theirs(platform: Sandbox) -> int:
    """What the platform holds valid, in fen."""
    rows = platform.store.all("SELECT total FROM tickets WHERE kind = 'blue' AND reversed_by IS NULL")
    return sum(row["total"] for row in rows)


@pytest.fixture(autouse=True)
def receipts_hold(db: Any) -> Iterator[None]:
    yield
    for one in invariants.registered():
        if "receipt" in one.name:
            assert not invariants.offenders(one), one.name


def test_a_receipt_is_issued_after_the_payment_with_every_field_of_the_form(house: House, platform: Sandbox) -> None:
    charge = paid(house, ("LAB-1", 2), ("REG-1", 1))
    issue(house)
    invoice = Invoice.objects.get()
    assert invoice.status == InvoiceStatus.ISSUED and invoice.code and invoice.ticket and invoice.check_code
    sheet = json.loads(invoice.sheet)
    assert adds_up(sheet) and sheet["total"] == 9100 and sheet["bill_no"] == charge.number
    assert {one["label"]: one["amount"] for one in sheet["items_total"]} == {"化验费": 4100, "挂号费": 5000}
    assert sheet["payer"]["name"] == "王芳" and "*" in sheet["payer"]["id"]
    issue(house, 120)
    assert Invoice.objects.count() == 1 and len(platform.store.all("SELECT * FROM tickets")) == 1


def test_the_name_on_the_receipt_is_ciphertext_in_the_database(house: House) -> None:
    from django.db import connection

    paid(house)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sheet FROM billing_invoice")
        assert "王" not in cursor.fetchone()[0]


def test_a_partial_refund_takes_the_receipt_back_and_issues_one_of_what_remains(
    house: House, platform: Sandbox
) -> None:
    charge = paid(house, ("LAB-1", 2), ("REG-1", 1))
    issue(house)
    give_back(house, charge, "one", services.LineSpec("LAB-1", 1))
    issue(house)
    assert chain(charge) == [("blue", 9100, "reversed"), ("red", 9100, "issued"), ("blue", 7050, "issued")]
    assert theirs(platform) == 7050
    give_back(house, charge, "rest")
    issue(house)
    assert chain(charge)[-1] == ("red", 7050, "issued") and theirs(platform) == 0


def test_a_refund_before_the_receipt_was_issued_keeps_the_order_of_the_chain(house: House, platform: Sandbox) -> None:
    charge = paid(house, ("LAB-1", 2))
    give_back(house, charge, "one", services.LineSpec("LAB-1", 1))
    platform.store.break_at("invoice", "refuse", times=2)  # the first two calls meet a platform that is away
    invoices_issue(at=house.at)
    assert [status for _kind, _fen, status in chain(charge)] == ["asked", "wanted", "wanted"]
    for minutes in range(5, 60, 5):
        issue(house, minutes)
    assert [status for _kind, _fen, status in chain(charge)] == ["reversed", "issued", "issued"]
    assert theirs(platform) == 2050


@pytest.mark.parametrize("fault", ["refuse", "lose", "wrong-amount"])
def test_a_lost_or_wrong_answer_is_asked_for_again_and_issues_once(house: House, platform: Sandbox, fault: str) -> None:
    paid(house)
    platform.store.break_at("invoice", fault)
    invoices_issue(at=house.at)
    invoice = Invoice.objects.get()
    assert invoice.status == InvoiceStatus.ASKED and invoice.last_error
    issue(house, 30)
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.ISSUED and len(platform.store.all("SELECT * FROM tickets")) == 1


def test_a_refused_receipt_waits_for_a_person_who_asks_again(house: House, platform: Sandbox) -> None:
    paid(house)
    platform.store.break_at("invoice", "no")
    issue(house)
    invoice = Invoice.objects.get()
    assert invoice.status == InvoiceStatus.REFUSED and "E0420" in invoice.last_error
    office = client_for(house.cast.finance)
    assert "E0420" in office.get("/staff/receipts/").content.decode()
    invoice_retry(actor=actor_of_person(house.cast.finance), invoice_id=invoice.pk, at=house.at)
    issue(house)
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.ISSUED


def test_the_platform_refuses_a_request_whose_hash_does_not_hold(platform: Sandbox, settings: Any) -> None:
    answer = requests.post(f"{settings.INVOICE_BASE_URL}/issue", json={"number": "1"}, timeout=5)
    assert answer.status_code == 401


def test_without_a_platform_the_bill_says_that_it_is_being_issued(house: House) -> None:
    charge = paid(house)
    assert invoices_issue(at=house.at) == 0
    page = client_for(house.cast.wang_fang).get(f"/bills/{charge.number}/").content.decode()
    assert "/receipts/" not in page


def test_the_patient_opens_keeps_and_passes_on_the_receipt(house: House, platform: Sandbox) -> None:
    charge = paid(house)
    issue(house)
    invoice = Invoice.objects.get()
    phone = client_for(house.cast.wang_fang)
    assert f"/receipts/{invoice.number}/" in phone.get(f"/bills/{charge.number}/").content.decode()
    page = phone.get(f"/receipts/{invoice.number}/").content.decode()
    check = f"/receipts/check/{invoice.code}/{invoice.ticket}/{invoice.check_code}/"
    assert check in page and invoice.ticket in page and "¥50.00" in page
    paper = phone.get(f"/receipts/{invoice.number}/pdf/")
    assert paper["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")
    stranger = Client().get(check).content.decode()
    assert "¥50.00" in stranger and "王*" in stranger and "王芳" not in stranger
    assert Client().get(check.replace(invoice.check_code, "zzzzzz")).status_code == 404
    assert client_for(house.cast.stranger).get(f"/receipts/{invoice.number}/").status_code == 404


def test_a_receipt_that_was_taken_back_says_so_to_whoever_checks_it(house: House, platform: Sandbox) -> None:
    charge = paid(house)
    issue(house)
    invoice = Invoice.objects.get()
    check = f"/receipts/check/{invoice.code}/{invoice.ticket}/{invoice.check_code}/"
    valid = Client().get(check).content.decode()
    give_back(house, charge, "all")
    issue(house)
    assert clock.now() and Client().get(check).content.decode() != valid
    forged = Client().get(f"/receipts/check/{invoice.code}/{invoice.ticket}/{'0' * 6}/")
    assert forged.status_code == 404 and "查无此票据" in forged.content.decode(), (
        "it is the receipt that is missing, not a page"
    )
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.REVERSED
