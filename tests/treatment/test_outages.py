"""A machine is down: one action moves all its sessions, tells the patients and makes the list to call them by (TR-08)."""

from datetime import datetime, time, timedelta

import pytest

from hospital.kit import clock
from hospital.kit.problems import NotFound
from hospital.organisation.workdays import workdays_from
from tests.cast import client_for
from tests.treatment.conftest import Ward
from tests.treatment.test_courses import told
from treatment import errors, services
from treatment.models import Course, Displaced, Machine, Outage, Session
from treatment.states import DisplacedStatus, SessionStatus


def matched(ward: Ward) -> Machine:
    Machine.objects.filter(pk=ward.machine.pk).update(beam_match="a")
    twin = Machine.objects.create(
        code="L2", name="Linac 2", department=ward.cast.radiotherapy, room="B1-2", opens_at=time(8), closes_at=time(18),
        beam_match="a",
    )  # fmt: skip
    twin.items.add(ward.item)
    return twin


def down(ward: Ward, starts_at: datetime, hours: int = 10) -> Outage:
    outage = services.machine_down(
        actor=ward.actor(ward.cast.therapist), machine_id=ward.machine.pk, starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours), reason="MLC", at=ward.at,
    )  # fmt: skip
    services.displaced_move(at=ward.at)
    return outage


def test_its_sessions_go_to_the_matched_machine_at_the_same_hour(ward: Ward) -> None:
    twin = matched(ward)
    sessions = list(ward.place(ward.paid(5)))
    outage = down(ward, clock.at_local(sessions[1].day, time(8)))
    line = outage.displaced.get()
    assert line.status == DisplacedStatus.MOVED
    assert (line.session_id, line.moved_to.machine_id) == (sessions[1].pk, twin.pk)
    assert line.moved_to.starts_at == sessions[1].starts_at
    (message,) = told("treatment.displaced")
    assert message.context["room"] == "B1-2"
    assert len(told("treatment.reminder")) == 5, "the old reminder is withdrawn, a new one waits"
    live = Session.objects.filter(status=SessionStatus.BOOKED).order_by("number")
    assert [session.number for session in live] == [1, 2, 3, 4, 5]


def test_without_a_matched_machine_they_go_to_the_end_and_a_long_pause_opens_a_case(ward: Ward) -> None:
    sessions = list(ward.place(ward.paid(5)))
    first = clock.at_local(sessions[0].day, time(8))
    hours = (sessions[2].day - sessions[0].day).days * 24 + 10  # until it closes on the third day
    outage = down(ward, first, hours)
    assert {line.moved_to.day > sessions[-1].day for line in outage.displaced.all()} == {True}
    assert ward.item.releases, "it is radiotherapy"
    assert Course.objects.get().interruptions.get().days == 3


def test_those_whom_a_pause_harms_most_get_the_first_hours_and_stand_first_on_the_list(ward: Ward) -> None:
    twin = matched(ward)
    Machine.objects.filter(pk=twin.pk).update(opens_at=time(9), closes_at=time(9, 15))  # one place
    people = [ward.cast.new_patient(f"测试{number}") for number in range(3)]
    for number, person in enumerate(people):
        course = ward.paid(1)
        Course.objects.filter(pk=course.pk).update(patient_id=person.patient_id, category=3 - number)
        ward.place(course, person=person, hour=time(9 + number))
    day = Session.objects.order_by("pk")[0].day
    outage = down(ward, clock.at_local(day, time(8)))
    urgent = Displaced.objects.get(session__course__category=1)
    assert (urgent.moved_to.machine_id, urgent.moved_to.day) == (twin.pk, day)
    page = client_for(ward.cast.therapist).get(f"/staff/treatment/outages/{outage.pk}/").content.decode()
    places = [page.index(person.phone) for person in reversed(people)]
    assert places == sorted(places)


def test_who_finds_no_time_keeps_the_number_and_is_called(ward: Ward) -> None:
    course = ward.paid(2)
    sessions = list(ward.place(course))
    ward.item.validity_days = (sessions[-1].day - clock.business_day(course.created_at)).days
    ward.item.save(update_fields=["validity_days"])
    outage = down(ward, clock.at_local(sessions[0].day, time(8)), 24 * 3)
    assert {line.status for line in outage.displaced.all()} == {DisplacedStatus.STRANDED}
    assert Session.objects.filter(status=SessionStatus.MISSED).count() == 2
    assert len(told("treatment.stranded")) == 2
    line = outage.displaced.first()
    assert line is not None
    with pytest.raises(NotFound):
        services.displaced_told(actor=ward.actor(ward.cast.nurse), displaced_id=line.pk, at=ward.at)
    answer = client_for(ward.cast.therapist).post(f"/staff/treatment/displaced/{line.pk}/told/")
    assert answer.status_code == 302
    line.refresh_from_db()
    assert (line.status, line.told_by) == (DisplacedStatus.TOLD, ward.cast.therapist.staff)


def test_a_crash_after_the_declaration_leaves_the_rest_to_the_sweep(ward: Ward) -> None:
    matched(ward)
    sessions = list(ward.place(ward.paid(2)))
    start = clock.at_local(sessions[0].day, time(8))
    services.machine_down(
        actor=ward.actor(ward.cast.therapist), machine_id=ward.machine.pk, starts_at=start,
        ends_at=start + timedelta(hours=10), reason="MLC", at=ward.at,
    )  # fmt: skip
    assert Displaced.objects.get().status == DisplacedStatus.WAITING
    ward.cast.care_begins(ward.cast.nurse, ward.cast.wang_fang)
    assert services.displaced_move(at=ward.at) == 1
    assert services.displaced_move(at=ward.at) == 0


def test_nobody_is_placed_on_a_machine_that_is_down_and_it_is_down_once(ward: Ward) -> None:
    course = ward.paid(1)
    day = ward.at + timedelta(days=1)
    down(ward, day, 24 * 4)
    with pytest.raises(errors.AlreadyDown):
        down(ward, day + timedelta(hours=1))
    with pytest.raises(errors.NoTime):
        down(ward, day, 0)
    blocked = clock.business_day(day + timedelta(days=2))
    with pytest.raises((errors.HourTaken, errors.OutOfCourse)):
        ward.place(course, day=blocked)


def test_a_session_moved_by_hand_in_between_is_left_alone(ward: Ward) -> None:
    matched(ward)
    in_time = clock.business_day(ward.at) + timedelta(days=2)  # in the evening it is too late to move tomorrow's
    sessions = list(ward.place(ward.paid(2), day=in_time))
    start = clock.at_local(sessions[0].day, time(8))
    services.machine_down(
        actor=ward.actor(ward.cast.therapist), machine_id=ward.machine.pk, starts_at=start,
        ends_at=start + timedelta(hours=10), reason="MLC", at=ward.at,
    )  # fmt: skip
    services.session_move(
        actor=ward.actor(ward.cast.wang_fang), session_id=sessions[0].pk,
        day=next(workdays_from(sessions[-1].day + timedelta(days=1), weekdays_only=True)), hour=time(9), at=ward.at,
    )  # fmt: skip
    services.displaced_move(at=ward.at)
    assert Displaced.objects.get().status == DisplacedStatus.TOLD
    assert not told("treatment.displaced")
