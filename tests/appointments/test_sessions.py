"""Week roster -> sessions -> periods -> places."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from appointments import services
from appointments.models import Period, Place, Session
from tests.appointments.conftest import FEE, HOUSE, Clinic, broken_invariants


def test_a_session_comes_with_periods_of_five_minutes_and_their_places_ap_09(clinic: Clinic) -> None:
    periods = list(clinic.session.periods.order_by("starts_at"))
    assert len(periods) == 12
    assert {(one.ends_at - one.starts_at) for one in periods} == {timedelta(minutes=5)}
    assert periods[0].starts_at == clinic.session.starts_at and periods[-1].ends_at == clinic.session.ends_at
    numbers = list(Place.objects.filter(session=clinic.session).order_by("period__starts_at").values_list("number"))
    assert numbers == [(n,) for n in range(1, 13)]


def test_generating_twice_makes_nothing_twice(clinic: Clinic) -> None:
    before = (Session.objects.count(), Period.objects.count(), Place.objects.count())
    assert services.sessions_generate(actor=HOUSE, first=clinic.day, last=clinic.day, at=clinic.at) == 0
    assert (Session.objects.count(), Period.objects.count(), Place.objects.count()) == before


def test_the_sweep_opens_the_days_ahead_and_then_finds_nothing(clinic: Clinic) -> None:
    clinic.slot.effective_to = None
    clinic.slot.save(update_fields=["effective_to"])
    assert services.sessions_open_ahead(at=clinic.at) == 1  # tomorrow exists; 14 days ahead hold one more such weekday
    assert services.sessions_open_ahead(at=clinic.at) == 0


def test_a_stopped_session_is_not_generated_again(clinic: Clinic) -> None:
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="医生停诊", at=clinic.at)
    assert services.sessions_generate(actor=HOUSE, first=clinic.day, last=clinic.day, at=clinic.at) == 0


def test_a_suspended_doctor_gets_no_sessions(clinic: Clinic) -> None:
    doctor = clinic.cast.other_doctor
    doctor.staff.suspended_at = clinic.at
    doctor.staff.save(update_fields=["suspended_at"])
    clinic.roster(doctor, clinic.day, "09:00", "10:00", department=clinic.cast.radiotherapy)
    assert services.sessions_generate(actor=HOUSE, first=clinic.day, last=clinic.day, at=clinic.at) == 0


def test_several_places_in_a_period_and_a_rest_that_makes_no_period(clinic: Clinic) -> None:
    day = clinic.day + timedelta(days=1)
    slot = clinic.roster(clinic.cast.doctor_li, day, "13:30", "14:10", period_minutes=15, places_per_period=3)
    session = clinic.open(slot)
    assert session.half_day == "pm"
    assert [one.capacity for one in session.periods.all()] == [3, 3]
    assert not broken_invariants()


def test_one_doctor_is_not_in_two_rooms(clinic: Clinic) -> None:
    with pytest.raises(IntegrityError, match="appointments_slot_doctor_once"), transaction.atomic():
        clinic.roster(clinic.cast.doctor_li, clinic.day, "09:30", "11:00")
    with pytest.raises(IntegrityError, match="appointments_session_doctor_once"), transaction.atomic():
        Session.objects.create(
            doctor=clinic.cast.doctor_li.staff, department=clinic.cast.oncology, date=date(2030, 1, 1), half_day="am",
            during=(clinic.session.starts_at + timedelta(minutes=5), clinic.session.ends_at), kind="clinic",
            level="expert", fee_item=FEE,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("seat", "capacity", "constraint"),
    [(2, 1, "appointments_no_oversell"), (2, 2, "appointments_place_capacity"), (1, 1, "appointments_place_seat")],
)
def test_the_database_refuses_a_place_beyond_the_capacity_g01(
    clinic: Clinic, seat: int, capacity: int, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Place.objects.create(
            period=clinic.period(), session=clinic.session, seat=seat, capacity=capacity, number=100 + seat
        )
        with transaction.atomic():
            from django.db import connection

            connection.check_constraints()


def test_a_capacity_below_what_exists_is_refused_g01(clinic: Clinic) -> None:
    day = clinic.day + timedelta(days=1)
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, day, "13:30", "14:00", places_per_period=2))
    with pytest.raises(IntegrityError, match="appointments_no_oversell"), transaction.atomic():
        session.periods.update(capacity=1)
