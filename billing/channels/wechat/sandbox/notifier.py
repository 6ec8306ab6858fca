"""Notices: sealed, signed and repeated on WeChat's ladder until the merchant answers 2xx."""

import json
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests

from ... import notifier
from .answers import spoilt
from .bills import SHANGHAI
from .keys import Keys
from .store import Store

# 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h: seconds to wait after each failed attempt.
LADDER = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]

Post = Callable[[str, dict[str, str], str], int]


def http_post(url: str, headers: dict[str, str], body: str) -> int:
    """Deliver one notice; 0 when there was no answer."""
    try:
        return requests.post(url, data=body.encode(), headers=headers, timeout=notifier.ANSWER_WITHIN).status_code
    except requests.RequestException:
        return 0


class Notifier(notifier.Notifier[int]):
    name = "wechatpay"
    ladder = LADDER

    def __init__(self, store: Store, keys: Keys, clock: Callable[[], float], scale: float, post: Post) -> None:
        super().__init__(store, clock, scale)
        self._keys, self._post = keys, post

    def tell(self, *, url: str, event_type: str, summary: str, kind: str, resource: dict[str, Any]) -> str:
        """Queue a notice; answers its id."""
        notice_id = str(uuid.uuid4())
        self.queue(
            id=notice_id, url=url, event_type=event_type, summary=summary, kind=kind,
            resource=json.dumps(resource, ensure_ascii=False),
        )  # fmt: skip
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

    def sending(self, notice: dict[str, Any], fault: str) -> Callable[[], int]:
        if fault == "wrong-amount":  # genuine, and yet of another amount: a merchant must refuse it
            notice = notice | {"resource": json.dumps(spoilt(json.loads(notice["resource"])))}
        created = datetime.fromtimestamp(notice["created_at"], SHANGHAI).isoformat(timespec="seconds")
        headers, body = self.envelope(notice, created)
        if fault == "forge":  # somebody else's signature
            headers["Wechatpay-Signature"] = secrets.token_urlsafe(256)
        if fault == "signtest":  # WeChat's own probe: a merchant must refuse it
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
        return lambda: self._post(notice["url"], headers, body)

    def is_taken(self, answer: int) -> bool:
        return 200 <= answer < 300

    def answered(self, notice_id: str, words: str) -> None:
        self._store.run("UPDATE notices SET last_answer = ? WHERE id = ?", words, notice_id)
