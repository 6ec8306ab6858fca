"""The notices of a stand-in for a channel: sent from a thread of its own, repeated on the channel's ladder, with faults to make.

What a notice looks like, and which answer says that it was taken, is each channel's (`sending`, `is_taken`).
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar

from .books import Books

log = logging.getLogger(__name__)

ANSWER_WITHIN = 5.0  # seconds; channels wait no longer
_REPEATS = 14

A = TypeVar("A")  # what the merchant answers: a status, or a text


class Notifier(ABC, Generic[A]):
    """`store` keeps the notices; `clock` answers unix seconds; `scale` shortens every wait."""

    name: ClassVar[str]
    ladder: ClassVar[Sequence[int]]  # seconds to wait after each failed attempt; then the merchant has to ask

    def __init__(self, store: Books, clock: Callable[[], float], scale: Decimal | float) -> None:
        self._store, self._clock, self._scale = store, clock, scale
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.before_round: Callable[[], None] = lambda: None

    # --- Each channel's own -----------------------------------------------------------------------------------
    @abstractmethod
    def sending(self, notice: dict[str, Any], fault: str) -> Callable[[], A]:
        """What sends this notice, with a fault of this channel's in it."""

    @abstractmethod
    def is_taken(self, answer: A) -> bool:
        """Does the merchant's answer say that it needn't be sent again?"""

    def answered(self, notice_id: str, words: str) -> None:
        """For a channel whose books tell what the last answer was."""

    # --- The rounds -------------------------------------------------------------------------------------------
    def queue(self, **columns: Any) -> None:
        """Write a notice down, to be sent at once."""
        now = self._clock()
        columns |= {"created_at": now, "next_at": now}
        places = ", ".join("?" * len(columns))
        self._store.run(f"INSERT INTO notices ({', '.join(columns)}) VALUES ({places})", *columns.values())  # noqa: S608
        self._wake.set()

    def deliver_due(self, *, everything: bool = False) -> int:
        """Send what is due (or everything that is undelivered); answers how many the merchant took."""
        waiting = self._store.all("SELECT * FROM notices WHERE done_at IS NULL ORDER BY created_at, rowid")
        if self._store.fault("reorder"):
            waiting.reverse()
        return sum(self._deliver(one) for one in waiting if everything or one["next_at"] <= self._clock())

    def _deliver(self, notice: dict[str, Any]) -> bool:
        fault = self._store.fault("notify")
        what = fault["what"] if fault else ""
        if what == "skip":  # lost on its way
            return self._failed(notice, "lost")
        send = self.sending(notice, what)
        answer = send()
        if what == "repeat":
            for _ in range(_REPEATS):
                send()
        if not self.is_taken(answer):
            return self._failed(notice, str(answer))
        self._store.run(
            "UPDATE notices SET done_at = ?, attempts = attempts + 1 WHERE id = ?", self._clock(), notice["id"]
        )
        self.answered(notice["id"], str(answer))
        return True

    def _failed(self, notice: dict[str, Any], answer: str) -> bool:
        attempts = notice["attempts"]
        if attempts >= len(self.ladder):
            self._store.run("UPDATE notices SET done_at = ? WHERE id = ?", self._clock(), notice["id"])
            self.answered(notice["id"], "given up")
            return False
        seconds = float(self.ladder[attempts] * self._scale)
        self._store.run(
            "UPDATE notices SET attempts = ?, next_at = ? WHERE id = ?",
            attempts + 1,
            self._clock() + seconds,
            notice["id"],
        )
        self.answered(notice["id"], answer)
        return False

    # --- The thread -------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"{self.name}-notifier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(timeout=0.2)
            self._wake.clear()
            try:
                self.before_round()
                self.deliver_due()
            except Exception:  # the thread must outlive one bad notice; the fault is in the log
                log.exception("a round of notices failed")
