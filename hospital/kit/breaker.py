"""Helpers that may be silent: asked with a limit, and left alone for a while when they were (G05, G32).

A Redis that hangs answers nobody, and each request that waits for it holds a thread of the web process. So the first
who waits in vain speaks for all: for some seconds nobody of this process asks again, and what was to be asked is done
without the helper (a sweep finds the row, a socket looks by its own clock).
"""

import time


class Breaker:
    """`is_open` is True while the helper is left alone."""

    def __init__(self, pause: float = 10.0) -> None:
        self.pause = pause  # seconds
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._until

    def failed(self) -> None:
        self._until = time.monotonic() + self.pause

    def answered(self) -> None:
        self._until = 0.0
