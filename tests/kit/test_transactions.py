"""One durable transaction per outermost verb; a victim of a deadlock runs again (docs/locking.md)."""

import threading
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from hospital.kit.problems import Busy
from hospital.kit.transactions import entry, within
from hospital.organisation.models import Campus


@within
def joins(value: int) -> int:
    return value


@entry
def begins(value: int) -> int:
    return joins(value)


@pytest.mark.django_db(transaction=True)
def test_a_verb_that_joins_refuses_to_run_alone() -> None:
    with pytest.raises(transaction.TransactionManagementError, match="joins"):
        joins(1)
    assert begins(2) == 2


@pytest.mark.django_db(transaction=True)
def test_an_outermost_verb_refuses_to_run_inside() -> None:
    """Else its commit would be none, and what it promised could still be undone."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        begins(1)


@pytest.mark.django_db(transaction=True)
def test_what_fails_leaves_nothing() -> None:
    @entry
    def half() -> None:
        Campus.objects.create(code="H", name="half")
        raise LookupError

    with pytest.raises(LookupError):
        half()
    assert not Campus.objects.filter(code="H").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("retried", [True, False], ids=["by entry", "control"])
def test_a_real_deadlock_is_run_again(retried: bool) -> None:
    """Two callers lock two rows crosswise. Without @entry PostgreSQL kills one of them; with it both are done."""
    rows = [Campus.objects.create(code=code, name=code).pk for code in ("X", "Y")]
    crossed, runs, errors = threading.Barrier(2), [], []

    def cross(first: int, second: int) -> None:
        runs.append(first)
        Campus.objects.filter(pk=first).update(address=f"by {first}")
        if len(runs) <= 2:  # the first run of each waits until both hold a lock
            crossed.wait(timeout=30)
        Campus.objects.filter(pk=second).update(address=f"by {first}")

    def call(first: int, second: int) -> None:
        try:
            if retried:
                entry(cross)(first, second)
            else:
                with transaction.atomic():
                    cross(first, second)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=pair) for pair in (rows, rows[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert len(set(Campus.objects.filter(pk__in=rows).values_list("address", flat=True))) == 1, "half a verb was kept"
    if retried:
        assert (errors, len(runs)) == ([], 3)
    else:
        assert [error.__cause__.pgcode for error in errors] == ["40P01"]


class _Cause(Exception):
    def __init__(self, pgcode: str) -> None:
        self.pgcode = pgcode


def _failing(pgcode: str, tries: list[int]) -> Any:
    @entry
    def verb() -> None:
        tries.append(1)
        raise OperationalError from _Cause(pgcode)

    return verb


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("pgcode", "answer", "times"),
    [("40P01", Busy, 4), ("40001", Busy, 4), ("55P03", Busy, 1), ("57P01", OperationalError, 1)],
)
def test_how_often_and_with_what_answer(pgcode: str, answer: type[Exception], times: int) -> None:
    """A lock that can't be had and a lasting quarrel are "busy"; what is no quarrel is nobody's to hide."""
    tries: list[int] = []
    with pytest.raises(answer):
        _failing(pgcode, tries)()
    assert len(tries) == times
