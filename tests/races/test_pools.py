"""Pools under a crowd: all channels buy at once while the administration edits the quotas (AP-02, G01, G36).

The control counts what its pool has sold and then writes, as a quota with a counter does: it sells more than the quota
in nearly every round.
"""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from appointments import errors, services
from appointments.models import Booking, Channel, Place, Pool, Quota, Session
from appointments.services.pools import quotas_apply
from appointments.states import ACTIVE_BOOKING
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants, prices
from tests.cast import Cast, Person
from tests.races.crowd import crowd
from tests.races.test_booking import deadlocks

CALLERS, ROUNDS, PLACES = 50, 20, 20
KEPT = {Pool.PHONE: 20, Pool.KIOSK: 10, Pool.PARTNER: 10}  # of a hundred
CHANNELS = [Channel.APP, Channel.DESK, Channel.PHONE, Channel.KIOSK, Channel.PARTNER]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def patients(cast: Cast) -> list[Person]:
    return [cast.new_patient(f"吴{number}") for number in range(CALLERS)]


@pytest.fixture
def days(cast: Cast, patients: list[Person]) -> Iterator[tuple[Clinic, list[Session]]]:
    prices(cast)
    clinic = Clinic(cast, cast.at)
    for pool, percent in KEPT.items():
        Quota.objects.create(pool=pool, percent=percent, effective_from=clinic.day, back_hours=1)
    slots = [
        clinic.roster(
            cast.doctor_li, clinic.day + timedelta(days=number), "09:00", "09:30", period_minutes=30,
            places_per_period=PLACES,
        )
        for number in range(ROUNDS)
    ]  # fmt: skip
    yield clinic, [clinic.open(slot) for slot in slots]
    assert not broken_invariants()


def test_control_a_quota_with_a_counter_is_oversold(patients: list[Person]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS naive_quota")
        cursor.execute("CREATE TABLE naive_quota (round int PRIMARY KEY, sold int NOT NULL)")
        cursor.execute("INSERT INTO naive_quota SELECT n, 0 FROM generate_series(0, %s) AS n", [ROUNDS])
        cursor.execute("CREATE TABLE IF NOT EXISTS naive_sale (round int)")
    everybody_has_looked = threading.Barrier(CALLERS)

    def naive(number: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT sold FROM naive_quota WHERE round = %s", [number])
            sold = cursor.fetchone()[0]
            everybody_has_looked.wait(timeout=60)
            if sold < 4:
                cursor.execute("UPDATE naive_quota SET sold = %s WHERE round = %s", [sold + 1, number])
                cursor.execute("INSERT INTO naive_sale VALUES (%s)", [number])

    for number in range(ROUNDS):
        assert not crowd([partial(naive, number)] * CALLERS).errors
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM naive_sale GROUP BY round HAVING count(*) > 4) AS r")
        oversold = cursor.fetchone()[0]
        cursor.execute("DROP TABLE naive_quota, naive_sale")
    assert oversold == ROUNDS, "the control doesn't race: this file would prove nothing"


def test_no_channel_sells_more_than_its_pool_while_quotas_are_edited_g01(
    days: tuple[Clinic, list[Session]], patients: list[Person]
) -> None:
    clinic, sessions = days
    dice, before = random.Random(7), deadlocks()

    def buy(person: Person, channel: Channel, period_id: int) -> Booking:
        return services.booking_hold(
            actor=HOUSE, patient_id=person.patient_id, period_id=period_id, at=clinic.at, channel=channel
        )

    for number, session in enumerate(sessions):
        period = clinic.period(0, session)
        calls = [partial(buy, person, CHANNELS[at % len(CHANNELS)], period.pk) for at, person in enumerate(patients)]
        if number % 2:
            edit = partial(quotas_apply, actor=HOUSE, first=session.date, last=session.date, at=clinic.at)
            calls += [edit, edit]  # type: ignore[list-item]
        dice.shuffle(calls)
        outcome = crowd(calls)
        assert not outcome.errors, outcome.errors
        assert set(outcome.refusals) <= {errors.PeriodFull.code}
        sold = Booking.objects.filter(session=session, status__in=ACTIVE_BOOKING)
        assert sold.count() == PLACES, "ten of each channel came for twenty places: all are sold"
        for pool, percent in KEPT.items():
            places = Place.objects.filter(session=session, pool=pool)
            assert sold.filter(pool=pool).count() == places.count() == PLACES * percent // 100
    assert deadlocks() == before
