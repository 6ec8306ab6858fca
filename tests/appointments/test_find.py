"""Doctors whom one knows, and who can be seen soonest (A2)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appointments.models import Booking, Follow
from hospital.kit.actor import Role
from hospital.organisation.models import PolicyParameter
from tests.appointments.conftest import Clinic
from tests.appointments.test_pages import text
from tests.cast import client_for

pytestmark = pytest.mark.django_db


def test_a_followed_doctor_is_found_at_once_until_followed_no_more(clinic: Clinic) -> None:
    mine, staff = client_for(clinic.cast.wang_fang), clinic.cast.doctor_li.staff
    assert "我关注的医生" not in text(mine.get("/doctors/"))
    for _twice in range(2):
        assert mine.post(f"/doctors/{staff.pk}/follow/", {"follow": "1"}).status_code == 302
    assert Follow.objects.count() == 1
    found = text(mine.get("/doctors/"))
    assert "我关注的医生" in found and "李建国" in found
    assert "我关注的医生" not in text(client_for(clinic.cast.stranger).get("/doctors/"))
    assert "取消关注" in text(mine.get(f"/doctors/{staff.pk}/"))
    mine.post(f"/doctors/{staff.pk}/follow/", {"follow": "0"})
    assert not Follow.objects.exists()


def test_nobody_follows_who_isnt_shown_nor_without_end(clinic: Clinic) -> None:
    cast, mine = clinic.cast, client_for(clinic.cast.wang_fang)
    assert mine.post(f"/doctors/{cast.nurse.staff.pk}/follow/", {"follow": "1"}).status_code == 404
    PolicyParameter.objects.create(
        name="appointments.followed", value=1, effective_from=clinic.at - timedelta(days=1), source="t"
    )
    for doctor in (cast.doctor_li, cast.other_doctor):
        mine.post(f"/doctors/{doctor.staff.pk}/follow/", {"follow": "1"})
    assert Follow.objects.get().doctor_id == cast.doctor_li.staff.pk


def test_who_was_seen_is_listed_for_the_family_alone(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.mother)
    assert "看过的医生" not in text(client_for(clinic.cast.wang_fang).get("/doctors/")), "booked is not seen"
    Booking.objects.filter(pk=booking.pk).update(status="seen")
    assert "看过的医生" in text(client_for(clinic.cast.wang_fang).get("/doctors/"))
    assert "看过的医生" not in text(client_for(clinic.cast.stranger).get("/doctors/"))
    assert "看过的医生" not in text(Client().get("/doctors/"))


def test_the_soonest_free_doctor_stands_first_and_a_full_one_last_a2(clinic: Clinic) -> None:
    cast = clinic.cast
    late, full = (
        cast.new_staff(name, cast.oncology, Role.DOCTOR, is_listed=True, title="") for name in ("安迟", "艾满")
    )
    clinic.open(clinic.roster(late, clinic.day + timedelta(days=3), "09:00", "09:30"))
    taken = clinic.open(clinic.roster(full, clinic.day, "08:00", "08:05"))
    clinic.hold(cast.stranger, clinic.period(0, taken))
    page = text(Client().get("/doctors/", {"department": cast.oncology.pk, "sort": "soonest"}))
    assert page.index("李建国") < page.index("安迟") < page.index("艾满")


def test_known_doctors_cost_the_same_for_one_and_for_many(clinic: Clinic) -> None:
    cast, mine = clinic.cast, client_for(clinic.cast.wang_fang)

    def follow(doctor: int) -> None:
        mine.post(f"/doctors/{doctor}/follow/", {"follow": "1"})

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert mine.get("/doctors/").status_code == 200
        return len(asked)

    follow(cast.doctor_li.staff.pk)
    before = cost()
    for number in range(5):
        doctor = cast.new_staff(f"孙医{number}", cast.oncology, Role.DOCTOR, is_listed=True)
        clinic.open(clinic.roster(doctor, clinic.day, "09:00", "09:30"))
        follow(doctor.staff.pk)
    assert cost() == before
