"""G03: many patients want the same hour of the same machine; one gets it, nobody meets an error."""

from datetime import time
from typing import Any

import pytest
from django.db import connection

from tests.races.crowd import crowd
from tests.treatment.conftest import Ward, ward  # noqa: F401 - a fixture
from treatment.models import Session

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
