"""Notices: signed form posts, repeated until the merchant answers with HTTP 200."""

import json
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import requests

from ... import notifier
from .keys import Keys
from .store import Store

Post = Callable[[str, str], int]  # (url, form body) -> the answer's status, 0 when there was none


def http_post(url: str, body: str) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    try:
        return requests.post(url, data=body.encode(), headers=headers, timeout=notifier.ANSWER_WITHIN).status_code
    except requests.RequestException:
        return 0


class Notifier(notifier.Notifier[int]):
    name = "unionpay"
    ladder = (60, 120, 240, 900)

    def __init__(self, store: Store, keys: Keys, clock: Callable[[], float], scale: Decimal, post: Post) -> None:
        super().__init__(store, clock, scale)
        self._keys, self._post = keys, post

    def tell(self, url: str, fields: dict[str, str]) -> str:
        """Queue a notice; answers its id, which only the stand-in knows."""
        notice_id = secrets.token_hex(16)
        self.queue(id=notice_id, url=url, fields=json.dumps(fields, ensure_ascii=False))
        return notice_id

    def fields(self, notice_id: str) -> dict[str, str]:
        """A notice's fields, signed."""
        notice = self._store.one("SELECT * FROM notices WHERE id = ?", notice_id)
        assert notice is not None
        return self._keys.signed(json.loads(notice["fields"]))

    def sending(self, notice: dict[str, Any], fault: str) -> Callable[[], int]:
        said = self.fields(notice["id"])
        if fault == "forge":
            said["signature"] = secrets.token_urlsafe(256)
        if fault == "wrong-amount":  # genuine, and yet of another amount: a merchant must refuse it
            said = self._keys.signed({**json.loads(notice["fields"]), "txnAmt": "1", "settleAmt": "1"})
        return lambda: self._post(notice["url"], urlencode(said))

    def is_taken(self, answer: int) -> bool:
        return answer == 200
