"""A stand-in for the platform of electronic medical receipts, for the demo, for drills and for tests.

It checks each request's keyed hash and its age, refuses a sheet that doesn't add up (PAY-14), answers a repeated number
as the first time, and takes a receipt back once. Mounted by `manage.py sandbox` under /invoice.

Controls: POST /_sandbox/faults {"what": refuse (502 before) | lose (done, answer lost) | no (a refusal) | wrong-amount,
"times": 1}; GET /_sandbox/state.
"""

import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from ..books import Books
from ..wechat.sandbox.bills import SHANGHAI
from .client import signature

WINDOW = 300


class Store(Books):
    schema = """
CREATE TABLE IF NOT EXISTS tickets (
  number TEXT PRIMARY KEY, kind TEXT, code TEXT, ticket TEXT, check_code TEXT, total INTEGER, issued_at TEXT, reversed_by TEXT);
"""


class Refusal(Exception):
    pass


def adds_up(sheet: dict[str, Any]) -> bool:
    """The two identities of PAY-14, and that the categories make the total."""
    paid, own = sheet["paid"], sheet["own"]
    return bool(
        sheet["total"] > 0
        and sum(one["amount"] for one in sheet["items_total"]) == sheet["total"]
        and paid["fund"] + paid["other"] + paid["account"] + paid["cash"] == sheet["total"]
        and own["self_pay"] + own["self_expense"] == paid["account"] + paid["cash"]
    )


class Sandbox:
    def __init__(self, state_dir: Path, *, app_id: str, api_key: str, clock: Callable[[], float] = time.time) -> None:
        self.app_id, self.api_key, self.clock = app_id, api_key, clock
        self.store = Store(state_dir / "invoice.sqlite3")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        status, answer = self._answer(environ, path.rsplit("/invoice", 1)[-1], body)
        text = json.dumps(answer, ensure_ascii=False).encode()
        start_response(f"{status} -", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]

    def _answer(self, environ: dict[str, Any], path: str, body: str) -> tuple[int, dict[str, Any]]:
        if path == "/_sandbox/faults":
            data = json.loads(body)
            self.store.break_at("invoice", data["what"], times=data.get("times", 1))
            return 200, {"ok": True}
        if path == "/_sandbox/state":
            return 200, {"tickets": self.store.all("SELECT * FROM tickets")}
        stamp, nonce = environ.get("HTTP_X_TIMESTAMP", ""), environ.get("HTTP_X_NONCE", "")
        wanted = signature(self.api_key, stamp, nonce, body)
        fresh = stamp.isdigit() and abs(self.clock() - int(stamp)) <= WINDOW
        genuine = hmac.compare_digest(wanted, environ.get("HTTP_X_SIGNATURE", ""))
        if environ.get("HTTP_X_APP_ID") != self.app_id or not fresh or not genuine:
            return 401, {"refused": "signature"}
        fault = self.store.fault("invoice")
        what = fault["what"] if fault else ""
        if what == "refuse":
            return 502, {}
        if what == "no":
            return 200, {"refused": "E0420", "message": "开票点未启用"}
        try:
            answer = self._issue(json.loads(body)) if path == "/issue" else self._write_off(json.loads(body))
        except Refusal as refusal:
            return 200, {"refused": str(refusal)}
        if what == "lose":
            return 502, {}
        return 200, answer | ({"total": answer["total"] + 1} if what == "wrong-amount" else {})

    def _issue(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not adds_up(asked["sheet"]):
            raise Refusal("E0101 sums")
        return self._once(asked["number"], "blue", asked["sheet"]["total"])

    def _write_off(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = self.store.one("SELECT * FROM tickets WHERE number = ?", asked["number"])
        if known is None:
            taken = self.store.run(
                "UPDATE tickets SET reversed_by = ? WHERE code = ? AND ticket = ? AND kind = 'blue' AND total = ? "
                "AND reversed_by IS NULL", asked["number"], asked["code"], asked["ticket"], asked["amount"],
            )  # fmt: skip
            if not taken:
                raise Refusal("E0202 nothing to take back")
        return self._once(asked["number"], "red", asked["amount"])

    def _once(self, number: str, kind: str, total: int) -> dict[str, Any]:
        known = self.store.one("SELECT * FROM tickets WHERE number = ?", number)
        if known is None:
            issued = datetime.fromtimestamp(self.clock(), SHANGHAI).isoformat(timespec="seconds")
            self.store.run(
                "INSERT INTO tickets (number, kind, code, ticket, check_code, total, issued_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                number, kind, "11060126", f"{self.store.count('ticket'):010d}", secrets.token_hex(3), total, issued,
            )  # fmt: skip
            known = self.store.one("SELECT * FROM tickets WHERE number = ?", number)
            assert known is not None
        if known["total"] != total or known["kind"] != kind:
            raise Refusal("E0303 the number was used for another receipt")
        return {name: known[name] for name in ("number", "code", "ticket", "check_code", "total", "issued_at")}


def make_app(state_dir: Path) -> Sandbox:
    """The WSGI application, with its books below `state_dir`."""
    from django.conf import settings

    return Sandbox(state_dir, app_id=settings.INVOICE_APP_ID, api_key=settings.INVOICE_API_KEY)
