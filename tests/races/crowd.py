"""Many callers at the same instant, each with a database connection of its own."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from hospital.kit.problems import Busy, Problem


@dataclass
class Outcome:
    """What the callers were answered: values, refusals by code, and errors, which nobody should ever meet (G36)."""

    values: list[Any] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    errors: list[BaseException] = field(default_factory=list)


def crowd(calls: Sequence[Callable[[], Any]]) -> Outcome:
    """Run every call at once and wait for all of them."""
    outcome, gate, guard = Outcome(), threading.Barrier(len(calls)), threading.Lock()

    def one(call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=60)
            value = call()
            with guard:
                outcome.values.append(value)
        except Busy as problem:  # a deadlock or a lock timeout that reached the user
            with guard:
                outcome.errors.append(problem)
        except Problem as problem:
            with guard:
                outcome.refusals[problem.code] += 1
        except BaseException as error:
            with guard:
                outcome.errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads), "a caller never came back"
    return outcome
