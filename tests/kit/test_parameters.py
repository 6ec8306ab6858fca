"""Dated limits: the value of the day, the campus before the house, the default when nobody set one (G-1)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from hospital.kit import clock, parameters
from hospital.kit.parameters import Parameter

AT = clock.at_local(clock.today(), datetime.min.time())


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parameter[int]]:
    monkeypatch.setattr(parameters, "_parameters", {})
    yield Parameter("tests.minutes", int, 15, source="G-1")


def test_the_default_holds_until_somebody_sets_a_value(
    minutes: Parameter[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {(AT, None): {"tests.minutes": 20}, (AT, 7): {"tests.minutes": 30}}
    monkeypatch.setattr(parameters, "_read", lambda names, at, campus: values.get((at, campus), {}))
    assert minutes.at(AT) == 20
    assert minutes.at(AT, 7) == 30
    assert minutes.at(AT - timedelta(days=1)) == 15


@pytest.mark.parametrize("value", ["20", 1.5, [20]])
def test_a_value_of_another_kind_is_loud(minutes: Parameter[int], monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    monkeypatch.setattr(parameters, "_read", lambda *_: {"tests.minutes": value})
    with pytest.raises(TypeError, match=r"tests\.minutes"):
        minutes.at(AT)


def test_zero_is_a_value_and_not_a_gap(minutes: Parameter[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "_read", lambda *_: {"tests.minutes": 0})
    assert minutes.at(AT) == 0


def test_several_are_read_at_once_and_only_those(minutes: Parameter[int], monkeypatch: pytest.MonkeyPatch) -> None:
    hours = Parameter("tests.hours", int, 2, source="G-1")
    asked: list[Any] = []

    def read(names: Sequence[str], at: datetime, campus: int | None) -> dict[str, Any]:
        asked.append((list(names), at, campus))
        return {"tests.hours": 3}

    monkeypatch.setattr(parameters, "_read", read)
    found = parameters.values_at([minutes, hours], AT, 7)
    assert (found[minutes], found[hours]) == (15, 3)
    assert asked == [(["tests.minutes", "tests.hours"], AT, 7)]
    with pytest.raises(KeyError):
        parameters.values_at([minutes], AT)[hours]


def test_two_of_one_name_are_refused(minutes: Parameter[int]) -> None:
    with pytest.raises(ValueError, match="two parameters"):
        Parameter("tests.minutes", int, 1, source="G-1")
    assert list(parameters.declared()) == ["tests.minutes"]
