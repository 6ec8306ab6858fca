"""Waiting for what another process does: on the condition, never on the clock."""

import threading
import time
from collections.abc import Callable
from typing import Any

PATIENCE = 900.0  # seconds: against waiting for ever. How fast something must be is never asked by its waiting.


def wait_until(true: Callable[[], Any], what: str | Callable[[], str], seconds: float = PATIENCE) -> Any:
    """Wait for a condition and answer its value; fail with its name when it doesn't come."""
    limit, tick = time.monotonic() + seconds, threading.Event()
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > limit:
            raise AssertionError(
                f"{what if isinstance(what, str) else what()} did not come true within {seconds:.0f} s"
            )
        tick.wait(0.05)
