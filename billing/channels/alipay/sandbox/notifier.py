"""Notices: form posts with an RSA2 signature, repeated on Alipay's ladder until the merchant answers `success`."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import requests

from ... import notifier
from ...wechat.sandbox.bills import SHANGHAI
from .keys import Keys
from .store import Store

Post = Callable[[str, str], str]  # (url, form body) -> the answer's body, "" when there was none


def http_post(url: str, body: str) -> str:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    try:
        return requests.post(url, data=body.encode(), headers=headers, timeout=notifier.ANSWER_WITHIN).text
    except requests.RequestException:
        return ""


class Notifier(notifier.Notifier[str]):
    name = "alipay"
    ladder = (240, 600, 600, 3600, 7200, 21600, 54000)  # 4m, 10m, 10m, 1h, 2h, 6h, 15h

    def __init__(self, store: Store, keys: Keys, clock: Callable[[], float], scale: Decimal, post: Post) -> None:
        super().__init__(store, clock, scale)
        self._keys, self._post = keys, post

    def tell(self, url: str, fields: dict[str, str]) -> str:
        """Queue a notice; answers its id."""
        notice_id = f"{datetime.fromtimestamp(self._clock(), SHANGHAI):%Y%m%d}{secrets.token_hex(13)}"
        self.queue(id=notice_id, url=url, fields=json.dumps(fields, ensure_ascii=False))
        return notice_id

    def fields(self, notice_id: str) -> dict[str, str]:
        """A notice's fields as they are sent now, signed."""
        notice = self._store.one("SELECT * FROM notices WHERE id = ?", notice_id)
        assert notice is not None
        sent = f"{datetime.fromtimestamp(self._clock(), SHANGHAI):%Y-%m-%d %H:%M:%S}"
        return self._keys.signed_notice(json.loads(notice["fields"]) | {"notify_id": notice_id, "notify_time": sent})

    def sending(self, notice: dict[str, Any], fault: str) -> Callable[[], str]:
        said = self.fields(notice["id"])
        if fault == "forge":
            said["sign"] = secrets.token_urlsafe(256)
        if fault == "wrong-amount":  # genuine, and yet of another amount: a merchant must refuse it
            said = self._keys.signed_notice(said | {"total_amount": "0.01"})
        return lambda: self._post(notice["url"], urlencode(said))

    def is_taken(self, answer: str) -> bool:
        return answer.strip() == "success"
