"""Booking under a crowd, through real transactions (G01, G02, G36).

First a control shows that the race is real: callers who read the free places and then write oversell in nearly every
round. Then the product's own verb, in the same crowd, never does, and never leaves a place unsold that somebody wants.
"""

import os
import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

import billing.services
from appointments import errors, services
from appointments.models import Booking, Period, Place, Session
from appointments.states import ACTIVE_BOOKING, BookingStatus
from hospital.kit.problems import Problem
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants, prices
from tests.cast import Cast, Person, actor_of_person
from tests.races.crowd import crowd

CALLERS, ROUNDS, PLACES = 50, 20, 5
SHORT = int(os.environ.get("RACE_ROUNDS", "3"))  # rounds with the whole crowd where a few meet as surely

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def patients(cast: Cast) -> list[Person]:
    return [cast.new_patient(f"赵{number}") for number in range(CALLERS)]


@pytest.fixture
def days(cast: Cast, patients: list[Person]) -> Iterator[tuple[Clinic, list[Session]]]:
    """A clinic of one doctor on as many days as there are rounds: half an hour each, PLACES in the only period."""
    prices(cast)
    clinic = Clinic(cast, cast.at)
    slots = [
        clinic.roster(
            cast.doctor_li, clinic.day + timedelta(days=number), "09:00", "10:00", period_minutes=30,
            places_per_period=PLACES,
        )
        for number in range(ROUNDS)
    ]  # fmt: skip
    yield clinic, [clinic.open(slot) for slot in slots]
    assert not broken_invariants()


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def active(period: Period) -> int:
    return Booking.objects.filter(period=period, status__in=ACTIVE_BOOKING).count()


def test_control_who_reads_and_then_writes_oversells_g01(patients: list[Person]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS naive_booking")
        cursor.execute("CREATE TABLE naive_booking (round int, patient bigint)")
    everybody_has_looked = threading.Barrier(CALLERS)

    def naive(number: int, patient: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive_booking WHERE round = %s", [number])
            is_room = cursor.fetchone()[0] < PLACES
            everybody_has_looked.wait(timeout=60)
            if is_room:
                cursor.execute("INSERT INTO naive_booking VALUES (%s, %s)", [number, patient])

    for number in range(ROUNDS):
        outcome = crowd([partial(naive, number, person.patient_id) for person in patients])
        assert not outcome.errors
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM naive_booking GROUP BY round HAVING count(*) > %s) AS r", [PLACES]
        )
        oversold = cursor.fetchone()[0]
        cursor.execute("DROP TABLE naive_booking")
    assert oversold == ROUNDS, "the control doesn't race: this file would prove nothing"


def test_fifty_callers_for_five_places_sell_exactly_five_g01(
    days: tuple[Clinic, list[Session]], patients: list[Person]
) -> None:
    clinic, sessions = days
    before = deadlocks()
    for session in sessions:
        period = clinic.period(0, session)
        outcome = crowd([partial(clinic.hold, person, period) for person in patients])
        assert not outcome.errors, outcome.errors
        assert len(outcome.values) == PLACES == active(period)
        assert outcome.refusals == {errors.PeriodFull.code: CALLERS - PLACES}
        assert len({booking.place_id for booking in outcome.values}) == PLACES
    assert deadlocks() == before


def test_who_is_refused_after_taking_leaves_no_place_unsold_g01(
    days: tuple[Clinic, list[Session]], patients: list[Person]
) -> None:
    """Half of the crowd already has a booking in this half-day: they take a place and are refused by the database.
    Whoever comes meanwhile must not be told that it is full."""
    clinic, sessions = days
    refused, welcome = patients[: CALLERS - PLACES], patients[CALLERS - PLACES :]
    first = clinic.roster(
        clinic.cast.doctor_li, clinic.day, "10:00", "11:00", period_minutes=60, places_per_period=CALLERS
    )
    other = clinic.open(first)
    for person in refused:
        clinic.hold(person, clinic.period(0, other))
    for number in range(ROUNDS):
        period = clinic.period(0, sessions[0])
        outcome = crowd([partial(clinic.hold, person, period) for person in patients])
        assert not outcome.errors, outcome.errors
        assert {booking.patient_id for booking in outcome.values} == {person.patient_id for person in welcome}, number
        for booking in outcome.values:
            services.booking_cancel(actor=HOUSE, booking_id=booking.pk, at=clinic.at)


def test_one_patient_asking_from_many_devices_has_one_booking_ap_04(
    days: tuple[Clinic, list[Session]], patients: list[Person]
) -> None:
    clinic, sessions = days
    for session in sessions[:5]:
        periods = [clinic.period(0, session), clinic.period(1, session)]
        outcome = crowd([partial(clinic.hold, patients[0], periods[number % 2]) for number in range(CALLERS)])
        assert not outcome.errors, outcome.errors
        assert len({booking.pk for booking in outcome.values}) == 1
        assert Booking.objects.filter(session=session, status__in=ACTIVE_BOOKING).count() == 1


def _until_it_settles(act: Any) -> Any:
    """One caller's refusal is an outcome like any other here; what matters is what is left afterwards."""
    try:
        return act()
    except Problem as problem:
        return problem.code


def test_holds_payments_cancels_expiry_and_a_stop_all_at_once_leave_the_house_in_order_g01_g36(
    days: tuple[Clinic, list[Session]], patients: list[Person]
) -> None:
    clinic, sessions = days
    dice = random.Random(20260101)
    before = deadlocks()
    later = clinic.at + timedelta(minutes=20)

    def come_and_go(person: Person, period: Period, fate: str) -> None:
        booking = clinic.hold(person, period)
        if fate == "pay":
            clinic.pay(booking)
        elif fate == "cancel":
            services.booking_cancel(actor=actor_of_person(person), booking_id=booking.pk, at=clinic.at)
        elif fate == "pay and cancel":
            clinic.pay(booking)
            services.booking_cancel(actor=actor_of_person(person), booking_id=booking.pk, at=clinic.at)

    for number, session in enumerate(sessions[:10]):
        periods = [clinic.period(0, session), clinic.period(1, session)]
        calls = [
            partial(
                come_and_go, person, dice.choice(periods), dice.choice(["leave", "pay", "cancel", "pay and cancel"])
            )
            for person in patients
        ]
        calls.append(partial(services.holds_expire, at=later))
        if number % 2:
            calls.append(
                partial(services.session_stop, actor=HOUSE, session_id=session.pk, reason="停诊", at=clinic.at)
            )
        dice.shuffle(calls)
        outcome = crowd([partial(_until_it_settles, call) for call in calls])
        assert not outcome.errors, outcome.errors
        _drain(later)
        if number % 2:
            _drain(session.starts_at)  # nobody chose another time
            assert not Booking.objects.filter(session=session, status__in=ACTIVE_BOOKING).exists()
        assert not broken_invariants()
    assert deadlocks() == before


def test_who_holds_while_the_clinic_is_stopped_is_counted_or_refused_ap_08(
    days: tuple[Clinic, list[Session]], patients: list[Person]
) -> None:
    """The stop waits for whoever is taking a place, and who comes after it is told: the sweep misses nobody."""
    clinic, sessions = days
    before = deadlocks()
    for number, session in enumerate(sessions[: 2 * SHORT]):
        period = clinic.period(0, session)
        calls: list[Any] = [partial(clinic.hold, person, period) for person in patients[: 2 * PLACES]]
        stop = partial(services.session_stop, actor=HOUSE, session_id=session.pk, reason="停诊", at=clinic.at)
        calls.insert(number % len(calls), stop)
        if number < SHORT:
            calls += [partial(clinic.hold, person, period) for person in patients[2 * PLACES :]]
        outcome = crowd(calls)
        assert not outcome.errors, outcome.errors
        held = [value for value in outcome.values if isinstance(value, Booking)]
        assert [value for value in outcome.values if not isinstance(value, Booking)] == [len(held)]
        assert set(outcome.refusals) <= {errors.PeriodFull.code, errors.SessionClosed.code}
    _drain(clinic.at)
    assert not Booking.objects.filter(status__in=ACTIVE_BOOKING).exists()
    assert deadlocks() == before


def _drain(at: datetime) -> None:
    for _ in range(10):
        work = [services.stopped_bookings_cancel, services.holds_expire, billing.services.notices_deliver]
        if not sum(sweep(at=at) for sweep in work):
            return
    raise AssertionError("sweeps never come to rest")


def test_hold_against_payment_at_the_moment_of_expiry_ends_booked_or_refunded_g02(
    days: tuple[Clinic, list[Session]], patients: list[Person]
) -> None:
    """In each trial the channel's word, billing's expiry, our own sweep and the patient's second thoughts meet."""
    clinic, sessions = days
    ends = {"booked": 0, "given back": 0}
    for number, session in enumerate(sessions):
        period = clinic.period(0, session)
        bookings = [clinic.hold(person, period) for person in patients[:PLACES]]
        over = clinic.at + timedelta(minutes=15, seconds=240)
        calls: list[Any] = [partial(clinic.money, booking, at=over) for booking in bookings]
        calls += [partial(billing.services.charges_expire, at=over), partial(services.holds_expire, at=over)]
        calls += [partial(billing.services.notices_deliver, at=over)] * 2
        # Workers of every sweep beside each other, until a crowd is there.
        sweeps = [billing.services.charges_expire, services.holds_expire, billing.services.notices_deliver]
        for turn in range(CALLERS - len(calls) - 2 if number < SHORT else 0):
            calls.append(partial(sweeps[turn % 3], at=over))
        calls += [
            partial(services.booking_cancel, actor=HOUSE, booking_id=booking.pk, at=over) for booking in bookings[:2]
        ]
        outcome = crowd([partial(_until_it_settles, call) for call in calls])
        assert not outcome.errors, outcome.errors
        _drain(over + timedelta(hours=1))
        for booking in bookings:
            booking.refresh_from_db()
            assert booking.charge is not None
            paid = booking.charge.order_parts.filter(order__payments__isnull=False).exists()
            owed_back = booking.charge.refunds.exists()
            owns = Place.objects.filter(booking=booking).exists()
            assert owns == (booking.status == BookingStatus.BOOKED), booking.status
            assert booking.status in {BookingStatus.BOOKED, BookingStatus.EXPIRED, BookingStatus.CANCELLED}
            assert paid == (owns or owed_back), (booking.status, paid, owed_back)
            assert not (owns and owed_back)
            ends["booked" if owns else "given back"] += 1
    assert ends["booked"] + ends["given back"] == ROUNDS * PLACES
