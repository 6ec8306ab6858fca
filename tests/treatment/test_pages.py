"""Treatment through its pages, as patients and therapists use it."""

from datetime import datetime, time, timedelta
from typing import Any

import time_machine
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from hospital.kit import clock
from hospital.people.services import card_issue
from tests.cast import client_for
from tests.treatment.conftest import Ward
from treatment import selectors
from treatment.models import Course, Hold, Session
from treatment.states import CourseStatus, SessionStatus


def test_a_patient_chooses_an_hour_and_sees_the_calendar(ward: Ward) -> None:
    course = ward.paid(10)
    browser = client_for(ward.cast.wang_fang)
    page = browser.get(f"/treatment/{course.pk}/place/").content.decode()
    choice = f"{ward.machine.pk}@09:15"
    assert f'value="{choice}"' in page
    answer = browser.post(f"/treatment/{course.pk}/place/", {"choice": choice, "day": clock.today().isoformat()})
    assert answer.status_code == 302
    course.refresh_from_db()
    assert course.status == CourseStatus.PLACED
    shown = browser.get(f"/treatment/{course.pk}/").content.decode()
    assert shown.count("course-day--booked") == 10
    assert "0 / 10" in shown


def test_an_hour_that_is_gone_is_refused_with_the_reason_and_the_free_ones(ward: Ward) -> None:
    ward.place(ward.paid())
    course = ward.paid()
    browser = client_for(ward.cast.wang_fang)
    first = course.order.courses.model.objects.filter(status="placed").get().sessions.get(number=1).day
    answer = browser.post(
        f"/treatment/{course.pk}/place/", {"choice": f"{ward.machine.pk}@09:00", "day": first.isoformat()}
    )
    assert answer.status_code == 409
    assert f'value="{ward.machine.pk}@09:15"' in answer.content.decode()


def test_a_senseless_choice_is_refused_not_an_error(ward: Ward) -> None:
    course = ward.paid()
    answer = client_for(ward.cast.wang_fang).post(f"/treatment/{course.pk}/place/", {"choice": "x@y", "day": "never"})
    assert answer.status_code == 409


def test_a_scanned_card_checks_in_and_the_record_is_written(ward: Ward) -> None:
    first = ward.ready()[0]
    now = clock.now()
    Session.objects.filter(pk=first.pk).update(
        day=clock.today(), during=DateTimeTZRange(now, now + timedelta(minutes=15))
    )
    with transaction.atomic():
        card = card_issue(patient_id=first.patient_id, at=now)
    browser = client_for(ward.cast.therapist)
    answer = browser.post("/staff/treatment/scan/", {"token": card.number})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/staff/treatment/sessions/{first.pk}/"
    data = {"identified_by": ["card", "birth_date"], "second_therapist": ward.second.staff.pk, "dose_cgy": 200}
    assert browser.post(answer.headers["Location"], data).status_code == 302
    first.refresh_from_db()
    assert first.status == SessionStatus.DONE
    assert Course.objects.get().done == 1


def test_the_late_still_see_the_session_of_today_ap_10(ward: Ward) -> None:
    first, second, *_others = ward.ready()
    course = first.course
    ends = first.ends_at

    def shown(at: datetime) -> Session | None:
        return selectors.next_session(course, at=at)

    assert shown(first.starts_at) == first
    assert shown(ends + timedelta(hours=2)) == first, "who is two hours late is still treated"
    assert shown(ends + timedelta(hours=2, minutes=1)) == second
    with time_machine.travel(ends + timedelta(hours=1)):
        page = client_for(ward.cast.wang_fang).get(f"/treatment/{course.pk}/").content.decode()
    assert f"{clock.local(ends + timedelta(hours=2)):%H:%M} 前报到" in page
    ward.arrive(first)
    assert shown(ends + timedelta(hours=3)) == first, "who waits in the room is not sent home till tomorrow"
    assert shown(second.starts_at) == second, "a session that was forgotten hides nothing for ever"


def test_an_unknown_card_is_refused_on_the_board(ward: Ward) -> None:
    answer = client_for(ward.cast.therapist).post("/staff/treatment/scan/", {"token": "000000000000"})
    assert answer.status_code == 422
    assert "H2" not in answer.content.decode()


def test_the_record_form_keeps_what_was_typed_when_it_is_refused(ward: Ward) -> None:
    first = ward.ready()[0]
    data = {"identified_by": ["card", "name"], "second_therapist": ward.second.staff.pk, "remark": "calm and well"}
    answer = client_for(ward.cast.therapist).post(f"/staff/treatment/sessions/{first.pk}/", data)
    assert answer.status_code == 409


def test_the_board_costs_the_same_queries_for_one_session_as_for_many(
    ward: Ward, django_assert_max_num_queries: Any
) -> None:
    sessions = ward.place(ward.paid(5))
    for number in range(6):
        person = ward.cast.new_patient(f"测试{number}")
        course = ward.paid(5)
        Course.objects.filter(pk=course.pk).update(patient_id=person.patient_id)
        ward.place(course, person=person, hour=time(10 + number))
    browser = client_for(ward.cast.therapist)
    browser.get("/staff/treatment/")
    with django_assert_max_num_queries(14):
        page = browser.get(f"/staff/treatment/?day={sessions[0].day.isoformat()}").content.decode()
    assert page.count('class="event') == 7


def test_the_slip_is_a_file_to_keep(ward: Ward) -> None:
    """T4"""
    sessions = ward.ready()
    url = f"/treatment/{sessions[0].course_id}/slip.pdf"
    answer = client_for(ward.cast.wang_fang).get(url)
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert client_for(ward.cast.stranger).get(url).status_code == 404


def test_the_patient_sees_what_is_left_and_what_holds_it_up(ward: Ward) -> None:
    """T11"""
    first, *rest = ward.ready()
    browser, url = client_for(ward.cast.wang_fang), f"/treatment/{first.course_id}/"
    ward.give([first])
    assert "还剩 2 次" in browser.get(url).content.decode()
    hold = Hold.objects.create(course_id=first.course_id, reason="adverse", source="t", words="x", raised_at=ward.at)
    assert "医生正在查看" in browser.get(url).content.decode()
    hold.delete()
    ward.give(rest)
    assert "全部完成" in browser.get(url).content.decode()


def test_statistics_count_what_the_records_say(ward: Ward, django_assert_max_num_queries: Any) -> None:
    """T10: items, people, income at the price that was paid, use of machines."""
    first, second, third = ward.ready()
    ward.give([first])
    for session in (second, third):
        ward.arrive(session)
    ward.execute(second)
    found = selectors.statistics_for(ward.actor(ward.cast.therapist), first.day, third.day)
    (item,) = found.items
    assert (item.given, item.missed, item.courses, item.income) == (2, 0, 1, 2 * 120000)
    assert {(line.name, line.first, line.second) for line in found.people} == {("郑疗", 2, 0), ("冯疗", 0, 2)}
    (machine,) = found.machines
    days = len({first.day, second.day, third.day})
    assert (machine.used, machine.open) == (45, days * 600)
    nobody = selectors.statistics_for(ward.actor(ward.cast.nurse), first.day, third.day)
    assert (nobody.given, nobody.machines) == (0, [])
    with django_assert_max_num_queries(30):
        page = client_for(ward.cast.therapist).get("/staff/treatment/statistics/?days=x")
    assert page.status_code == 200
