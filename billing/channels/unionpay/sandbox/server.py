"""The HTTP side of the stand-in: UnionPay's gateway, the payer's phone, and the controls.

Controls (JSON; the stand-in listens on loopback only):
    POST /_sandbox/orders/<number>/pay      {"at": unix seconds?, "total": fen?} pays an order
    POST /_sandbox/orders/<number>/notify   sends the notice of its payment once more
    POST /_sandbox/orders/<number>/refund   {"amount": fen} a refund made by hand in the merchant's console
    POST /_sandbox/faults                   {"place": "prepay|query|refund|bill|notify|reorder", "what": ..., "times": 1}
                                            what: refuse (502 before), busy (06), lose (done, answer lost), hang,
                                            badsign, wrong-amount, undecided (accepted, and not decided yet);
                                            for notify: skip, forge, repeat, wrong-amount;
                                            reorder: the next round of notices goes out last first
    POST /_sandbox/bills/<yyyy-mm-dd>/open  lets the bill of that clearing day be fetched before its time
    POST /_sandbox/deliver                  sends every undelivered notice now
    POST /_sandbox/refunds/<number>/finish  {"state": "done|failed"} decides an undecided refund
    GET  /_sandbox/state                    orders, refunds and notices
"""

import base64
import json
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ...controls import NoSuchControl, command
from ...wechat.sandbox.bills import SHANGHAI
from . import bills
from .keys import Keys
from .notifier import Notifier, Post, http_post
from .phone import page
from .store import Store


class Refusal(Exception):
    """A business answer of UnionPay's that says no."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(code)


def _wall(stamp: float, form: str) -> str:
    return datetime.fromtimestamp(stamp, SHANGHAI).strftime(form)


class Sandbox:
    """`clock` answers unix seconds; `post` delivers notices; `scale` shortens every wait of the stand-in."""

    def __init__(
        self, state_dir: Path, keys: Keys, *, gateway: str, scale: Decimal = Decimal(1), post: Post = http_post,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.keys, self.scale, self.clock = keys, scale, clock
        self.base_url = gateway.split("/gateway/api")[0]
        self.store = Store(state_dir / "unionpay.sqlite3")
        self.notifier = Notifier(self.store, keys, clock, scale, post)
        self._hang = threading.Event()

    def start(self) -> None:
        self.notifier.start()

    def stop(self) -> None:
        self._hang.set()
        self.notifier.stop()

    # --- WSGI ------------------------------------------------------------------------------------------------
    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        path = path.removeprefix(urlsplit(self.base_url).path)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode() if length else ""
        form = dict(parse_qsl(body, keep_blank_values=True))
        if path == "/gateway/api/frontTransReq.do":
            status, kind, answer = self._front(form)
        elif path in {"/gateway/api/backTransReq.do", "/gateway/api/queryTrans.do", "/file/"}:
            status, kind, answer = self._back(path, form)
        else:
            status, kind, answer = self._control(environ["REQUEST_METHOD"], path, body)
        start_response(f"{status} -", [("Content-Type", kind), ("Content-Length", str(len(answer)))])
        return [answer]

    def _front(self, form: dict[str, str]) -> tuple[int, str, bytes]:
        """The payer's browser brings the order: it is known from now on."""
        try:
            self._proved(form)
            return self._phone(self._made(form)["token"])
        except Refusal as refusal:
            return 200, "text/html; charset=utf-8", f"<h1>{refusal.code} {refusal.message}</h1>".encode()

    def _proved(self, form: dict[str, str]) -> None:
        if form.get("version") != "5.1.0" or not self.keys.holds(form):
            raise Refusal("11", "验证签名失败[9100004]")
        if form.get("merId") != self.keys.mer_id:
            raise Refusal("31", "商户状态不正确[1000033]")

    def _back(self, path: str, form: dict[str, str]) -> tuple[int, str, bytes]:
        place = {"00": "query", "01": "prepay", "04": "refund", "76": "bill"}.get(form.get("txnType", ""), "prepay")
        fault = self.store.fault(place)
        what = fault["what"] if fault else ""
        if what == "refuse":
            return 502, "text/html", b"<html>502 Bad Gateway</html>"
        if what == "hang" and fault:
            self._hang.wait(fault["seconds"] or 30)
        echo: dict[str, str] = {
            name: form[name]
            for name in ("txnType", "txnSubType", "bizType", "accessType", "merId", "orderId", "txnTime", "settleDate")
            if name in form
        }
        try:
            self._proved(form)
            if what == "busy":
                raise Refusal("06", "系统繁忙，请稍后再试")
            said = {**echo, "respCode": "00", "respMsg": "成功[0000000]", **self._answer(path, form, what)}
        except Refusal as refusal:
            said = {**echo, "respCode": refusal.code, "respMsg": refusal.message}
        if what == "lose":
            return 502, "text/html", b"<html>502 Bad Gateway</html>"
        if what == "wrong-amount" and "txnAmt" in said:
            said["txnAmt"] = "1"
        signed = self.keys.signed(said)
        if what == "badsign":
            signed["signature"] = self.keys.signed({"another": "answer"})["signature"]
        # Not URL-encoded, as UnionPay answers.
        return 200, "text/html; charset=utf-8", "&".join(f"{name}={value}" for name, value in signed.items()).encode()

    def _answer(self, path: str, form: dict[str, str], what: str) -> dict[str, str]:
        kind = form.get("txnType", "")
        if path == "/file/" and kind == "76":
            return self._bill(form)
        if path.endswith("queryTrans.do") and kind == "00":
            return self._state_of(form)
        if path.endswith("backTransReq.do"):
            if kind == "01" and form.get("txnSubType") == "07":
                if self.store.one("SELECT 1 FROM orders WHERE number = ?", form.get("orderId", "")):
                    raise Refusal("12", "重复交易")
                return {"qrCode": self._made(form)["phone_url"]}
            if kind == "04":
                return self._refund(form, "undecided" if what == "undecided" else "done")
        raise Refusal("10", "报文格式错误")

    # --- Payments --------------------------------------------------------------------------------------------
    def _order(self, number: str) -> dict[str, Any]:
        order = self.store.one("SELECT * FROM orders WHERE number = ?", number)
        if order is None:
            raise Refusal("34", "查无此交易[2600000]")
        return order

    def _numbers(self, now: float) -> tuple[str, str]:
        count = self.store.count("trace")
        return f"81{_wall(now, '%y%m%d%H%M%S')}{count:07d}", f"{count % 1_000_000:06d}"

    def _made(self, form: dict[str, str]) -> dict[str, Any]:
        number, amount = form.get("orderId", ""), form.get("txnAmt", "")
        if not (number.isalnum() and 8 <= len(number) <= 40) or not amount.isdigit() or not int(amount):
            raise Refusal("13", "报文交易要素缺失[9100003]")
        if form.get("currencyCode") != "156" or not form.get("backUrl"):
            raise Refusal("13", "报文交易要素缺失[9100003]")
        known = self.store.one("SELECT * FROM orders WHERE number = ?", number)
        if known is None:
            now, token = self.clock(), secrets.token_urlsafe(16)
            ends = form.get("payTimeout")
            expires = (
                datetime.strptime(ends, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI).timestamp() if ends else now + 7200
            )
            query_id, trace = self._numbers(now)
            self.store.run(
                "INSERT INTO orders (number, txn_time, title, total, sub, biz, back_url, front_url, expires, query_id, trace, "
                "token, created_at, phone_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                number, form.get("txnTime", ""), form.get("orderDesc", ""), int(amount), form.get("txnSubType", ""),
                form.get("bizType", ""), form["backUrl"], form.get("frontUrl", ""), expires, query_id, trace, token, now,
                f"{self.base_url}/_sandbox/pay/{token}",
            )  # fmt: skip
        elif (known["total"], known["txn_time"]) != (int(amount), form.get("txnTime", "")):
            raise Refusal("12", "重复交易")
        return self._order(number)

    def pay(
        self, number: str, *, at: float | None = None, total: int | None = None, tell: bool = True
    ) -> dict[str, Any]:
        """The payer pays; `total` lets the channel's books say another amount."""
        now = self.clock() if at is None else at
        done = self.store.run(
            "UPDATE orders SET state = 'paid', paid_total = coalesce(?, total), success_at = ? "
            "WHERE number = ? AND state = 'waiting' AND expires > ?", total, now, number, self.clock(),
        )  # fmt: skip
        if not done:
            raise Refusal("30", "交易未通过")
        order = self._order(number)
        if tell:
            self.tell(order)
        return order

    def said_of(self, order: dict[str, Any]) -> dict[str, str]:
        """What notices, the returning browser and answers say of a payment."""
        at = order["success_at"]
        return {
            "txnType": "01", "txnSubType": order["sub"], "bizType": order["biz"], "accessType": "0",
            "merId": self.keys.mer_id, "orderId": order["number"], "txnTime": order["txn_time"], "currencyCode": "156",
            "txnAmt": str(order["paid_total"]), "settleAmt": str(order["paid_total"]), "settleCurrencyCode": "156",
            "settleDate": _wall(at, "%m%d"), "traceNo": order["trace"], "traceTime": _wall(at, "%m%d%H%M%S"),
            "queryId": order["query_id"], "accNo": "6217********0018", "respCode": "00", "respMsg": "成功[0000000]",
        }  # fmt: skip

    def tell(self, order: dict[str, Any], **more: str) -> str:
        return self.notifier.tell(order["back_url"], self.said_of(order) | more)

    def _state_of(self, form: dict[str, str]) -> dict[str, str]:
        """By number and time together; of a payment that wasn't made yet: undecided."""
        number, sent = form.get("orderId", ""), form.get("txnTime", "")
        refund = self.store.one("SELECT * FROM refunds WHERE number = ? AND txn_time = ?", number, sent)
        if refund is not None:
            code = {"done": "00", "undecided": "05", "failed": "01"}[refund["state"]]
            return self._said_of_refund(refund) | {
                "txnType": "00", "origRespCode": code, "origRespMsg": "成功[0000000]",
            }  # fmt: skip
        order = self._order(number)
        if order["txn_time"] != sent:
            raise Refusal("34", "查无此交易[2600000]")
        if not order["success_at"]:
            return {"origRespCode": "05" if order["expires"] > self.clock() else "01", "origRespMsg": "交易未完成"}
        return self.said_of(order) | {"txnType": "00", "origRespCode": "00", "origRespMsg": "成功[0000000]"}

    # --- Refunds ---------------------------------------------------------------------------------------------
    def _refund(self, form: dict[str, str], state: str) -> dict[str, str]:
        number, amount = form.get("orderId", ""), form.get("txnAmt", "")
        order = self.store.one("SELECT * FROM orders WHERE query_id = ?", form.get("origQryId", ""))
        if order is None or not order["success_at"]:
            raise Refusal("34", "查无此交易[2600000]")
        now = self.clock()
        query_id, trace = self._numbers(now)
        with self.store.open() as db:
            if db.execute("SELECT 1 FROM refunds WHERE number = ?", (number,)).fetchone():
                raise Refusal("12", "重复交易")
            gone = db.execute(
                "SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_number = ? AND state <> 'failed'",
                (order["number"],),
            ).fetchone()[0]
            if not amount.isdigit() or not int(amount) or gone + int(amount) > order["paid_total"]:
                raise Refusal("36", "交易金额超限")
            db.execute(
                "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (number, form.get("txnTime", ""), order["number"], query_id, trace, int(amount), form.get("backUrl", ""),
                 now, state),
            )  # fmt: skip
        refund = self.store.one("SELECT * FROM refunds WHERE number = ?", number)
        assert refund is not None
        if refund["back_url"] and state == "done":
            self.notifier.tell(refund["back_url"], self._said_of_refund(refund))
        return {"queryId": query_id, "origQryId": order["query_id"], "txnAmt": amount}

    def _said_of_refund(self, refund: dict[str, Any]) -> dict[str, str]:
        order, at = self._order(refund["order_number"]), refund["success_at"]
        return {
            "txnType": "04", "txnSubType": "00", "bizType": order["biz"], "accessType": "0", "merId": self.keys.mer_id,
            "orderId": refund["number"], "txnTime": refund["txn_time"], "currencyCode": "156",
            "txnAmt": str(refund["amount"]), "settleAmt": str(refund["amount"]), "settleCurrencyCode": "156",
            "settleDate": _wall(at, "%m%d"), "traceNo": refund["trace"], "traceTime": _wall(at, "%m%d%H%M%S"),
            "queryId": refund["query_id"], "origQryId": order["query_id"],
            "respCode": "01" if refund["state"] == "failed" else "00", "respMsg": "成功[0000000]",
        }  # fmt: skip

    def finish_refund(self, number: str, state: str = "done") -> None:
        """An undecided refund is decided now, and told."""
        self.store.run(
            "UPDATE refunds SET state = ?, success_at = ? WHERE number = ? AND state = 'undecided'",
            state, self.clock(), number,
        )  # fmt: skip
        refund = self.store.one("SELECT * FROM refunds WHERE number = ?", number)
        if refund and refund["back_url"]:
            self.notifier.tell(refund["back_url"], self._said_of_refund(refund))

    def ring(self, number: str) -> str:
        """Send the notice of an order's state once more."""
        return self.tell(self._order(number))

    def console_refund(self, number: str, amount: int) -> dict[str, str]:
        """What a clerk does in the merchant's console: the hospital never asked for it, and isn't told of it."""
        own = f"CONSOLE{self.store.count('console'):010d}"
        order = self._order(number)
        return self._refund({"orderId": own, "txnAmt": str(amount), "origQryId": order["query_id"]}, "done")

    # --- Bills -----------------------------------------------------------------------------------------------
    def bill_lines(self, day: datetime) -> list[bytes]:
        """The lines of a clearing day, which begins at 23:00 of the evening before."""
        start = day - timedelta(hours=1)
        span = (start.timestamp(), (start + timedelta(days=1)).timestamp())
        rows = [
            (one["success_at"], bills.line(self.keys.mer_id, one))
            for one in self.store.all("SELECT * FROM orders WHERE success_at >= ? AND success_at < ?", *span)
        ]
        done = "SELECT * FROM refunds WHERE state = 'done' AND success_at >= ? AND success_at < ?"
        for refund in self.store.all(done, *span):
            rows.append(
                (refund["success_at"], bills.line(self.keys.mer_id, self._order(refund["order_number"]), refund))
            )
        return [line for _at, line in sorted(rows)]

    def _bill(self, form: dict[str, str]) -> dict[str, str]:
        now = datetime.fromtimestamp(self.clock(), SHANGHAI)
        month_day = form.get("settleDate", "")
        newest = now + timedelta(hours=1)  # after 23:00 tomorrow's clearing day has begun
        year = newest.year - (month_day > f"{newest:%m%d}")
        day = datetime.strptime(f"{year}{month_day}", "%Y%m%d").replace(tzinfo=SHANGHAI)
        opened = self.store.one("SELECT 1 FROM bill_days WHERE day = ?", f"{day:%Y-%m-%d}")
        lines = self.bill_lines(day) if opened or now >= day + timedelta(days=1, hours=9) else []
        if not lines:
            raise Refusal("98", "文件不存在")
        name, raw = bills.render(self.keys.mer_id, day, lines)
        return {"fileName": name, "fileContent": base64.b64encode(zlib.compress(raw)).decode()}

    # --- The payer's phone and the controls ------------------------------------------------------------------
    def _phone(self, token: str) -> tuple[int, str, bytes]:
        order = self.store.one("SELECT * FROM orders WHERE token = ?", token)
        if order is None:
            return 404, "text/plain", b"no such order"
        back = self.keys.signed(self.said_of(order)) if order["success_at"] else None
        return 200, "text/html; charset=utf-8", page(order, back, now=self.clock()).encode()

    def _control(self, method: str, path: str, body: str) -> tuple[int, str, bytes]:
        parts = path.strip("/").split("/")[1:]
        try:
            match method, parts:
                case "GET", ["pay", token]:
                    return self._phone(token)
                case "POST", ["pay", token]:
                    order = self.store.one("SELECT * FROM orders WHERE token = ?", token)
                    if order and order["state"] == "waiting" and order["expires"] > self.clock():
                        self.pay(order["number"])
                    return self._phone(token)
            data = json.loads(body) if body else {}
            match method, parts:
                case "POST", ["refunds", number, "finish"]:
                    answer: Any = {"ok": True}
                    self.finish_refund(number, data.get("state", "done"))
                case _:
                    answer = command(self, method, parts, data)
        except NoSuchControl:
            return 404, "text/plain", b"no such control"
        except Refusal as refusal:
            return 400, "application/json", json.dumps({"code": refusal.code}).encode()
        return 200, "application/json", json.dumps(answer, ensure_ascii=False, default=str).encode()
