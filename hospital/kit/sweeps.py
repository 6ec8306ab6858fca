"""Sweeps: the house's background work. Rows wait in PostgreSQL; a sweep works off those that are due.

An app registers its sweeps in wiring.py. Beat wakes each at its pace, `manage.py tick` runs all of them once, and
`wake()` asks for one right after the caller's commit, for speed. A lost wake costs time, never work.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import connection, transaction

from .breaker import Breaker

log = logging.getLogger(__name__)


class Work(Protocol):
    def __call__(self, *, at: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Sweep:
    name: str  # "billing.notices"
    work: Work  # works off what is due at `at`; answers how many rows; safe to run in many processes at once
    every: float  # seconds between two wakes by beat
    title: str = ""


_sweeps: dict[str, Sweep] = {}


def register(name: str, work: Work, *, every: float, title: str = "") -> None:
    if name in _sweeps:
        raise ValueError(f"two sweeps are named {name}")
    _sweeps[name] = Sweep(name, work, every, title)


def registered() -> list[Sweep]:
    return list(_sweeps.values())


def run(name: str, *, at: datetime) -> int:
    return _sweeps[name].work(at=at)


def run_all(*, at: datetime, report: Callable[[str, int], None] = lambda name, done: None) -> int:
    """Run every sweep until none finds work; answers how many rows were worked off. Used by `manage.py tick`."""
    total = 0
    for _ in range(100):
        done = 0
        for sweep in registered():
            count = sweep.work(at=at)
            report(sweep.name, count)
            done += count
        total += done
        if not done:
            return total
    raise RuntimeError("sweeps still find work after 100 rounds: some row is worked off without being marked so")


def wake(name: str) -> None:
    """Ask for a sweep once the present transaction has committed. A broker that is down is no error here."""
    if name not in _sweeps:
        raise KeyError(name)
    within = set(connection.savepoint_ids)
    for waiting in connection.run_on_commit:
        savepoints, hook = waiting[:2]
        if isinstance(hook, _Wakes) and hook.names and savepoints == within:  # rolled back together, if at all
            hook.names[name] = None
            return
    transaction.on_commit(_Wakes(name))


class _Wakes:
    """What one transaction asks for, each sweep once: whoever waits for the commit pays for one word to the broker."""

    def __init__(self, name: str) -> None:
        self.names = {name: None}

    def __call__(self) -> None:
        names, self.names = self.names, {}
        _send(*names)


_broker = Breaker()


def _send(*names: str) -> None:
    from hospital.celery import sweep_run

    if _broker.is_open:
        return
    try:
        sweep_run.apply_async(names, retry=False, expires=60)
    except sweep_run.OperationalError as error:
        _broker.failed()
        log.warning("no broker to wake %s (%s); beat or the next tick will", ", ".join(names), type(error).__name__)
    else:
        _broker.answered()
