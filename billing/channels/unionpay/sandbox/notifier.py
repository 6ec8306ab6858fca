"""Notices: signed form posts, repeated until the merchant answers with HTTP 200."""

import json
import logging
import secrets
import threading
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlencode

import requests

from .keys import Keys
from .store import Store

log = logging.getLogger(__name__)

LADDER = [60, 120, 240, 900]  # seconds to wait after each failed attempt; then the merchant has to ask
ANSWER_WITHIN = 5.0

Post = Callable[[str, str], int]  # (url, form body) -> the answer's status, 0 when there was none


def http_post(url: str, body: str) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    try:
        return requests.post(url, data=body.encode(), headers=headers, timeout=ANSWER_WITHIN).status_code
    except requests.RequestException:
        return 0


class Notifier:
    def __init__(self, store: Store, keys: Keys, clock: Callable[[], float], scale: Decimal, post: Post) -> None:
        self._store, self._keys, self._clock, self._scale, self._post = store, keys, clock, scale, post
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def tell(self, url: str, fields: dict[str, str]) -> str:
        """Queue a notice; answers its id, which only the stand-in knows."""
        now, notice_id = self._clock(), secrets.token_hex(16)
        self._store.run(
            "INSERT INTO notices (id, url, fields, created_at, next_at) VALUES (?, ?, ?, ?, ?)",
            notice_id, url, json.dumps(fields, ensure_ascii=False), now, now,
        )  # fmt: skip
        self._wake.set()
        return notice_id

    def fields(self, notice_id: str) -> dict[str, str]:
        """A notice's fields, signed."""
        notice = self._store.one("SELECT * FROM notices WHERE id = ?", notice_id)
        assert notice is not None
        return self._keys.signed(json.loads(notice["fields"]))

    def deliver_due(self, *, everything: bool = False) -> int:
        """Send what is due (or everything that is undelivered); answers how many the merchant took."""
        due = self._store.all("SELECT * FROM notices WHERE done_at IS NULL ORDER BY created_at, rowid")
        if self._store.fault("reorder"):
            due.reverse()
        return sum(self._deliver(one["id"]) for one in due if everything or one["next_at"] <= self._clock())

    def _deliver(self, notice_id: str) -> int:
        notice = self._store.one("SELECT * FROM notices WHERE id = ?", notice_id)
        assert notice is not None
        fault = self._store.fault("notify")
        what = fault["what"] if fault else ""
        if what == "skip":
            return self._failed(notice_id, notice["attempts"])
        said = self.fields(notice_id)
        if what == "forge":
            said["signature"] = secrets.token_urlsafe(256)
        if what == "wrong-amount":  # genuine, and yet of another amount: a merchant must refuse it
            said = self._keys.signed({**json.loads(notice["fields"]), "txnAmt": "1", "settleAmt": "1"})
        answer = self._post(notice["url"], urlencode(said))
        if what == "repeat":
            for _ in range(14):
                self._post(notice["url"], urlencode(said))
        if answer != 200:
            return self._failed(notice_id, notice["attempts"])
        self._store.run(
            "UPDATE notices SET done_at = ?, attempts = attempts + 1 WHERE id = ?", self._clock(), notice_id
        )
        return 1

    def _failed(self, notice_id: str, attempts: int) -> int:
        if attempts >= len(LADDER):
            self._store.run("UPDATE notices SET done_at = ? WHERE id = ?", self._clock(), notice_id)
            return 0
        self._store.run(
            "UPDATE notices SET attempts = attempts + 1, next_at = ? WHERE id = ?",
            self._clock() + float(LADDER[attempts] * self._scale), notice_id,
        )  # fmt: skip
        return 0

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="unionpay-notifier", daemon=True)
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
                self.deliver_due()
            except Exception:  # the thread must outlive one bad notice; the fault is in the log
                log.exception("a round of notices failed")
