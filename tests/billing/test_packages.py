"""Packages of the price list: charged item by item at the prices of the moment, given back whole or by line (PAY-09, PAY-14, PAY-16)."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing import errors, selectors, services
from billing.models import Category, Charge, Invoice, Package, PackageItem, PriceItem
from billing.services.payments import payment_take
from hospital.kit.actor import system
from tests.billing.conftest import House
from tests.cast import client_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def check_up(house: House) -> Package:
    """Two blood counts and a registration: 2 x 20.50 + 50.00."""
    package = Package.objects.create(
        code="PKG-1", name="乳腺癌术后复查套餐", effective_from=house.at - timedelta(days=30), source="test"
    )
    PackageItem.objects.create(package=package, item_code="LAB-1", quantity=2)
    PackageItem.objects.create(package=package, item_code="REG-1")
    return package


def paid(house: House, *lines: tuple[str, int]) -> Charge:
    charge = house.owe(house.cast.wang_fang, *lines)
    order = house.order(charge)
    with transaction.atomic():
        money = services.Money("4200001", order.amount, house.at, "query")
        payment_take(order_id=order.pk, money=money, at=house.at, actor=system("tests"))
    return charge


def test_a_package_is_charged_item_by_item_in_its_categories_pay_14(house: House, check_up: Package) -> None:
    charge = house.owe(house.cast.wang_fang, ("PKG-1", 2), ("LAB-1", 1))
    lines = charge.lines.order_by("pk").values_list("package", "code", "category", "unit_price", "quantity", "amount")
    assert charge.amount == 2 * 9100 + 2050
    assert [*lines] == [
        (check_up.pk, "LAB-1", Category.LAB, 2050, 4, 8200),
        (check_up.pk, "REG-1", Category.REGISTRATION, 5000, 2, 10000),
        (None, "LAB-1", Category.LAB, 2050, 1, 2050),
    ]


def test_a_package_and_its_items_are_those_of_the_moment_of_ordering_pay_16(house: House, check_up: Package) -> None:
    changes = house.at + timedelta(days=1)
    PriceItem.objects.filter(code="LAB-1").update(effective_to=changes)
    PriceItem.objects.create(
        code="LAB-1", name="血常规", category=Category.LAB, price=3000, unit="次", effective_from=changes
    )
    Package.objects.filter(pk=check_up.pk).update(effective_to=changes + timedelta(days=1))
    assert house.owe(house.cast.wang_fang, ("PKG-1", 1)).amount == 9100
    assert house.owe(house.cast.wang_fang, ("PKG-1", 1), at=changes).amount == 11000
    with pytest.raises(errors.NoPrice):
        house.owe(house.cast.wang_fang, ("PKG-1", 1), at=changes + timedelta(days=1))


def test_a_campus_may_have_a_package_of_its_own(house: House, check_up: Package) -> None:
    own = Package.objects.create(
        code="PKG-1", name="本院区套餐", campus=house.cast.campus, effective_from=check_up.effective_from
    )
    PackageItem.objects.create(package=own, item_code="REG-1")
    for campus_id, name in [(house.cast.campus.pk, own.name), (None, check_up.name)]:
        found = selectors.package_at("PKG-1", at=house.at, campus_id=campus_id)
        assert found is not None and found.name == name


def test_an_item_without_a_price_stops_the_whole_package(house: House, check_up: Package) -> None:
    PriceItem.objects.filter(code="REG-1").update(effective_to=house.at)
    with pytest.raises(errors.NoPrice) as refused:
        house.owe(house.cast.wang_fang, ("PKG-1", 1))
    assert "REG-1" in refused.value.reason, "which item it is"
    assert not Charge.objects.exists() and selectors.packages_search("", at=house.at) == []


def test_a_package_goes_back_whole_or_by_line_and_never_twice_pay_09(house: House, check_up: Package) -> None:
    charge = paid(house, ("LAB-1", 1), ("PKG-1", 2))
    one = house.asked_back(charge, lines=[services.LineSpec("PKG-1", 1)])
    assert one.amount == 9100
    given = one.lines.order_by("pk").values_list("line__package", "line__code", "quantity")
    assert [*given] == [(check_up.pk, "LAB-1", 2), (check_up.pk, "REG-1", 1)], (
        "the single blood count isn't the package's"
    )
    same = house.asked_back(charge, lines=[services.LineSpec("PKG-1", 1)])
    assert same.pk == one.pk
    with transaction.atomic():
        part = services.refund_request(
            actor=system("tests"), charge_id=charge.pk, at=house.at, reason="退", key="part",
            lines=[services.LineSpec("REG-1", 1)],
        )  # fmt: skip
    assert part.amount == 5000
    with pytest.raises(errors.RefundTooMuch), transaction.atomic():  # of the second package the registration is gone
        services.refund_request(
            actor=system("tests"), charge_id=charge.pk, at=house.at, reason="退", key="rest",
            lines=[services.LineSpec("PKG-1", 1)],
        )  # fmt: skip
    with transaction.atomic():
        rest = services.refund_request(actor=system("tests"), charge_id=charge.pk, at=house.at, reason="退", key="all")
    assert one.amount + part.amount + rest.amount == charge.amount


def test_two_packages_of_a_code_never_hold_at_once(house: House, check_up: Package) -> None:
    with pytest.raises(IntegrityError, match="billing_package_overlap"), transaction.atomic():
        Package.objects.create(code="PKG-1", name="另一个", effective_from=house.at)
    with pytest.raises(ValidationError):
        PackageItem(package=check_up, item_code="PKG-1").full_clean()


def test_packages_stand_in_the_public_price_list_and_on_the_bill(house: House, check_up: Package) -> None:
    page = Client().get("/prices/").content.decode()
    assert check_up.name in page and "¥91.00" in page
    assert check_up.name in Client().get("/prices/", {"q": "复查"}).content.decode()
    assert check_up.name not in Client().get("/prices/", {"q": "放射"}).content.decode()
    charge = house.owe(house.cast.wang_fang, ("PKG-1", 1))
    assert check_up.name in client_for(house.cast.wang_fang).get(f"/bills/{charge.number}/").content.decode()


def test_cashier_page_and_cash_desk_name_the_package_with_its_items(house: House, check_up: Package) -> None:
    house.owe(house.cast.wang_fang, ("REG-1", 1), ("PKG-1", 1), ("LAB-1", 3))
    desk = client_for(house.cast.cashier).get(f"/staff/cash/{house.cast.wang_fang.patient_id}/").content.decode()
    for page in (client_for(house.cast.wang_fang).get("/pay/").content.decode(), desk):
        text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        assert "主任医师挂号费 套餐：乳腺癌术后复查套餐 — 血常规 × 2 · 主任医师挂号费 血常规 × 3" in text


def test_the_api_says_of_each_line_with_which_package_it_was_ordered(
    house: House, check_up: Package, django_assert_max_num_queries: Any
) -> None:
    phone = client_for(house.cast.wang_fang)
    charge = house.owe(house.cast.wang_fang, ("PKG-1", 1), ("LAB-1", 1))
    of_it = {"code": "PKG-1", "name": check_up.name}
    lines = phone.get(f"/api/v1/charges/{charge.number}/").json()["lines"]
    assert [(line["code"], line["package"]) for line in lines] == [("LAB-1", of_it), ("REG-1", of_it), ("LAB-1", None)]
    with django_assert_max_num_queries(40) as one:
        phone.get("/api/v1/charges/")
    house.owe(house.cast.wang_fang, ("PKG-1", 2))
    with django_assert_max_num_queries(len(one)):
        assert len(phone.get("/api/v1/charges/").json()) == 2


def test_the_receipt_counts_a_package_by_the_categories_of_its_items_pay_14(house: House, check_up: Package) -> None:
    charge = paid(house, ("PKG-1", 1), ("LAB-1", 1))
    sheet = json.loads(Invoice.objects.get(charge=charge).sheet)
    assert {one["label"]: one["amount"] for one in sheet["items_total"]} == {"化验费": 3 * 2050, "挂号费": 5000}
    assert [(line["name"], line["quantity"], line["package"]) for line in sheet["lines"]] == [
        ("血常规", 2, check_up.name), ("主任医师挂号费", 1, check_up.name), ("血常规", 1, ""),
    ]  # fmt: skip
    Invoice.objects.filter(charge=charge).update(
        status="issued", code="12010126", ticket="0000000001", check_code="abc123", issued_at=house.at
    )
    phone, number = client_for(house.cast.wang_fang), Invoice.objects.get(charge=charge).number
    assert check_up.name in phone.get(reverse("billing:receipt", args=[number])).content.decode()


def test_an_administrator_keeps_packages_until_they_are_charged(house: House, check_up: Package) -> None:
    admin = client_for(house.cast.admin)
    url = f"/admin/billing/package/{check_up.pk}/change/"
    assert 'name="name"' in admin.get(url).content.decode()
    house.owe(house.cast.wang_fang, ("PKG-1", 1))
    page = admin.get(url).content.decode()
    assert 'name="name"' not in page and 'name="items-0-quantity"' not in page
    assert 'name="effective_to_0"' in page, "a new one begins where this one ends"
