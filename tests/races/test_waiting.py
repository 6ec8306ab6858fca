"""The waiting list beside people who book by themselves, and rosters made by several at once (AP-07, A1, G01, G36).
RACE_ROUNDS=20 tries longer."""

import os
from datetime import timedelta
from functools import partial

import pytest

from appointments import errors, services
from appointments.models import Booking, Session, Waiting
from appointments.states import ACTIVE_BOOKING, WaitingStatus
from hospital.messaging.models import Message
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants, clinic
from tests.cast import actor_of_person
from tests.races.crowd import crowd

__all__ = ["clinic"]

CALLERS, SWEEPS, ROUNDS = 50, 10, int(os.environ.get("RACE_ROUNDS", "3"))

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_offer_and_fifty_who_book_by_themselves_give_the_one_place_once_ap_07(clinic: Clinic) -> None:
    cast, day = clinic.cast, clinic.day + timedelta(days=1)
    session = clinic.open(clinic.roster(cast.head, day, "14:00", "15:00", period_minutes=60))
    period = clinic.period(0, session)
    people = [cast.new_patient(f"吴{number}") for number in range(CALLERS)]
    waits = partial(
        services.waiting_enter, actor=actor_of_person(cast.wang_fang), patient_id=cast.mother.patient_id,
        doctor_id=session.doctor_id, first=day, last=day, at=clinic.at,
    )  # fmt: skip
    for number in range(ROUNDS):
        row = waits()
        calls = [
            partial(
                services.booking_hold, actor=HOUSE, patient_id=one.patient_id, period_id=period.pk, at=clinic.at
            )
            for one in people
        ]  # fmt: skip
        for place in range(SWEEPS):  # several workers sweep at once, some before those who book
            calls.insert(place * number, partial(services.waiting_work_off, at=clinic.at))  # type: ignore[arg-type]
        outcome = crowd(calls)
        assert not outcome.errors, outcome.errors
        assert set(outcome.refusals) <= {errors.PeriodFull.code}
        (active,) = Booking.objects.filter(period=period, status__in=ACTIVE_BOOKING)
        row.refresh_from_db()
        offered = active.patient_id == cast.mother.patient_id
        assert (row.status, row.booking_id) == (
            (WaitingStatus.OFFERED, active.pk) if offered else (WaitingStatus.WAITING, None)
        )
        assert Message.objects.filter(key__startswith=f"waiting.offered:{row.pk}").count() <= offered
        assert sum(isinstance(one, Booking) for one in outcome.values) == (not offered)
        if not offered:
            services.waiting_withdraw(actor=actor_of_person(cast.wang_fang), waiting_id=row.pk, at=clinic.at)
        services.booking_cancel(actor=HOUSE, booking_id=active.pk, at=clinic.at)
        services.waiting_work_off(at=clinic.at)
    assert not Waiting.objects.filter(status=WaitingStatus.WAITING).exists() and not broken_invariants()


def test_the_same_week_made_by_fifty_at_once_is_made_once_a1(clinic: Clinic) -> None:
    for number in range(ROUNDS):
        day = clinic.day + timedelta(days=number + 1)
        slot = clinic.roster(clinic.cast.head, day, "08:00", "09:00", places_per_period=2)
        outcome = crowd([partial(services.sessions_generate, actor=HOUSE, first=day, last=day, at=clinic.at)] * CALLERS)
        assert not outcome.errors and not outcome.refusals, outcome.errors
        assert sum(outcome.values) == 1
        session = Session.objects.get(roster_slot=slot)
        assert (session.periods.count(), session.places.count()) == (12, 24)
    assert not broken_invariants()
