"""A lost wake costs time, never work; a sweep that never ends is loud."""

import contextlib
import logging
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from kombu import Connection

from hospital.celery import app, sweep_run
from hospital.kit import clock, sweeps
from hospital.kit.breaker import Breaker


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_sweeps", {})


def _rows(left: list[int]) -> Any:
    def work(*, at: datetime) -> int:
        return left.pop() if left else 0

    return work


@pytest.mark.django_db
def test_no_broker_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    """A real call to a port on which nobody listens."""
    monkeypatch.setattr(app, "connection_for_write", lambda *_, **__: Connection("redis://127.0.0.1:1/0"))
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    sweeps.register("tests.rows", _rows([]), every=60)
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
        sweeps.wake("tests.rows")
    assert "no broker to wake tests.rows" in caplog.text


@pytest.mark.django_db
def test_a_wake_waits_for_the_commit(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> None:
    woken: list[str] = []
    monkeypatch.setattr(sweeps, "_send", woken.append)
    sweeps.register("tests.rows", _rows([]), every=60)
    with django_capture_on_commit_callbacks(execute=True):
        sweeps.wake("tests.rows")
        assert woken == []
    assert woken == ["tests.rows"]


@pytest.mark.django_db
def test_one_transaction_asks_the_broker_once_for_all_its_sweeps(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Who is answered after the commit waits for each word to the broker: there is one, and the worker passes it on."""
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(sweeps, "_broker", Breaker())
    monkeypatch.setattr(sweep_run, "apply_async", lambda names, **_: sent.append(tuple(names)))
    ran: list[str] = []
    for name in ("tests.first", "tests.second", "tests.undone"):
        sweeps.register(name, lambda *, at, name=name: ran.append(name) or 1, every=60)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        for name in ("tests.first", "tests.second", "tests.first"):
            sweeps.wake(name)
        with contextlib.suppress(ArithmeticError), transaction.atomic():
            sweeps.wake("tests.undone")
            raise ArithmeticError
    assert sent == [("tests.first", "tests.second")], "and what was rolled back isn't asked for"
    sweep_run(*sent[0])
    assert ran == ["tests.first"] and sent[1:] == [("tests.second",)], "none waits for another"


def test_a_wrong_name_is_loud() -> None:
    with pytest.raises(KeyError):
        sweeps.wake("tests.nobody")
    sweeps.register("tests.rows", _rows([]), every=60)
    with pytest.raises(ValueError, match="two sweeps"):
        sweeps.register("tests.rows", _rows([]), every=60)


def test_all_run_until_none_finds_work() -> None:
    """The second finds work only after the first; one round would leave it undone."""
    told: list[tuple[str, int]] = []
    sweeps.register("tests.first", _rows([2, 3]), every=60)
    sweeps.register("tests.second", _rows([1]), every=60)
    assert sweeps.run_all(at=clock.now(), report=lambda *line: told.append(line)) == 6
    assert told[:2] == [("tests.first", 3), ("tests.second", 1)] and told[-2:] == [
        ("tests.first", 0),
        ("tests.second", 0),
    ]


def test_a_sweep_that_always_finds_the_same_row_is_stopped() -> None:
    sweeps.register("tests.endless", lambda *, at: 1, every=60)
    with pytest.raises(RuntimeError, match="without being marked"):
        sweeps.run_all(at=clock.now())
