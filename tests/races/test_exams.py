"""A crowd at one machine: nobody is examined beside somebody else (A6, AP-14, G36)."""

import threading
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from appointments import errors, selectors, services
from appointments.models import ExamBooking, ExamShift
from appointments.services import ExamChoice
from appointments.states import ACTIVE_EXAM
from hospital.kit import clock
from tests.appointments.conftest import broken_invariants
from tests.appointments.exam_room import ExamRoom, build_exam_room
from tests.cast import Cast, Person, actor_of_person
from tests.races.crowd import crowd

CALLERS, ROUNDS = 50, 20

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room(cast: Cast) -> Any:
    yield build_exam_room(cast, clock.now(), days=2)
    assert not broken_invariants()


def shift_of(room: ExamRoom, machine: str) -> ExamShift:
    found = room.machines[machine].shifts.order_by("during").first()
    assert found is not None
    return found


def book(room: ExamRoom, person: Person, choice: ExamChoice) -> list[ExamBooking]:
    return services.exams_book(
        actor=actor_of_person(person), patient_id=person.patient_id, choices=[choice], answers={}, at=room.at
    )


def test_control_who_looks_and_then_writes_puts_two_at_one_machine(cast: Cast) -> None:
    """The same crowd, without the exclusion constraint: the race is real."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive_exam (round int, patient int)")

    everybody_has_looked = threading.Barrier(CALLERS)

    def naive(number: int, patient: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive_exam WHERE round = %s", [number])
            taken = cursor.fetchone()[0]
            everybody_has_looked.wait(timeout=60)
            if not taken:
                cursor.execute("INSERT INTO naive_exam VALUES (%s, %s)", [number, patient])

    for number in range(ROUNDS):
        assert not crowd([partial(naive, number, patient) for patient in range(CALLERS)]).errors
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM naive_exam GROUP BY round HAVING count(*) > 1) AS r")
        twice = cursor.fetchone()[0]
        cursor.execute("DROP TABLE naive_exam")
    assert twice == ROUNDS


def test_fifty_callers_for_one_time_of_one_machine_one_has_it_a6(room: ExamRoom) -> None:
    people = [room.cast.new_patient(f"孙{number}") for number in range(CALLERS)]
    orders = {person.patient_id: room.order(person, "X-CT") for person in people}
    shift, item = shift_of(room, "CT"), room.items["CT"]
    for number in range(ROUNDS):
        if number % 4 == 0 and number:
            shift = room.machines["CT"].shifts.order_by("during")[1]
        start = shift.starts_at + timedelta(minutes=20 * (number % 4))
        free = [person for person in people if selectors.wanted_of(person.patient_id)]
        before = ExamBooking.objects.filter(status__in=ACTIVE_EXAM).count()
        taken = ExamBooking.objects.filter(
            status__in=ACTIVE_EXAM, machine=shift.machine, during__contains=start
        ).exists()
        outcome = crowd(
            [partial(book, room, one, ExamChoice(orders[one.patient_id].pk, item.pk, shift.pk, start)) for one in free]
        )
        assert not outcome.errors, outcome.errors
        won = 0 if taken else 1
        assert len(outcome.values) == won
        assert outcome.refusals == {errors.ExamTaken.code: len(free) - won}
        assert ExamBooking.objects.filter(status__in=ACTIVE_EXAM).count() == before + won


def test_one_patient_from_fifty_devices_has_one_booking_and_keeps_the_intervals_ap_13(room: ExamRoom) -> None:
    person = room.cast.new_patient("周一")
    meal, ct = room.order(person, "X-MEAL"), room.order(person, "X-CT")
    first, second = shift_of(room, "X 光"), room.machines["CT"].shifts.order_by("during")[1]
    choices = [
        ExamChoice(meal.pk, room.items["MEAL"].pk, first.pk, first.starts_at),
        ExamChoice(ct.pk, room.items["CT"].pk, second.pk, second.starts_at),  # a day after the barium: forbidden
    ]
    outcome = crowd([partial(book, room, person, choices[number % 2]) for number in range(CALLERS)])
    assert not outcome.errors, outcome.errors
    assert len(outcome.values) == 1
    assert set(outcome.refusals) <= {errors.ExamOver.code, errors.ExamsTooClose.code}
