"""Where a transaction begins, and who may only run inside one.

`@entry` marks an outermost verb: it opens the one durable transaction, and runs again when PostgreSQL chose it as
the victim of a deadlock. `@within` marks a verb that joins its caller's transaction and refuses to run without one,
so that a forgotten transaction is loud instead of half a booking.
"""

import random
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from .problems import Busy, Problem

P = ParamSpec("P")
R = TypeVar("R")

Refused = Callable[[str, Mapping[str, Any], Problem], None]  # "consult.visit_apply", the verb's arguments, why

_refused: list[Refused] = []


def refusals_to(told: Refused) -> None:
    """Who keeps what the rules refused, told after the rollback (registered by hospital.audit)."""
    _refused.append(told)


_TRY_AGAIN = {"40P01", "40001"}  # deadlock_detected, serialization_failure
_LOCK_TIMEOUT = "55P03"
_ATTEMPTS = 4


def _sqlstate(error: OperationalError) -> str:
    return getattr(error.__cause__, "pgcode", None) or ""


def _name(verb: Callable[..., Any]) -> str:
    """A verb and its twin for callers inside a transaction are one and the same to whoever reads the trail."""
    return verb.__name__.removesuffix("_within")


def entry(verb: Callable[P, R]) -> Callable[P, R]:
    """Run the verb in a durable transaction of its own (docs/locking.md)."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with transaction.atomic(durable=True):
                    return verb(*args, **kwargs)
            except Problem as problem:
                if problem.audited and not problem.is_told:
                    problem.is_told = True
                    for told in _refused:
                        told(f"{verb.__module__.split('.services')[0]}.{_name(verb)}", kwargs, problem)
                raise
            except OperationalError as error:
                state = _sqlstate(error)
                if state == _LOCK_TIMEOUT or (state in _TRY_AGAIN and attempt == _ATTEMPTS):
                    raise Busy from error
                if state not in _TRY_AGAIN:
                    raise
                time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - spreads victims apart, no secret
        raise AssertionError("unreachable")

    return run


def within(verb: Callable[P, R]) -> Callable[P, R]:
    """Refuse to run outside a transaction."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError(f"{verb.__qualname__} must run inside a transaction")
        return verb(*args, **kwargs)

    return run
