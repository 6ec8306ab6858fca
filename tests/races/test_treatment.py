"""G03: many patients want the same hour of the same machine; one gets it, nobody meets an error."""

import os
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.invariants import offenders, registered
from hospital.kit.problems import Busy
from tests.cast import Person
from tests.races.crowd import crowd
from tests.treatment.conftest import Ward, ward  # noqa: F401 - a fixture
from treatment import services
from treatment.models import Course, Displaced, MachineBlock, Session
from treatment.states import SessionStatus

CALLERS = 50


@pytest.mark.django_db(transaction=True)
def test_fifty_courses_want_one_hour(ward: Ward) -> None:  # noqa: F811
    courses = [ward.paid(5) for _ in range(CALLERS)]
    # Each course belongs to somebody else, so that only the machine is scarce.
    patients = [ward.cast.new_patient(f"测试{number}") for number in range(CALLERS)]
    for course, person in zip(courses, patients, strict=True):
        type(course).objects.filter(pk=course.pk).update(patient_id=person.patient_id)
    calls = [
        lambda course=course, person=person: ward.place(course, person=person, hour=time(9))
        for course, person in zip(courses, patients, strict=True)
    ]
    outcome = crowd(calls)
    assert not outcome.errors
    assert len(outcome.values) == 1
    assert outcome.refusals["TR-07.hour-taken"] == CALLERS - 1
    assert Session.objects.filter(status="booked").count() == 5


ROUNDS = int(os.environ.get("G03_ROUNDS", "1"))  # 200 rounds are ten thousand placements and moves


@pytest.mark.django_db(transaction=True)
def test_placements_and_moves_at_once_never_overlap(ward: Ward) -> None:  # noqa: F811
    """G03: half of the crowd places whole courses, half moves single sessions, all into the same two hours."""
    placed = [_course_of(ward, number) for number in range(CALLERS // 2)]
    for number, (course, person) in enumerate(placed):
        ward.place(course, person=person, hour=time(8 + number // 4, 15 * (number % 4)))
    for turn in range(ROUNDS):
        waiting = [_course_of(ward, 100 * (turn + 1) + number) for number in range(CALLERS // 2)]
        hours = [time(15 - turn % 6, quarter) for quarter in (0, 15, 30)]
        calls = [_placing(ward, *who, hours[number % 3]) for number, who in enumerate(waiting)]
        calls += [_moving(ward, *who, hours[number % 3]) for number, who in enumerate(placed)]
        outcome = crowd(calls)
        assert not outcome.errors
        assert outcome.values, "nobody got anything"
        assert set(outcome.refusals) <= {"TR-07.hour-taken"}
        assert _overlaps() == []
        Session.objects.filter(course__in=[course for course, _person in waiting]).delete()


def _overlaps() -> list[tuple[object, ...]]:
    return offenders(next(found for found in registered() if found.name == "treatment.no_machine_twice"))


def _patiently(call: Callable[[], Any]) -> Any:
    """Who is told that the house is busy tries again, as the answer says."""
    for _try in range(10):
        try:
            return call()
        except Busy:
            continue
    return call()


def _placing(ward: Ward, course: Course, person: Person, hour: time) -> Callable[[], Any]:  # noqa: F811
    return lambda: _patiently(lambda: ward.place(course, person=person, hour=hour))


def _moving(ward: Ward, course: Course, person: Person, hour: time) -> Callable[[], Any]:  # noqa: F811
    session, actor = course.sessions.filter(status="booked").latest("day"), ward.actor(person)
    return lambda: _patiently(
        lambda: services.session_move(actor=actor, session_id=session.pk, day=session.day, hour=hour, at=ward.at)
    )


def _course_of(ward: Ward, number: int) -> tuple[Course, Person]:  # noqa: F811
    """A paid course of somebody else, so that only the machine is scarce."""
    course, person = ward.paid(3), ward.cast.new_patient(f"人群{number}")
    Course.objects.filter(pk=course.pk).update(patient_id=person.patient_id)
    return course, person


@pytest.mark.django_db(transaction=True)
def test_nobody_is_placed_unseen_while_the_machine_is_declared_down_tr_08(ward: Ward) -> None:  # noqa: F811
    """Who was placed just before is on the list of those to be moved; who comes just after is refused that hour."""
    therapist = ward.actor(ward.cast.therapist)
    tomorrow = ward.place(ward.paid(3))[1].day
    Session.objects.all().delete()
    for turn in range(2):
        crowd_of = [_course_of(ward, 100 * (turn + 1) + number) for number in range(12)]
        hours = [time(8 + number // 4, 15 * (number % 4)) for number in range(12)]
        calls = [_placing(ward, *who, hour) for who, hour in zip(crowd_of, hours, strict=True)]
        starts_at = clock.at_local(tomorrow, time(8)) + timedelta(minutes=turn)
        calls.insert(6, lambda starts_at=starts_at: _down(ward, therapist, starts_at))
        outcome = crowd(calls)
        assert not outcome.errors
        assert set(outcome.refusals) <= {"TR-07.hour-taken"}
        block = MachineBlock.objects.get()
        hit = Session.objects.filter(machine=ward.machine, status=SessionStatus.BOOKED, during__overlap=block.during)
        assert set(hit.values_list("pk", flat=True)) == set(Displaced.objects.values_list("session", flat=True))
        Displaced.objects.all().delete()
        Session.objects.all().delete()
        MachineBlock.objects.all().delete()


def _down(ward: Ward, actor: Actor, starts_at: datetime) -> None:  # noqa: F811
    services.machine_down(
        actor=actor, machine_id=ward.machine.pk, starts_at=starts_at, ends_at=starts_at + timedelta(hours=9),
        reason="MLC", at=ward.at,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_control_without_the_constraint_the_machine_is_taken_twice(ward: Ward) -> None:  # noqa: F811
    """The race is real: without the exclusion constraint the same callers double-book the machine."""
    courses = [ward.paid(5) for _ in range(10)]
    patients = [ward.cast.new_patient(f"对照{number}") for number in range(10)]
    for course, person in zip(courses, patients, strict=True):
        type(course).objects.filter(pk=course.pk).update(patient_id=person.patient_id)
    definition = _drop_exclusion()
    try:
        outcome = crowd(
            [
                lambda course=course, person=person: ward.place(course, person=person, hour=time(9))
                for course, person in zip(courses, patients, strict=True)
            ]
        )
        assert len(outcome.values) > 1
    finally:
        Session.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE treatment_session ADD CONSTRAINT treatment_machine_once {definition}")


def _drop_exclusion() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'treatment_machine_once'")
        definition = cursor.fetchone()[0]
        cursor.execute("ALTER TABLE treatment_session DROP CONSTRAINT treatment_machine_once")
    return definition
