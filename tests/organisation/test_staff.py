"""Finding doctors as patients look for them, and hiring."""

import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings

from hospital.kit import clock
from hospital.kit.actor import Role
from hospital.organisation import seeding
from hospital.organisation.errors import StaffNumberTaken
from hospital.organisation.models import Department, Post, Staff
from hospital.organisation.selectors import actor_for, staff_search
from hospital.organisation.services import staff_hire
from hospital.organisation.services.people import PostSpec
from hospital.people.models import Account
from tests.cast import HOUSE, Cast, client_for


def found(cast: Cast, text: str, department: Department | None = None) -> list[str]:
    return [one.name for one in staff_search(text, department.pk if department else None, at=cast.at)]


@pytest.fixture
def doctors(cast: Cast) -> Cast:
    Staff.objects.filter(pk=cast.doctor_li.staff.pk).update(specialty="乳腺癌的内分泌治疗")
    Department.objects.filter(pk=cast.radiotherapy.pk).update(diseases="鼻咽癌 骨转移")
    return cast


@pytest.mark.parametrize("text", ["李建国", "建国", "lijianguo", "ljg", "LJG", "lijian"])
def test_a_doctor_is_found_by_name_pinyin_and_initials(doctors: Cast, text: str) -> None:
    assert found(doctors, text) == ["李建国"]


def test_a_doctor_is_found_by_department_and_disease(doctors: Cast) -> None:
    assert found(doctors, "放射") == ["周放"]
    assert found(doctors, "鼻咽癌") == ["周放"]
    assert found(doctors, "fszlk") == ["周放"]
    assert found(doctors, "乳腺癌 ljg") == ["李建国"], "all words must fit"
    assert set(found(doctors, "乳腺恶性肿瘤")) == {"李建国", "韩主任"}, "written otherwise than the house's own words"
    assert found(doctors, "乳腺癌 周放") == []


def test_only_doctors_of_today_who_are_listed_are_shown(doctors: Cast) -> None:
    assert set(found(doctors, "")) == {"李建国", "周放", "韩主任"}
    Staff.objects.filter(name="周放").update(suspended_at=doctors.at)
    Post.objects.filter(staff__name="韩主任", role=Role.DOCTOR).update(
        effective_to=clock.business_day(doctors.at) - timedelta(days=1)
    )
    assert found(doctors, "") == ["李建国"]
    assert found(doctors, "", doctors.radiotherapy) == []


@pytest.mark.parametrize("text", ["%", "'", "\\", "吴护", "a" * 300])
def test_nobody_else_is_found(doctors: Cast, text: str) -> None:
    assert found(doctors, text) == []


def test_hiring_makes_account_person_and_posts_together(cast: Cast) -> None:
    day = clock.business_day(cast.at)
    with transaction.atomic():
        staff = staff_hire(
            actor=HOUSE, number="N1", name="单晓燕", password="a-long-password", at=cast.at,
            posts=[PostSpec(cast.office.pk, Role.ADMIN, day)],
        )  # fmt: skip
    account = Account.objects.get(pk=staff.account_id)
    assert account.is_staff and account.is_superuser and account.check_password("a-long-password")
    assert (staff.pinyin, staff.initials) == ("shanxiaoyan", "sxy")
    assert actor_for(account, at=cast.at).roles == {Role.ADMIN}


def test_a_number_is_given_once_and_leaves_no_account_behind(cast: Cast) -> None:
    accounts = Account.objects.count()
    number = cast.nurse.staff.number
    with pytest.raises(StaffNumberTaken), transaction.atomic():
        staff_hire(actor=HOUSE, number=number, login="other", name="某", password="", posts=[], at=cast.at)
    assert Account.objects.count() == accounts


def test_the_admin_hires_with_an_account(cast: Cast) -> None:
    typed = {
        "login": "newdoctor", "password": "correct-horse-battery", "number": "N2", "name": "曾一帆", "title": "233",
        "specialty": "", "about": "", "licence_no": "", "licence_scope": "", "practising_since": "",
        "online_consent_at_0": "", "online_consent_at_1": "", "posts-TOTAL_FORMS": "1", "posts-INITIAL_FORMS": "0",
        "posts-0-department": str(cast.office.pk), "posts-0-role": "admin", "posts-0-effective_from": "2026-01-01",
    }  # fmt: skip
    admin = client_for(cast.admin)
    page = admin.get("/admin/organisation/staff/add/")
    assert page.status_code == 200
    weak = admin.post("/admin/organisation/staff/add/", typed | {"password": "1234567890"})
    assert weak.status_code == 200 and not Account.objects.filter(login="newdoctor").exists()
    answer = admin.post("/admin/organisation/staff/add/", typed)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    account = Account.objects.get(login="newdoctor")
    assert account.is_staff and account.is_superuser and account.staff.pinyin == "zengyifan"
    assert admin.get(f"/admin/organisation/staff/{account.staff.pk}/history/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("demo", [True, False])
def test_the_tiny_hospital_is_seeded_once(demo: bool) -> None:
    at = clock.now()
    with override_settings(DEMO=demo):
        for _ in range(2):
            seeding.seed(size="tiny", rng=random.Random(1), at=at)
    assert Staff.objects.count() == len(seeding._TINY_PEOPLE)
    roles = set(Post.objects.values_list("role", flat=True))
    assert roles == {str(role) for role in Role} - {"anonymous", "unverified", "patient", "service"}
    doctor = Account.objects.get(login="doctor01")
    assert doctor.check_password(seeding.DEMO_PASSWORD) is demo, "outside the demo nobody knows a password"
    assert doctor.totpdevice_set.exists() is demo
