"""The week grid: extra sessions, substitutes, a copied week, closed days, holidays (A1, AP-08)."""

from datetime import timedelta
from typing import Any

import pytest

from appointments import errors, services
from appointments.models import Closure, RosterDay, RosterSlot, Session, StopCase
from appointments.states import SessionStatus
from hospital.kit import clock
from hospital.kit.problems import NotFound
from hospital.organisation.models import DayKind, SpecialDay
from tests.appointments.conftest import FEE, HOUSE, Clinic, broken_invariants
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db


def change(clinic: Clinic, verb: str, **data: Any) -> Any:
    monday = clinic.day - timedelta(days=clinic.day.weekday())
    fields = {"verb": verb, "department": clinic.cast.oncology.pk, "week": f"{monday:%F}"} | data
    return client_for(clinic.cast.head).post("/staff/rosters/change/", fields)


def extra(clinic: Clinic, **data: Any) -> Any:
    fields = {
        "doctor": clinic.cast.head.staff.pk, "day": clinic.day, "starts": "14:00", "ends": "15:00", "kind": "clinic",
        "level": "expert", "minutes": 10, "places": 2, "fee_item": FEE,
    }  # fmt: skip
    return change(clinic, "extra", **(fields | data))


def test_an_extra_session_is_made_with_its_places_and_never_beside_another_g01(clinic: Clinic) -> None:
    assert extra(clinic).status_code == 302
    made = Session.objects.get(doctor=clinic.cast.head.staff)
    assert made.places.count() == 12 and made.half_day == "pm"
    assert extra(clinic, starts="14:30", ends="16:00").status_code == errors.DoctorBusy.status
    assert Session.objects.filter(doctor=clinic.cast.head.staff).count() == 1
    assert not broken_invariants()


def test_the_week_is_shown_to_those_who_keep_it_and_to_nobody_else(clinic: Clinic) -> None:
    week = f"{clinic.day:%F}"
    page = client_for(clinic.cast.head).get(f"/staff/rosters/?week={week}").content.decode()
    assert "李建国" in page and "0/12" in page
    other = clinic.cast.radiotherapy.pk
    assert client_for(clinic.cast.head).get(f"/staff/rosters/?department={other}").status_code == 404
    assert client_for(clinic.cast.admin).get(f"/staff/rosters/?department={other}").status_code == 200
    assert client_for(clinic.cast.nurse).get("/staff/rosters/").status_code == 404


def test_a_substitute_keeps_the_bookings_and_tells_the_patients(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    answer = change(clinic, "substitute", session=clinic.session.pk, doctor=clinic.cast.head.staff.pk)
    assert answer.status_code == 302
    booking.refresh_from_db()
    clinic.session.refresh_from_db()
    assert booking.doctor_id == clinic.cast.head.staff.pk == clinic.session.doctor_id
    assert clinic.session.instead_of_id == clinic.cast.doctor_li.staff.pk
    assert clinic.hold(clinic.cast.stranger, clinic.period(1)).doctor_id == clinic.cast.head.staff.pk
    with pytest.raises(NotFound):
        services.session_substitute(
            actor=actor_of_person(clinic.cast.doctor_li), session_id=clinic.session.pk,
            doctor_id=clinic.cast.doctor_li.staff.pk, at=clinic.at,
        )  # fmt: skip
    assert not broken_invariants()


def test_a_week_is_copied_once(clinic: Clinic) -> None:
    change(clinic, "copy")
    copy = Session.objects.get(date=clinic.day + timedelta(days=7))
    assert copy.places.count() == 12 and copy.fee_item == FEE
    change(clinic, "copy")
    assert Session.objects.filter(date=copy.date).count() == 1


def test_one_action_stops_the_days_of_a_doctor_and_what_would_be_made_for_them_ap_08(clinic: Clinic) -> None:
    RosterSlot.objects.filter(pk=clinic.slot.pk).update(effective_to=None)
    clinic.book(clinic.cast.wang_fang)
    last = clinic.day + timedelta(days=7)
    data = {
        "doctor": clinic.cast.doctor_li.staff.pk,
        "first": clinic.day,
        "last": last,
        "half_day": "",
        "reason": "进修",
    }
    assert change(clinic, "stop", **data).status_code == 302
    clinic.session.refresh_from_db()
    assert clinic.session.status == SessionStatus.STOPPED
    services.stopped_bookings_cancel(at=clinic.at)
    assert StopCase.objects.count() == 1
    assert services.sessions_generate(actor=HOUSE, first=last, last=last, at=clinic.at) == 0
    Closure.objects.update(ended_at=clinic.at)
    assert services.sessions_generate(actor=HOUSE, first=last, last=last, at=clinic.at) == 1


def test_a_stop_that_was_killed_before_it_stopped_anything_is_finished_by_the_sweep_ap_08(clinic: Clinic) -> None:
    Closure.objects.create(
        department=clinic.cast.oncology, first=clinic.day, last=clinic.day, reason="停诊", created_at=clinic.at
    )
    assert services.closures_enforce(at=clinic.at) == 1
    assert services.closures_enforce(at=clinic.at) == 0
    clinic.session.refresh_from_db()
    assert clinic.session.status == SessionStatus.STOPPED


def test_a_holiday_closes_what_does_not_go_on_and_the_hospital_has_the_last_word(clinic: Clinic) -> None:
    day = clinic.day + timedelta(days=7)
    RosterSlot.objects.filter(pk=clinic.slot.pk).update(effective_to=None)
    SpecialDay.objects.update_or_create(day=day, defaults={"kind": DayKind.HOLIDAY, "name": "国庆节"})

    def made(on: Any = day) -> int:
        return services.sessions_generate(actor=HOUSE, first=on, last=on, at=clinic.at)

    assert made() == 0
    RosterSlot.objects.update(on_holidays=True)
    assert made() == 1
    RosterSlot.objects.update(on_holidays=False)
    RosterDay.objects.create(day=day + timedelta(days=1), campus=clinic.cast.campus, runs_as=day.isoweekday())
    assert made(day + timedelta(days=1)) == 1  # a weekend that runs as that weekday
    RosterDay.objects.create(day=day + timedelta(days=7), runs_as=None)
    assert made(day + timedelta(days=7)) == 0


def test_the_forms_of_a_week_that_is_over_begin_with_a_day_that_isn_t_over(clinic: Clinic) -> None:
    monday = clock.today() - timedelta(days=clock.today().weekday() + 7)
    page = client_for(clinic.cast.admin).get(
        "/staff/rosters/", {"department": clinic.cast.oncology.pk, "week": f"{monday:%F}"}
    )
    assert {page.context["extra"].initial["day"], page.context["stop"].initial["last"]} == {clock.today()}
