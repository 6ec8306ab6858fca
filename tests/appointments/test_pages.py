"""Pages of appointments, as people use them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appointments import services
from appointments.models import Booking
from appointments.states import BookingStatus
from hospital.people.models import VisitCard
from tests.appointments.conftest import FREE, HOUSE, Clinic
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def mine(clinic: Clinic) -> Client:
    return client_for(clinic.cast.wang_fang)


def text(response: object) -> str:
    body = response.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


@pytest.mark.parametrize("query", ["李建国", "lijianguo", "ljg", "乳腺"])
def test_a_doctor_is_found_by_name_pinyin_initials_and_department_a2(clinic: Clinic, query: str) -> None:
    staff = clinic.cast.doctor_li.staff
    staff.pinyin, staff.initials = "lijianguo", "ljg"
    staff.save(update_fields=["pinyin", "initials"])
    page = text(Client().get("/doctors/", {"q": query}))
    assert "李建国" in page and "¥50.00" in page and "周放" not in page


def test_nobody_found_says_what_to_try(clinic: Clinic) -> None:
    assert "没有找到医生" in text(Client().get("/doctors/", {"q": "zzzz"}))


def test_the_tree_of_departments_leads_to_their_doctors(clinic: Clinic) -> None:
    page = Client().get("/doctors/")
    assert f"?department={clinic.cast.oncology.pk}" in page.content.decode()
    assert "李建国" in text(Client().get("/doctors/", {"department": clinic.cast.oncology.pk}))


@pytest.mark.parametrize("department", ["abc", "9" * 30, "0"])
def test_a_department_that_is_none_is_ignored(clinic: Clinic, department: str) -> None:
    assert Client().get("/doctors/", {"department": department}).status_code == 200


def test_the_list_costs_the_same_for_one_and_for_many(clinic: Clinic, django_assert_num_queries: object) -> None:
    cast = clinic.cast
    for number in range(8):
        doctor = cast.new_staff(f"孙医{number}", cast.oncology, *actor_of_person(cast.doctor_li).roles, is_listed=True)
        clinic.open(clinic.roster(doctor, clinic.day, "09:00", "09:30"))
        clinic.open(clinic.roster(doctor, clinic.day, "19:00", "19:30", kind="online"))
    with django_assert_num_queries(6):  # type: ignore[operator]
        Client().get("/doctors/", {"department": cast.oncology.pk})


def test_a_fortnight_costs_the_same_with_and_without_online_hours(clinic: Clinic) -> None:
    urls = [
        f"/doctors/{clinic.cast.doctor_li.staff.pk}/",
        f"/api/v1/doctors/{clinic.cast.doctor_li.staff.pk}/sessions/",
    ]

    def costs() -> list[int]:
        counted = []
        for url in urls:
            with CaptureQueriesContext(connection) as asked:
                assert Client().get(url).status_code == 200
            counted.append(len(asked))
        return counted

    before = costs()
    for number in range(5):
        clinic.open(
            clinic.roster(clinic.cast.doctor_li, clinic.day + timedelta(days=number), "19:00", "19:30", kind="online")
        )
    assert costs() == before


def test_a_full_clinic_offers_the_same_doctor_online_a2(clinic: Clinic) -> None:
    online = clinic.open(clinic.roster(clinic.cast.doctor_li, clinic.day, "19:00", "19:10", kind="online"))
    for number in range(12):
        clinic.hold(clinic.cast.new_patient(f"吴{number}"), clinic.period(number))
    listed = Client().get("/doctors/", {"q": "李建国"})
    assert "线下门诊已约满" in text(listed)
    page = Client().get(f"/doctors/{clinic.cast.doctor_li.staff.pk}/")
    assert "线下门诊已约满" in text(page)
    from appointments.selectors.doctors import start_url

    assert start_url("online", online.pk, online.doctor_id) in page.content.decode()


def test_two_weeks_of_a_doctor_and_a_day_that_is_no_day(clinic: Clinic) -> None:
    url = f"/doctors/{clinic.cast.doctor_li.staff.pk}/"
    page = Client().get(url)
    assert page.content.decode().count('class="day') >= 14
    assert f"/book/{clinic.session.pk}/" in page.content.decode() and "余 12" in text(page)
    assert Client().get(url, {"day": "not-a-day"}).status_code == 200
    assert Client().get(f"/doctors/{clinic.cast.nurse.staff.pk}/").status_code == 404


def test_from_the_times_to_the_cashier(clinic: Clinic, mine: Client) -> None:
    page = mine.get(f"/book/{clinic.session.pk}/")
    assert "09:00–09:05" in text(page) and "¥50.00" in text(page) and "李桂兰" in text(page)
    answer = mine.post(
        f"/book/{clinic.session.pk}/", {"patient": clinic.cast.mother.patient_id, "period": clinic.period(2).pk}
    )
    booking = Booking.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/pay/{booking.charge_id}/"
    assert booking.patient_id == clinic.cast.mother.patient_id and booking.number == 3


def test_a_free_visit_is_booked_at_once_and_shown(clinic: Clinic, mine: Client) -> None:
    day = clinic.day + timedelta(days=1)
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, day, "09:00", "10:00", fee_item=FREE))
    answer = mine.post(
        f"/book/{session.pk}/",
        {"patient": clinic.cast.wang_fang.patient_id, "period": clinic.period(0, session).pk},
        follow=True,
    )
    assert "已预约" in text(answer) and answer.redirect_chain[-1][0] == f"/visits/{Booking.objects.get().pk}/"


def test_a_refusal_keeps_what_was_chosen_and_says_what_to_do(clinic: Clinic, mine: Client) -> None:
    clinic.hold(clinic.cast.stranger)
    data = {"patient": clinic.cast.mother.patient_id, "period": clinic.period().pk}
    page = mine.post(f"/book/{clinic.session.pk}/", data)
    assert page.status_code == 409 and "这个时段刚刚被约走" in text(page)
    assert re.search(rf'value="{clinic.cast.mother.patient_id}"[^>]* checked', page.content.decode())


def test_nothing_chosen_is_said_in_words(clinic: Clinic, mine: Client) -> None:
    page = mine.post(f"/book/{clinic.session.pk}/", {})
    assert page.status_code == 422 and "请选择时段" in text(page) and "请选择就诊人" in text(page)


def test_a_period_of_another_session_is_not_found(clinic: Clinic, mine: Client) -> None:
    other = clinic.open(clinic.roster(clinic.cast.doctor_li, clinic.day, "14:00", "15:00"))
    data = {"patient": clinic.cast.wang_fang.patient_id, "period": clinic.period(0, other).pk}
    assert mine.post(f"/book/{clinic.session.pk}/", data).status_code == 404


def test_visits_upcoming_past_and_cancelled(clinic: Clinic, mine: Client) -> None:
    assert "暂无待就诊的预约" in text(mine.get("/visits/"))
    booking = clinic.book(clinic.cast.wang_fang)
    assert "李建国" in text(mine.get("/visits/"))
    assert "李建国" not in text(mine.get("/visits/?show=past"))
    services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)
    assert "李建国" in text(mine.get("/visits/?show=cancelled"))
    assert "李建国" not in text(client_for(clinic.cast.stranger).get("/visits/?show=cancelled"))


def test_the_list_of_visits_costs_the_same_for_many(
    clinic: Clinic, mine: Client, django_assert_max_num_queries: object
) -> None:
    for number in range(5):
        day = clinic.day + timedelta(days=number + 1)
        session = clinic.open(clinic.roster(clinic.cast.doctor_li, day, "09:00", "10:00"))
        clinic.book(clinic.cast.wang_fang, clinic.period(0, session))
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        mine.get("/visits/")


def test_cancelling_by_page_asks_once_and_refunds(clinic: Clinic, mine: Client) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    assert "¥50.00 将原路退回" in text(mine.get(f"/visits/{booking.pk}/cancel/"))
    page = mine.post(f"/visits/{booking.pk}/cancel/", {"reason": "当天来不了"}, follow=True)
    assert "预约已取消" in text(page) and "当天来不了" in text(page)


def test_the_page_of_a_visit_shows_the_queue_while_one_waits_a5(clinic: Clinic, mine: Client) -> None:
    ahead = clinic.book(clinic.cast.stranger)
    booking = clinic.book(clinic.cast.wang_fang, clinic.period(1))
    clinic.check_in(ahead), clinic.check_in(booking)
    assert "您前面还有 1 位" in text(mine.get(f"/visits/{booking.pk}/"))
    services.ticket_call(
        actor=actor_of_person(clinic.cast.nurse), session_id=clinic.session.pk, at=clinic.session.starts_at
    )
    assert "您前面还有 1 位" in text(mine.get(f"/visits/{booking.pk}/queue/"))


@pytest.fixture
def today(clinic: Clinic) -> Booking:
    """A visit of Wang Fang at this very hour."""
    day = clinic.day - timedelta(days=1)
    slot = clinic.roster(clinic.cast.other_doctor, day, "00:00", "23:55", department=clinic.cast.radiotherapy)
    services.sessions_generate(actor=HOUSE, first=day, last=day, at=clinic.before(slot) - timedelta(seconds=1))
    from appointments.models import Session

    session = Session.objects.get(roster_slot=slot)
    period = session.periods.filter(ends_at__gt=clinic.at).order_by("starts_at").first() or session.periods.last()
    booking = clinic.hold(clinic.cast.wang_fang, period, at=session.starts_at - timedelta(hours=1))
    return clinic.pay(booking, at=session.starts_at - timedelta(minutes=50))


def test_the_visit_card_is_scanned_and_the_patient_is_in_the_queue_h2(clinic: Clinic, today: Booking) -> None:
    VisitCard.objects.get_or_create(
        patient=clinic.cast.wang_fang.patient, defaults={"number": "V0000001", "issued_at": clinic.at}
    )
    number = VisitCard.objects.get(patient=clinic.cast.wang_fang.patient).number
    desk = client_for(clinic.cast.cashier)
    page = desk.post("/staff/check-in/", {"code": f" {number} "}, follow=True)
    assert "王*" in text(page) and "王芳" not in text(page)
    today.refresh_from_db()
    assert today.status == BookingStatus.CHECKED_IN
    again = desk.post("/staff/check-in/", {"code": number}, follow=True)
    assert again.status_code == 200


def test_a_card_of_nobody_and_an_empty_scan_are_said(clinic: Clinic) -> None:
    desk = client_for(clinic.cast.nurse)
    assert "就诊码无法识别" in text(desk.post("/staff/check-in/", {"code": "nonsense"}))
    assert desk.post("/staff/check-in/", {"code": ""}).status_code == 422


def test_the_doctor_runs_the_queue_by_page(clinic: Clinic, today: Booking) -> None:
    ticket = services.booking_check_in(
        actor=actor_of_person(clinic.cast.nurse), booking_id=today.pk, at=today.starts_at
    )
    doctor, session_id = client_for(clinic.cast.other_doctor), today.session_id
    assert doctor.get("/staff/queue/")["Location"] == f"/staff/queue/{session_id}/"
    assert "王芳" in text(doctor.get(f"/staff/queue/{session_id}/"))
    doctor.post(f"/staff/queue/{session_id}/call/")
    refused = doctor.post(f"/staff/queue/{session_id}/call/", follow=True)
    assert "已有一位患者被呼叫" in text(refused)
    for verb, status in (("recall", "called"), ("start", "serving"), ("finish", "finished")):
        assert doctor.post(f"/staff/queue/tickets/{ticket.pk}/{verb}/").status_code == 302
        ticket.refresh_from_db()
        assert ticket.status == status
    assert doctor.post(f"/staff/queue/tickets/{ticket.pk}/explode/").status_code == 404


def test_a_poll_of_an_unchanged_queue_brings_nothing(clinic: Clinic, today: Booking) -> None:
    doctor, url = client_for(clinic.cast.other_doctor), f"/staff/queue/{today.session_id}/"
    page = doctor.get(url, headers={"HX-Request": "true"})
    seen = re.search(r"\?seen=([^\"]*)", page.content.decode())
    assert seen is not None
    assert doctor.get(url, {"seen": seen[1]}, headers={"HX-Request": "true"}).status_code == 204


def test_the_hall_screen_needs_nobody_signed_in(clinic: Clinic, today: Booking) -> None:
    services.booking_check_in(actor=actor_of_person(clinic.cast.nurse), booking_id=today.pk, at=today.starts_at)
    page = Client().get(f"/hall/{clinic.cast.radiotherapy.pk}/")
    assert page.status_code == 200 and "王芳" not in text(page)
    assert "王*" in text(page) or "当前时段无门诊" in text(page)


def test_dates_that_are_known_stand_in_the_field_as_browsers_read_them(clinic: Clinic, mine: Client) -> None:
    """A date field of a browser shows nothing for a date written as people write it in Chinese."""
    asked = mine.get(f"/doctors/{clinic.cast.doctor_li.staff.pk}/waiting/").content.decode()
    assert f'name="first" value="{clinic.day - timedelta(days=1):%F}"' in asked
    monday = clinic.day - timedelta(days=clinic.day.weekday())
    week = client_for(clinic.cast.admin).get("/staff/rosters/", {"week": f"{monday:%F}"}).content.decode()
    first = max(monday, clinic.day - timedelta(days=1))  # the week's first day that isn't over
    assert f'name="day" value="{first:%F}"' in week


def test_who_is_checked_in_is_offered_no_other_time_ap_05(clinic: Clinic, mine: Client) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    page = mine.get(f"/visits/{booking.pk}/move/").content.decode()
    assert 'name="period"' in page
    Booking.objects.filter(pk=booking.pk).update(status="checked_in", checked_in_at=clinic.at)
    page = mine.get(f"/visits/{booking.pk}/move/").content.decode()
    assert 'name="period"' not in page and "不能" in page


def test_a_full_clinic_leads_to_the_waiting_list_and_the_visits_too_a2(clinic: Clinic, mine: Client) -> None:
    clinic.session.places.update(common_from=None, free_from=clinic.session.ends_at)
    page = mine.get(f"/book/{clinic.session.pk}/").content.decode()
    assert f"/doctors/{clinic.session.doctor_id}/waiting/" in page and 'name="period"' not in page
    assert "/visits/waiting/" in mine.get("/visits/").content.decode()
