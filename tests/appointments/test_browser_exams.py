"""Exams by hand in a browser: the doctor's proposal, the patient's choice and slip, the exam room (A6)."""

import pytest
from playwright.sync_api import expect

from appointments.models import ExamBooking, PrepQuestion
from hospital.kit import clock
from tests.appointments.conftest import broken_invariants
from tests.appointments.exam_room import build_exam_room
from tests.appointments.faces import seen
from tests.browser import DESKTOP, PHONE, TABLET, WORKSTATION, OpenPage
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_exams_of_one_visit_are_booked_in_one_trip_changed_and_done_by_hand_a6(
    cast: Cast, open_page: OpenPage, size: tuple[int, int]
) -> None:
    room = build_exam_room(cast, clock.now())
    page = open_page(size, cast.wang_fang)
    page.goto("/exams/")
    seen(page, f"exams-empty-{size[0]}")
    room.order(cast.mother, "X-CT-C", "X-MEAL", "X-DRAW")
    page.reload()
    expect(page.locator("input[name=slot]")).to_have_count(3)
    seen(page, f"exams-proposal-{size[0]}")
    question = PrepQuestion.objects.get()
    page.locator(f".choice:has(input[name=answer-{question.pk}][value=yes])").click()
    page.locator("form button.btn--primary").click()
    expect(page.locator(".alert--danger, [role=alert]").first).to_contain_text("请先联系开单医生")
    seen(page, f"exams-refused-{size[0]}")
    page.locator(f".choice:has(input[name=answer-{question.pk}][value=no])").click()
    page.locator("form button.btn--primary").click()
    expect(page.locator("a.card[href^='/exams/']")).to_have_count(3)
    seen(page, f"exams-booked-{size[0]}")
    first = ExamBooking.objects.order_by("during")[0]
    page.locator(f"a.card[href='/exams/{first.pk}/']").click()
    page.wait_for_url("**/exams/*/")
    seen(page, f"exam-slip-{size[0]}")
    page.locator("form[action$='/cancel/'] button").click()
    page.wait_for_url("**/exams/")
    expect(page.locator("input[name=slot]")).to_have_count(1)

    doctor = open_page(WORKSTATION, cast.doctor_li)
    doctor.goto(f"/staff/exam-plan/{room.encounters[cast.mother.patient_id]}/")
    seen(doctor, "exam-plan", also=TABLET)
    doctor.locator("form button.btn--primary").click()
    expect(doctor.locator("input[name=slot]")).to_have_count(0)
    seen(doctor, "exam-plan-done")

    desk = open_page(TABLET, cast.technician)
    exam = ExamBooking.objects.filter(status="booked").order_by("during")[0]
    desk.goto(f"/staff/exam-room/?machine={exam.machine_id}&day={clock.local(exam.starts_at):%F}")
    seen(desk, "exam-room", also=WORKSTATION)
    for verb in ("arrive", "begin", "finish"):
        desk.locator(f"form[action='/staff/exam-room/{exam.pk}/{verb}/'] button").click()
        desk.wait_for_load_state()
    expect(desk.locator("form[action*='/staff/exam-room/']")).to_have_count(0)
    seen(desk, "exam-room-done")
    exam.refresh_from_db()
    assert exam.status == "done" and not broken_invariants()
