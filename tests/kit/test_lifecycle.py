"""A status moves along its table, once, and each move leaves a row."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from hospital.audit.models import StatusChange
from hospital.kit import clock, lifecycle
from hospital.kit.lifecycle import Lifecycle
from hospital.kit.problems import StaleMove
from hospital.people.models import Patient
from tests.cast import HOUSE, Cast

HERE, THERE, GONE = "120103", "110101", "310101"


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lifecycle]:
    """A lifecycle of this test's own, over a column of a table that exists."""
    monkeypatch.setattr(lifecycle, "_lifecycles", {})
    yield Lifecycle("tests.region", moves={HERE: {THERE}, THERE: {GONE}}, field="region_code")


def _journal() -> list[tuple[Any, ...]]:
    rows = StatusChange.objects.filter(lifecycle="tests.region").order_by("pk")
    return list(rows.values_list("row_id", "old", "new", "reason", "service"))


def test_a_move_changes_the_row_its_columns_and_the_journal(cast: Cast, moves: Lifecycle) -> None:
    patient = cast.wang_fang.patient
    with transaction.atomic():
        moves.begin(patient, actor=HOUSE, at=cast.at)
        moves.move(patient, THERE, actor=HOUSE, at=cast.at, reason="moved", verified_at=None)
    assert (patient.region_code, patient.verified_at) == (THERE, None)
    patient.refresh_from_db()
    assert (patient.region_code, patient.verified_at) == (THERE, None)
    assert _journal() == [
        (patient.pk, "", HERE, "", HOUSE.service),
        (patient.pk, HERE, THERE, "moved", HOUSE.service),
    ]


@pytest.mark.parametrize("target", [GONE, HERE, "nowhere"])
def test_a_move_that_is_not_in_the_table_is_refused(cast: Cast, moves: Lifecycle, target: str) -> None:
    patient = cast.wang_fang.patient
    with pytest.raises(StaleMove):
        moves.move(patient, target, actor=HOUSE, at=cast.at)
    patient.refresh_from_db()
    assert patient.region_code == HERE
    assert _journal() == []


def test_the_second_of_two_callers_meets_stale(cast: Cast, moves: Lifecycle) -> None:
    """Both read the row in its old state; the count of the guarded UPDATE tells the second."""
    first = Patient.objects.get(pk=cast.wang_fang.patient_id)
    second = Patient.objects.get(pk=cast.wang_fang.patient_id)
    moves.move(first, THERE, actor=HOUSE, at=cast.at, phone="13800138000")
    with pytest.raises(StaleMove):
        moves.move(second, THERE, actor=HOUSE, at=cast.at, phone="13900139000")
    assert second.region_code == HERE
    assert Patient.objects.get(pk=first.pk).phone == "13800138000"
    assert len(_journal()) == 1


def test_a_final_state_and_a_second_name(moves: Lifecycle) -> None:
    assert moves.is_final(GONE) and not moves.is_final(HERE)
    assert moves.allows(HERE, THERE) and not moves.allows(THERE, HERE)
    with pytest.raises(ValueError, match="two lifecycles"):
        Lifecycle("tests.region", moves={})


def test_without_a_journal_nothing_moves(cast: Cast, moves: Lifecycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_journal", None)
    with pytest.raises(RuntimeError, match="no journal"), transaction.atomic():
        moves.move(cast.wang_fang.patient, THERE, actor=HOUSE, at=cast.at)
    assert Patient.objects.get(pk=cast.wang_fang.patient_id).region_code == HERE


def test_many_beginnings_are_written_down_at_the_price_of_one(
    db: None, moves: Lifecycle, django_assert_num_queries: Any
) -> None:
    rows = [(_row_of(number), f"reason {number}") for number in range(1, 501)]
    with django_assert_num_queries(3), transaction.atomic():  # the savepoint, its end, and one statement
        moves.begin_all(rows, actor=HOUSE, at=clock.now())
    assert len(_journal()) == 500 and _journal()[0][1:4] == ("", HERE, "reason 1")


def _row_of(number: int) -> Any:
    return SimpleNamespace(pk=number, region_code=HERE)
