"""Notices: sealed, signed and repeated on WeChat's ladder until the merchant answers 2xx."""

import json
import logging
import secrets
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests

from .answers import spoilt
from .bills import SHANGHAI
from .keys import Keys
from .store import Store

log = logging.getLogger(__name__)

# 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h: seconds to wait after each failed attempt.
LADDER = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]
ANSWER_WITHIN = 5.0  # seconds; WeChat waits no longer

Post = Callable[[str, dict[str, str], str], int]


def http_post(url: str, headers: dict[str, str], body: str) -> int:
    """Deliver one notice; 0 when there was no answer."""
    try:
        return requests.post(url, data=body.encode(), headers=headers, timeout=ANSWER_WITHIN).status_code
    except requests.RequestException:
        return 0


class Notifier:
    def __init__(self, store: Store, keys: Keys, clock: Callable[[], float], scale: float, post: Post) -> None:
        self._store, self._keys, self._clock, self._scale, self._post = store, keys, clock, scale, post
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.before_round: Callable[[], None] = lambda: None

    def tell(self, *, url: str, event_type: str, summary: str, kind: str, resource: dict[str, Any]) -> str:
        """Queue a notice; answers its id."""
        notice_id = str(uuid.uuid4())
        now = self._clock()
        self._store.run(
            "INSERT INTO notices (id, url, event_type, summary, kind, resource, created_at, next_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            notice_id, url, event_type, summary, kind, json.dumps(resource, ensure_ascii=False), now, now,
        )  # fmt: skip
        self._wake.set()
        return notice_id

    def envelope(self, notice: dict[str, Any], created: str) -> tuple[dict[str, str], str]:
        """Headers and body of a notice, freshly sealed and signed."""
        body = json.dumps(
            {
                "id": notice["id"],
                "create_time": created,
                "resource_type": "encrypt-resource",
                "event_type": notice["event_type"],
                "summary": notice["summary"],
                "resource": self._keys.sealed(json.loads(notice["resource"]), notice["kind"]),
            },
            ensure_ascii=False,
        )
        headers = self._keys.signed_headers(body, at=self._clock())
        return {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **headers}, body

    def deliver_due(self, *, everything: bool = False) -> int:
        """Send what is due (or everything that is undelivered); answers how many the merchant took."""
        taken = 0
        waiting = self._store.all("SELECT * FROM notices WHERE done_at IS NULL ORDER BY created_at, rowid")
        if self._store.fault("reorder"):
            waiting.reverse()
        for notice in waiting:
            if not everything and notice["next_at"] > self._clock():
                continue
            taken += self._deliver(notice)
        return taken

    def _deliver(self, notice: dict[str, Any]) -> int:
        fault = self._store.fault("notify")
        what = fault["what"] if fault else ""
        if what == "skip":  # lost on its way
            return self._failed(notice, "lost")
        if what == "wrong-amount":  # genuine, and yet of another amount: a merchant must refuse it
            notice = notice | {"resource": json.dumps(spoilt(json.loads(notice["resource"])))}
        created = datetime.fromtimestamp(notice["created_at"], SHANGHAI).isoformat(timespec="seconds")
        headers, body = self.envelope(notice, created)
        if what == "forge":  # somebody else's signature
            headers["Wechatpay-Signature"] = secrets.token_urlsafe(256)
        if what == "signtest":  # WeChat's own probe: a merchant must refuse it
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
        status = self._post(notice["url"], headers, body)
        if what == "repeat":
            for _ in range(14):
                self._post(notice["url"], headers, body)
        if not 200 <= status < 300:
            return self._failed(notice, str(status))
        self._store.run(
            "UPDATE notices SET done_at = ?, attempts = attempts + 1, last_answer = ? WHERE id = ?",
            self._clock(), str(status), notice["id"],
        )  # fmt: skip
        return 1

    def _failed(self, notice: dict[str, Any], answer: str) -> int:
        attempts = notice["attempts"] + 1
        if attempts > len(LADDER):  # given up: the merchant has to ask
            self._store.run(
                "UPDATE notices SET done_at = ?, last_answer = 'given up' WHERE id = ?", self._clock(), notice["id"]
            )
            return 0
        wait = LADDER[attempts - 1] * self._scale
        self._store.run(
            "UPDATE notices SET attempts = ?, next_at = ?, last_answer = ? WHERE id = ?",
            attempts, self._clock() + wait, answer, notice["id"],
        )  # fmt: skip
        return 0

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="wechatpay-notifier", daemon=True)
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
