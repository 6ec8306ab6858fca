"""A program that hangs holds some threads and no more; a helper that is silent is left alone for a while (G05, G32)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from billing.channels.base import ChannelUnknown, outside
from hospital.kit import outside as calls
from hospital.kit import sweeps
from hospital.kit.breaker import Breaker
from hospital.kit.outside import OutsideError, room


@pytest.fixture(autouse=True)
def impatient(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OUTSIDE_ROOM = 2
    monkeypatch.setattr(calls, "_PATIENCE", 0.01)


def test_so_many_and_no_more_wait_for_one_program() -> None:
    inside, leave = threading.Semaphore(0), threading.Event()

    def hang() -> None:
        with room("hanging"):
            inside.release()
            assert leave.wait(30)

    with ThreadPoolExecutor(2) as callers:
        hanging = [callers.submit(hang) for _ in range(2)]
        for _ in hanging:
            assert inside.acquire(timeout=30)
        with pytest.raises(OutsideError), room("hanging"):
            pytest.fail("a third waits too")
        with room("another"):
            pass
        leave.set()
        for one in hanging:
            one.result()
    with room("hanging"):
        pass


def test_room_comes_back_after_an_error() -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), room("failing"):
            raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_a_channel_without_room_is_unknown_not_refused() -> None:
    with outside("full"), outside("full"), pytest.raises(ChannelUnknown), outside("full"):
        pytest.fail("a third waits too")


def test_a_breaker_is_open_for_its_time_and_closes_with_an_answer() -> None:
    breaker = Breaker(pause=60)
    assert not breaker.is_open
    breaker.failed()
    assert breaker.is_open
    breaker.answered()
    assert not breaker.is_open
    short = Breaker(pause=0)
    short.failed()
    assert not short.is_open


def test_a_broker_that_is_silent_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from hospital.celery import sweep_run

    asked = []

    def silent(*args: Any, **kwargs: Any) -> None:
        asked.append(args)
        raise sweep_run.OperationalError("timed out")

    monkeypatch.setattr(sweeps, "_broker", Breaker())
    monkeypatch.setattr(sweep_run, "apply_async", silent)
    for _ in range(5):
        sweeps._send("any")
    assert len(asked) == 1
