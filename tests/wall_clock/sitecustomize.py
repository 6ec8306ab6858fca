"""Sets the wall clock of a process of the drill: Python imports this by itself when its folder is on PYTHONPATH.

The product's code reads the usual clock and knows nothing of this; timeouts go on as they are, as they should.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

_FILE = Path(os.environ["WALL_CLOCK"])  # seconds that the clock is ahead
_POLL = 0.02  # seconds


def _ahead() -> float:
    return float(_FILE.read_text(encoding="ascii"))


class _WallClock:
    """Moves with the file; a forked child follows it by a thread of its own."""

    def __init__(self) -> None:
        self.ahead = _ahead()
        self.traveller = time_machine.travel(time.time() + self.ahead, tick=True).start()
        time.time()  # a traveller's clock begins to tick at the first look at it

    def follow_in_the_background(self) -> None:
        threading.Thread(target=self._follow, args=(threading.Event(),), name="wall clock", daemon=True).start()

    def _follow(self, rest: threading.Event) -> None:
        while True:
            rest.wait(_POLL)
            wanted = _ahead()
            if wanted != self.ahead:
                self.traveller.shift(wanted - self.ahead)
                self.ahead = wanted


_clock = _WallClock()
os.register_at_fork(after_in_child=_clock.follow_in_the_background)
_clock.follow_in_the_background()
