"""The day this product exists for, from the patient's login to the nightly reconciliation and the follow-up, in Chromium.

The house's own processes run on the test's database: web, realtime, worker, beat, the HL7 listener and the sandbox of
outside channels; the story sets their wall clock forward. `TOUR=docs/tour ./dev test tests/stories/test_day.py` takes
the pictures of the README.
"""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from hospital.kit import clock

from . import journey
from .day import Day
from .ending import WHEN_SHE_HAS_HER_RESULT, everything_is_whole, treatments_to_come, what_the_house_knows
from .house import House

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.xdist_group("services")]


def test_the_day_this_product_exists_for(day: Day) -> None:
    morning = day.house.wall_clock.now()
    placer_number = _she_asks_from_home(day)
    day.house.drill.set_clock(journey.next_morning(day.house))
    journey.balances_the_books(day, day.staff("finance01"), clock.business_day(morning).isoformat())
    phone, doctor = day.patient(journey.WANG), day.staff("doctor01")
    _her_result_comes(day, phone, doctor, placer_number)
    assert what_the_house_knows(morning) == WHEN_SHE_HAS_HER_RESULT
    card, course = journey.card_of(phone), journey.course_of(phone)
    _her_treatment_begins(day, doctor, card, course)
    _she_is_treated(day.house, card, course)
    _she_is_followed_up(day)
    assert day.faults == []
    assert what_the_house_knows(morning) == WHEN_SHE_HAS_HER_RESULT | {
        "sessions": {"done": journey.SESSIONS},
        "orders": {"imaging": "paid", "lab": "reported", "treatment": "closed"},
        "alarms": ["handled"],
    }
    everything_is_whole(day.house)


def _she_asks_from_home(day: Day) -> str:
    phone = day.patient(journey.WANG)
    journey.adds_a_family_member(day, phone)
    journey.finds_her_doctor(day, phone)
    visit = journey.applies_for_an_online_visit(day, phone)
    doctor = day.staff("doctor01")
    journey.talks(day, doctor, phone, visit)
    encounter = journey.signs_the_note(day, doctor)
    placer_number = journey.orders_for_one_trip(day, doctor, encounter)
    number = journey.prescribes(day, doctor, encounter)
    journey.ends_the_visit(doctor, visit)
    prescription = journey.passes_the_prescription(day, journey.tablet(day, "pharmacist01"), number)
    journey.pays_for_everything(day, phone)
    journey.sends_the_drugs(day, journey.tablet(day, "pharmacist02"), prescription)
    journey.chooses_the_hour(day, phone)
    return placer_number


def _her_result_comes(day: Day, phone: Page, doctor: Page, placer_number: str) -> None:
    """Blood in the morning, the result on her phone when her doctor releases it."""
    journey.sends_her_blood_result(day.house, placer_number)
    journey.releases_the_result(day, doctor)
    journey.reads_her_result(day, phone)


def _her_treatment_begins(day: Day, doctor: Page, card: str, course: str) -> None:
    """The plan is released, the first session given on the tablet."""
    therapist = journey.tablet(day, "therapist01")
    journey.releases_the_plan(day, doctor, therapist, course)
    journey.gives_a_session(day, therapist, card)


def _she_is_treated(house: House, card: str, course: str) -> None:
    """The other sessions, each on its day at her hour, by HTTP; every week her doctor sees her."""
    for number, starts_at in enumerate(treatments_to_come(), start=2):
        house.drill.set_clock(starts_at - timedelta(minutes=4))
        if number % 5 == 1:
            house.sees_the_patient(house.staff("doctor01"), course)
        house.gives_a_session(house.staff("therapist01"), card)


def _she_is_followed_up(day: Day) -> None:
    """Two weeks later the form comes by itself."""
    day.house.drill.set_clock(journey.next_morning(day.house, days=15))
    journey.answers_the_follow_up(day, day.patient(journey.WANG))
    journey.handles_the_alarm(day, day.staff("manager01"))
