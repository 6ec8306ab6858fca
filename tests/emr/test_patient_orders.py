"""Orders on the phone and at the desk that takes specimens: the closed loop as each side sees it (E3)."""

from typing import Any

import pytest

from billing.kinds import get
from billing.models import Charge
from emr.models import Order
from hospital.audit.models import Entry
from tests.cast import client_for

from .conftest import Clinic

pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def order(clinic: Clinic) -> Order:
    clinic.save()
    return clinic.order()


def test_the_patient_sees_what_to_pay_where_to_go_and_how_far_it_is(clinic: Clinic, order: Order) -> None:
    patient, nurse = client_for(clinic.cast.wang_fang), client_for(clinic.cast.nurse)
    url = f"/orders/{order.pk}/"
    assert url in text_of(patient.get("/orders/"))
    page = text_of(patient.get(url))
    assert order.placer_number in page and "data:image/svg+xml" in page and f"/pay/{order.charge_id}/" in page
    clinic.pay(order)
    assert f"/pay/{order.charge_id}/" not in text_of(patient.get(url))
    taken = nurse.post(f"/staff/specimens/{order.pk}/take/")
    assert taken.status_code == 302
    page = text_of(patient.get(url))
    assert "data:image/svg+xml" not in page  # nothing is left to be shown at a desk
    order.refresh_from_db()
    report = clinic.release(clinic.file(order))
    assert f"/reports/{report.pk}/" in text_of(patient.get(url))
    by_api = patient.get(f"/api/v1/orders/{order.pk}/").json()
    assert (by_api["status"], by_api["placer_number"]) == ("reported", order.placer_number)
    assert [row["id"] for row in patient.get("/api/v1/orders/").json()] == [order.pk]


def test_a_bill_of_an_order_leads_to_the_order(clinic: Clinic, order: Order) -> None:
    charge = Charge.objects.get(pk=order.charge_id)
    assert get(charge.kind).page(charge) == f"/orders/{order.pk}/"


def test_strangers_find_neither_page_nor_number(clinic: Clinic, order: Order) -> None:
    stranger = client_for(clinic.cast.stranger)
    assert stranger.get(f"/orders/{order.pk}/").status_code == 404
    assert stranger.get(f"/api/v1/orders/{order.pk}/").status_code == 404
    assert order.placer_number not in text_of(stranger.get("/orders/"))
    assert client_for(clinic.cast.doctor_li).get("/staff/specimens/").status_code == 404  # not a doctor's work


def test_no_specimen_before_it_is_paid_and_each_look_leaves_its_line(clinic: Clinic, order: Order) -> None:
    nurse = client_for(clinic.cast.nurse)
    page = nurse.get("/staff/specimens/", {"number": order.placer_number})
    assert page.status_code == 200 and clinic.cast.wang_fang.name in text_of(page)
    assert "/take/" not in text_of(page)
    assert Entry.objects.filter(action="order.specimen", patient_id=order.patient_id).count() == 1
    assert nurse.post(f"/staff/specimens/{order.pk}/take/").status_code == 409
    assert nurse.get("/staff/specimens/", {"number": order.placer_number[:-1]}).status_code == 404
    clinic.pay(order)
    assert "/take/" in text_of(nurse.get("/staff/specimens/", {"number": order.placer_number}))
    nurse.post(f"/staff/specimens/{order.pk}/take/")
    order.refresh_from_db()
    assert order.status == "collected" and order.collected_at is not None
    assert nurse.post(f"/staff/specimens/{order.pk}/take/").status_code == 409  # taken once
    assert Entry.objects.filter(action="order.collect", staff_id=clinic.cast.nurse.staff.pk).count() == 1


def test_the_list_asks_as_often_for_many_as_for_one(
    clinic: Clinic, order: Order, django_assert_max_num_queries: Any
) -> None:
    patient = client_for(clinic.cast.wang_fang)
    patient.get("/orders/")
    for _ in range(4):
        clinic.order()
    with django_assert_max_num_queries(20):
        assert patient.get("/orders/").status_code == 200
