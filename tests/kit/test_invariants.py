"""Invariants find offenders, whatever the planner believes of the tables."""

import pytest
from django.db import connection, transaction

from hospital.kit.invariants import Invariant, offenders

pytestmark = pytest.mark.django_db


def of(sql: str) -> list[tuple[object, ...]]:
    return offenders(Invariant("tests.any", "tests", sql))


def test_it_answers_what_breaks_it_and_no_more_than_asked() -> None:
    assert of("SELECT number FROM generate_series(1, 3) AS number WHERE number > 3") == []
    assert of("SELECT number FROM generate_series(1, 3) AS number WHERE number > 1") == [(2,), (3,)]
    assert len(of("SELECT number FROM generate_series(1, 100) AS number")) == 20


def test_whole_tables_are_never_compared_pair_by_pair() -> None:
    """With the statistics of emptied tables the planner would choose a nested loop, which takes minutes once they are full."""
    nested = "SELECT current_setting('enable_nestloop') AS nested"
    with transaction.atomic():
        assert of(nested) == [("off",)]
        with connection.cursor() as cursor:
            cursor.execute(nested)
            assert cursor.fetchone() == ("on",)  # for everybody else it is as it was
