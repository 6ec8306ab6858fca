"""A doctor's day for programs: who is expected, who waits at which place, who was seen."""

from datetime import timedelta
from typing import Any

import pytest

from appointments import selectors, services
from appointments.api import plain, serializers
from appointments.models import Booking, Session
from appointments.states import BookingStatus
from hospital.audit.models import Entry
from hospital.kit.problems import NotFound
from hospital.people.models import Patient
from tests.appointments.conftest import Clinic
from tests.appointments.test_queue import act, booked, call, people  # noqa: F401 - fixtures
from tests.cast import actor_of_person, client_for


def day(clinic: Clinic, person: Any, **asked: Any) -> Any:
    path = f"/api/v1/doctors/{clinic.session.doctor_id}/day/"
    return client_for(person).get(path, {"date": f"{clinic.day:%F}"}, headers=asked)


def test_the_day_has_everybody_with_their_state_and_place_in_the_line(
    clinic: Clinic,
    booked: list[Booking],  # noqa: F811
) -> None:
    for booking in booked[:4]:
        clinic.check_in(booking)
    doctor, at = clinic.cast.doctor_li, clinic.session.starts_at
    first = call(clinic)
    act(services.ticket_start, first, doctor, at)
    act(services.ticket_finish, first, doctor, at + timedelta(minutes=5))
    call(clinic)
    services.ticket_prioritise(
        actor=actor_of_person(clinic.cast.nurse),
        ticket_id=booked[3].ticket.pk,
        triage=2,
        priority="",
        reason="胸痛",
        at=at,
    )
    Booking.objects.filter(pk=booked[5].pk).update(status=BookingStatus.CANCELLED)
    (one,) = day(clinic, doctor).json()["sessions"]
    assert (one["session"]["id"], one["status"]) == (clinic.session.pk, "open")
    assert [(visit["number"], visit["state"], visit["place"]) for visit in one["visits"]] == [
        (1, "seen", None), (2, "called", None), (3, "waiting", 2), (4, "waiting", 1), (5, "booked", None),
    ]  # fmt: skip


def test_names_are_masked_and_each_look_leaves_a_line_sec_09_g15(
    clinic: Clinic,
    booked: list[Booking],  # noqa: F811
) -> None:
    answer = day(clinic, clinic.cast.nurse)
    assert [visit["name"] for one in answer.json()["sessions"] for visit in one["visits"]][:2] == ["陈*0", "陈*1"]
    names = [patient.name for patient in Patient.objects.filter(bookings__in=booked)]
    assert not any(name in answer.content.decode() for name in names)
    lines = Entry.objects.filter(action="day.read")
    assert lines.get().staff_id == clinic.cast.nurse.staff.pk
    again = day(clinic, clinic.cast.nurse, **{"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"") and lines.count() == 1
    clinic.check_in(booked[0])
    changed = day(clinic, clinic.cast.nurse, **{"If-None-Match": answer["ETag"]})
    assert changed.status_code == 200 and changed["ETag"] != answer["ETag"] and lines.count() == 2


def test_a_stranger_learns_nothing_of_a_day_not_even_that_it_is_empty(clinic: Clinic) -> None:
    doctor, at, later = clinic.session.doctor_id, clinic.at, clinic.day + timedelta(days=1)
    for person in (clinic.cast.doctor_li, clinic.cast.nurse):
        found = selectors.day_for(actor_of_person(person), doctor, later, at=at)
        assert found is not None and found.sessions == []
    for when in (clinic.day, later):
        with pytest.raises(NotFound):
            selectors.day_for(actor_of_person(clinic.cast.other_doctor), doctor, when, at=at)
    assert day(clinic, clinic.cast.other_doctor).status_code == 404
    assert day(clinic, clinic.cast.cashier).status_code == 404  # the wrong role altogether


def test_of_a_doctor_of_two_departments_each_sees_the_own_one(clinic: Clinic) -> None:
    slot = clinic.roster(
        clinic.cast.doctor_li, clinic.day, "14:00", "15:00", department=clinic.cast.radiotherapy, room="5诊室"
    )
    other = clinic.open(slot)
    of_nurse = day(clinic, clinic.cast.nurse).json()["sessions"]
    assert [one["session"]["id"] for one in of_nurse] == [clinic.session.pk]
    of_doctor = day(clinic, clinic.cast.doctor_li).json()["sessions"]
    assert [one["session"]["id"] for one in of_doctor] == [clinic.session.pk, other.pk]


def test_a_date_that_is_none_is_said(clinic: Clinic) -> None:
    answer = client_for(clinic.cast.doctor_li).get(
        f"/api/v1/doctors/{clinic.session.doctor_id}/day/", {"date": "morgen"}
    )
    assert answer.status_code == 422 and "date" in str(answer.json())


def test_a_full_day_costs_what_an_empty_one_costs(
    clinic: Clinic,
    people: list[Any],  # noqa: F811
    django_assert_num_queries: Any,
) -> None:
    client = client_for(clinic.cast.doctor_li)
    path = f"/api/v1/doctors/{clinic.session.doctor_id}/day/?date={clinic.day:%F}"
    client.get(path)
    # who comes (session, account, device, posts); sessions, visits, how returns are mixed in, the line of the trail,
    # and the two of its transaction
    for booked_before in (0, 6):
        if booked_before:
            for number, person in enumerate(people):
                clinic.check_in(clinic.book(person, clinic.period(number)))
        with django_assert_num_queries(10):
            assert sum(len(one["visits"]) for one in client.get(path).json()["sessions"]) == booked_before


def test_the_plain_day_says_what_the_schema_says(clinic: Clinic, booked: list[Booking]) -> None:  # noqa: F811
    clinic.check_in(booked[0])
    found = selectors.day_for(
        actor_of_person(clinic.cast.doctor_li), clinic.session.doctor_id, clinic.day, at=clinic.at
    )
    assert found is not None and Session.objects.count() == 1
    assert plain.day(found) == serializers.DayOutput(found).data
