"""The HTTP side of the stand-in: WeChat Pay's V3 routes, the payer's phone, and the controls.

Controls (JSON unless said otherwise; the stand-in listens on loopback only):
    GET  /_sandbox/pay/<prepay_id>          the phone: shows the order and the button; POST pays it (form)
    POST /_sandbox/orders/<number>/pay      {"at": unix seconds?, "total": fen?} pays it
    POST /_sandbox/orders/<number>/notify   sends the notice of a paid order once more
    POST /_sandbox/refunds/<number>/finish  {"status": "SUCCESS"|"ABNORMAL"|"CLOSED", "at": ...}
    POST /_sandbox/orders/<number>/refund   {"amount": fen} a refund made by hand in the merchant's console
    POST /_sandbox/faults                   {"place": "prepay|query|close|refund|bill|notify", "what": ..., "times": 1}
                                            what: refuse (500 before), lose (done, answer lost), hang, badsign,
                                            wrong-amount; for notify: skip, forge, signtest, repeat, wrong-amount;
                                            place reorder: the next round of notices goes out last first
                                            (places of medical insurance: mixed.py)
    POST /_sandbox/bills/<yyyy-mm-dd>/open  lets the bill of that day be fetched before its time
    POST /_sandbox/deliver                  sends every undelivered notice now
    GET  /_sandbox/state                    orders, refunds and notices
"""

import gzip
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ...controls import NoSuchControl, command
from . import bills
from .answers import Refusal, iso, spoilt
from .keys import Keys
from .mixed import MixedOrders
from .notifier import Notifier, Post, http_post
from .phone import page
from .store import Store

Environ = dict[str, Any]
REFUND_SECONDS = 20.0


class Sandbox:
    """`clock` answers unix seconds; `post` delivers notices; `scale` shortens every wait of the stand-in."""

    def __init__(
        self, state_dir: Path, keys: Keys, *, base_url: str, scale: float = 1.0, post: Post = http_post,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.keys, self.base_url, self.scale, self.clock = keys, base_url.rstrip("/"), scale, clock
        self.store = Store(state_dir / "wechatpay.sqlite3")
        self.notifier = Notifier(self.store, keys, clock, scale, post)
        self.notifier.before_round = self.finish_refunds
        self.mixed = MixedOrders(self)
        self._hang = threading.Event()

    def start(self) -> None:
        self.notifier.start()

    def stop(self) -> None:
        self._hang.set()
        self.notifier.stop()

    # --- WSGI ------------------------------------------------------------------------------------------------
    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        path = path.removeprefix(urlsplit(self.base_url).path)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode() if length else ""
        query = environ.get("QUERY_STRING", "")
        try:
            if path.startswith("/_sandbox/"):
                status, kind, answer, signed = *self._control(environ["REQUEST_METHOD"], path, query, body), False
            else:
                status, kind, answer, signed = self._api(environ, path, query, body)
        except Refusal as refusal:
            said = {"code": refusal.code, "message": refusal.message}
            status, kind, signed = refusal.status, "application/json; charset=utf-8", True
            answer = json.dumps(said, ensure_ascii=False).encode()
        headers = {"Content-Type": kind, "Request-ID": secrets.token_hex(16)}
        if signed:
            headers |= self.keys.signed_headers(answer.decode(), at=self.clock())
            if environ.get("sandbox.badsign"):
                headers["Wechatpay-Signature"] = self.keys.signed_headers("another body")["Wechatpay-Signature"]
        start_response(f"{status} -", [*headers.items(), ("Content-Length", str(len(answer)))])
        return [answer]

    def _api(self, environ: Environ, path: str, query: str, body: str) -> tuple[int, str, bytes, bool]:
        method = environ["REQUEST_METHOD"]
        signed_path = f"{path}?{query}" if query else path
        why = self.keys.refusal(environ.get("HTTP_AUTHORIZATION", ""), method, signed_path, body, at=self.clock())
        if why:
            raise Refusal(401, "SIGN_ERROR", why)
        fault = self.store.fault(self._place(method, path))
        what = fault["what"] if fault else ""
        if what == "refuse":
            raise Refusal(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
        if what == "hang" and fault:
            self._hang.wait(fault["seconds"] or 30)
        environ["sandbox.badsign"] = what == "badsign"
        status, answer, signed = self._route(method, path, parse_qs(query), json.loads(body) if body else {})
        if what == "lose":
            return 502, "text/html", b"<html>502 Bad Gateway</html>", False
        if isinstance(answer, bytes):
            return status, "text/plain", answer, signed
        if what == "wrong-amount" and answer:
            answer = spoilt(answer)
        text = json.dumps(answer, ensure_ascii=False) if answer is not None else ""
        return status, "application/json; charset=utf-8", text.encode(), True

    @staticmethod
    def _place(method: str, path: str) -> str:
        if path.endswith("/close"):
            return "close"
        if path.startswith("/v3/bill"):
            return "bill"
        if path.startswith("/v3/med-ins"):
            return MixedOrders.place(method, path)
        if path.startswith("/v3/refund"):
            return "refund" if method == "POST" else "query"
        return "prepay" if method == "POST" else "query"

    def _route(
        self, method: str, path: str, query: dict[str, list[str]], data: dict[str, Any]
    ) -> tuple[int, Any, bool]:
        match method, path.strip("/").split("/")[1:]:
            case "POST", ["pay", "transactions", ("jsapi" | "h5" | "native") as kind]:
                return 200, self._prepay(kind, data), True
            case "GET", ["pay", "transactions", "out-trade-no", number]:
                return 200, self._state_of(self._order("number", number)), True
            case "GET", ["pay", "transactions", "id", transaction_id]:
                return 200, self._state_of(self._order("transaction_id", transaction_id)), True
            case "POST", ["pay", "transactions", "out-trade-no", number, "close"]:
                self._close(number)
                return 204, None, True
            case "POST", ["refund", "domestic", "refunds"]:
                return 200, self._refund(data), True
            case "GET", ["refund", "domestic", "refunds", number]:
                return 200, self._refund_state(self._refund_row(number)), True
            case _, ["med-ins", *rest]:
                return self.mixed.route(method, rest, query, data)
            case "GET", ["bill", "tradebill"]:
                return 200, self._bill(query), True
            case "GET", ["billdownload", "file"]:
                return 200, self._download(query), False
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "接口不存在")

    # --- Orders ----------------------------------------------------------------------------------------------
    def _order(self, column: str, value: str) -> dict[str, Any]:
        assert column in {"number", "transaction_id", "prepay_id"}
        order = self.store.one(f"SELECT * FROM orders WHERE {column} = ?", value)  # noqa: S608 - own column names
        if order is None:
            raise Refusal(404, "ORDER_NOT_EXIST", "订单不存在")
        return order

    def _prepay(self, kind: str, data: dict[str, Any]) -> dict[str, str]:
        amount = data.get("amount") or {}
        total, number = amount.get("total"), str(data.get("out_trade_no", ""))
        if data.get("mchid") != self.keys.mchid or data.get("appid") != self.keys.appid:
            raise Refusal(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        if (
            not isinstance(total, int)
            or total <= 0
            or amount.get("currency", "CNY") != "CNY"
            or not 6 <= len(number) <= 32
        ):
            raise Refusal(400, "PARAM_ERROR", "参数错误")
        if not data.get("description") or not data.get("notify_url"):
            raise Refusal(400, "PARAM_ERROR", "缺少商品描述或通知地址")
        openid = (data.get("payer") or {}).get("openid", "")
        if kind == "jsapi" and not openid:
            raise Refusal(400, "PARAM_ERROR", "缺少openid")
        if kind == "h5" and not ((data.get("scene_info") or {}).get("payer_client_ip")):
            raise Refusal(400, "PARAM_ERROR", "缺少用户终端IP")
        ends = data.get("time_expire")
        expires = datetime.fromisoformat(ends).timestamp() if ends else self.clock() + 2 * 3600
        known = self.store.one("SELECT * FROM orders WHERE number = ?", number)
        if known is None:
            self.store.run(
                "INSERT INTO orders (number, description, attach, total, notify_url, expires, trade_type, openid, "
                "prepay_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                number, data["description"], data.get("attach", ""), total, data["notify_url"], expires,
                {"h5": "MWEB"}.get(kind, kind.upper()), openid, f"wx{secrets.token_hex(17)}", self.clock(),
            )  # fmt: skip
            known = self._order("number", number)
        elif known["total"] != total or known["description"] != data["description"]:
            raise Refusal(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        if known["state"] in {"SUCCESS", "REFUND"}:
            raise Refusal(400, "ORDERPAID", "该订单已支付")
        if known["state"] == "CLOSED":
            raise Refusal(400, "ORDER_CLOSED", "该订单已关闭")
        phone = f"{self.base_url}/_sandbox/pay/{known['prepay_id']}"
        return {"jsapi": {"prepay_id": known["prepay_id"]}, "h5": {"h5_url": phone}, "native": {"code_url": phone}}[
            kind
        ]

    def _state_of(self, order: dict[str, Any]) -> dict[str, Any]:
        said = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}
        state: dict[str, Any] = {
            "appid": self.keys.appid, "mchid": self.keys.mchid, "out_trade_no": order["number"], "attach": order["attach"],
            "trade_type": order["trade_type"], "trade_state": order["state"], "trade_state_desc": said[order["state"]],
            "amount": {"total": order["paid_total"] or order["total"], "currency": "CNY"},
        }  # fmt: skip
        if order["transaction_id"]:
            state |= {
                "transaction_id": order["transaction_id"], "bank_type": "OTHERS", "success_time": iso(order["success_at"]),
                "payer": {"openid": order["openid"] or "o-sandbox-payer"},
            }  # fmt: skip
            state["amount"] |= {"payer_total": state["amount"]["total"], "payer_currency": "CNY"}
        return state

    def pay(
        self, number: str, *, at: float | None = None, total: int | None = None, tell: bool = True
    ) -> dict[str, Any]:
        """The payer pays; a closed, expired or paid order takes no money."""
        now = self.clock() if at is None else at
        with self.store.open() as db:
            transaction = f"42000{self.store.count('transaction'):08d}{datetime.fromtimestamp(now, bills.SHANGHAI):%Y%m%d}{secrets.randbelow(10**7):07d}"
            done = db.execute(
                "UPDATE orders SET state = 'SUCCESS', transaction_id = ?, paid_total = coalesce(?, total), success_at = ?, "
                "openid = CASE openid WHEN '' THEN 'o-sandbox-payer' ELSE openid END "
                "WHERE number = ? AND state = 'NOTPAY' AND expires > ?",
                (transaction, total, now, number, now),
            ).rowcount  # fmt: skip
        order = self._order("number", number)
        if not done:
            raise Refusal(400, "ORDER_NOT_PAYABLE", "订单已支付、已关闭或已过期")
        if tell:
            self.tell_paid(order)
        return order

    def tell_paid(self, order: dict[str, Any]) -> str:
        return self.notifier.tell(
            url=order["notify_url"], event_type="TRANSACTION.SUCCESS", summary="支付成功", kind="transaction",
            resource=self._state_of(order),
        )  # fmt: skip

    def _close(self, number: str) -> None:
        order = self._order("number", number)
        if order["state"] in {"SUCCESS", "REFUND"}:
            raise Refusal(400, "ORDERPAID", "该订单已支付")
        if not self.store.run(
            "UPDATE orders SET state = 'CLOSED' WHERE number = ? AND state IN ('NOTPAY', 'CLOSED')", number
        ):
            raise Refusal(400, "ORDERPAID", "该订单已支付")

    # --- Refunds ---------------------------------------------------------------------------------------------
    def _refund_row(self, number: str) -> dict[str, Any]:
        self.finish_refunds()
        row = self.store.one("SELECT * FROM refunds WHERE number = ?", number)
        if row is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return row

    def _refund(self, data: dict[str, Any]) -> dict[str, Any]:
        amount, number = data.get("amount") or {}, str(data.get("out_refund_no", ""))
        back = amount.get("refund")
        if not number or not isinstance(back, int) or back <= 0 or amount.get("currency") != "CNY":
            raise Refusal(400, "PARAM_ERROR", "参数错误")
        by_id = data.get("transaction_id")
        order = self._order("transaction_id" if by_id else "number", by_id or str(data.get("out_trade_no", "")))
        with self.store.open() as db:
            known = db.execute("SELECT * FROM refunds WHERE number = ?", (number,)).fetchone()
            if known is not None:
                if known["amount"] != back or known["order_number"] != order["number"]:
                    raise Refusal(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
                return self._refund_state(dict(known))
            if order["state"] not in {"SUCCESS", "REFUND"} or amount.get("total") != order["paid_total"]:
                raise Refusal(400, "INVALID_REQUEST", "订单状态或订单金额不正确")
            gone = db.execute(
                "SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_number = ? AND status <> 'CLOSED'",
                (order["number"],),
            ).fetchone()[0]
            if gone + back > order["paid_total"]:
                raise Refusal(400, "INVALID_REQUEST", "累计退款金额大于支付金额")
            now = self.clock()
            refund_id = f"50300{self.store.count('refund'):08d}{datetime.fromtimestamp(now, bills.SHANGHAI):%Y%m%d}{secrets.randbelow(10**8):08d}"
            db.execute(
                "INSERT INTO refunds (number, refund_id, order_number, amount, reason, notify_url, created_at, finish_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (number, refund_id, order["number"], back, data.get("reason", ""), data.get("notify_url") or order["notify_url"],
                 now, now + REFUND_SECONDS * self.scale),
            )  # fmt: skip
            db.execute("UPDATE orders SET state = 'REFUND' WHERE number = ?", (order["number"],))
            made = db.execute("SELECT * FROM refunds WHERE number = ?", (number,)).fetchone()
        return self._refund_state(dict(made))

    def ring(self, number: str) -> str:
        """Send the notice of a paid order once more."""
        return self.tell_paid(self._order("number", number))

    def console_refund(self, number: str, amount: int) -> dict[str, Any]:
        """What a clerk does in the merchant's console: the hospital never asked for it, and is told of it."""
        order = self._order("number", number)
        own = f"CONSOLE{self.store.count('console'):010d}"
        self._refund(
            {"out_refund_no": own, "out_trade_no": number, "reason": "商户平台退款",
             "amount": {"refund": amount, "total": order["paid_total"], "currency": "CNY"}}
        )  # fmt: skip
        self.finish_refund(own)
        return self._refund_state(self._refund_row(own))

    def _refund_state(self, refund: dict[str, Any]) -> dict[str, Any]:
        order = self._order("number", refund["order_number"])
        state = {
            "refund_id": refund["refund_id"], "out_refund_no": refund["number"], "transaction_id": order["transaction_id"],
            "out_trade_no": order["number"], "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
            "create_time": iso(refund["created_at"]), "status": refund["status"], "funds_account": "AVAILABLE",
            "amount": {"total": order["paid_total"], "refund": refund["amount"], "payer_total": order["paid_total"],
                       "payer_refund": refund["amount"], "settlement_total": order["paid_total"],
                       "settlement_refund": refund["amount"], "discount_refund": 0, "currency": "CNY"},
        }  # fmt: skip
        if refund["success_at"]:
            state["success_time"] = iso(refund["success_at"])
        return state

    def finish_refunds(self) -> None:
        """Refunds take a while; then the payer has the money and the merchant is told."""
        due = "SELECT number FROM refunds WHERE status = 'PROCESSING' AND finish_at <= ?"
        for row in self.store.all(due, self.clock()):
            self.finish_refund(row["number"])

    def finish_refund(self, number: str, status: str = "SUCCESS", at: float | None = None) -> None:
        now = self.clock() if at is None else at
        moved = self.store.run(
            "UPDATE refunds SET status = ?, success_at = ? WHERE number = ? AND status = 'PROCESSING'",
            status, now if status == "SUCCESS" else None, number,
        )  # fmt: skip
        refund = self.store.one("SELECT * FROM refunds WHERE number = ?", number)
        if not moved or refund is None:
            return
        state = self._refund_state(refund)
        told = {
            name: state[name]
            for name in ("out_trade_no", "transaction_id", "out_refund_no", "refund_id", "user_received_account")
        }
        told |= {
            "mchid": self.keys.mchid,
            "refund_status": status,
            "amount": {name: state["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")},
        }
        if refund["success_at"]:
            told["success_time"] = iso(refund["success_at"])
        self.notifier.tell(
            url=refund["notify_url"], event_type=f"REFUND.{status}", summary="退款通知", kind="refund", resource=told
        )

    # --- Bills -----------------------------------------------------------------------------------------------
    def bill_rows(self, day: str) -> list[dict[str, str]]:
        """The lines of a day: payments by their success, refunds by their request (WeChat's own rule)."""
        start = datetime.fromisoformat(day).replace(tzinfo=bills.SHANGHAI)
        span = (start.timestamp(), (start + timedelta(days=1)).timestamp())
        us = {"appid": self.keys.appid, "mchid": self.keys.mchid}
        paid = "SELECT * FROM orders WHERE success_at >= ? AND success_at < ?"
        back = "SELECT * FROM refunds WHERE created_at >= ? AND created_at < ?"
        rows = [bills.pay_row(order, **us) for order in self.store.all(paid, *span)]
        for refund in self.store.all(back, *span):
            rows.append(bills.refund_row(refund, self._order("number", refund["order_number"]), **us))
        return sorted(rows, key=lambda row: row["交易时间"], reverse=True)

    def _bill(self, query: dict[str, list[str]]) -> dict[str, str]:
        day, kind = query["bill_date"][0], query.get("bill_type", ["ALL"])[0]
        self.finish_refunds()
        now = datetime.fromtimestamp(self.clock(), bills.SHANGHAI)
        ready = datetime.fromisoformat(day).replace(tzinfo=bills.SHANGHAI) + timedelta(days=1, hours=10)
        opened = self.store.one("SELECT 1 FROM bill_days WHERE day = ?", day)
        if not opened and day >= f"{now:%Y-%m-%d}":
            raise Refusal(400, "INVALID_REQUEST", "账单日期格式不正确或日期不在允许范围内")
        if not opened and now < ready:
            raise Refusal(400, "STATEMENT_CREATING", "账单生成中")
        rows = [row for row in self.bill_rows(day) if kind == "ALL" or row["交易状态"] == kind]
        if not rows:
            raise Refusal(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        body = bills.render(rows, {"SUCCESS": bills.SUCCESS, "REFUND": bills.REFUND}.get(kind))
        token = secrets.token_urlsafe(24)
        zipped = int(query.get("tar_type", [""])[0] == "GZIP")
        self.store.run("INSERT INTO bills VALUES (?, ?, ?, ?)", token, body, zipped, self.clock() + 300)
        url = f"{self.base_url}/v3/billdownload/file?token={token}"
        return {"hash_type": "SHA1", "hash_value": bills.sha1(body), "download_url": url}

    def _download(self, query: dict[str, list[str]]) -> bytes:
        bill = self.store.one("SELECT * FROM bills WHERE token = ? AND until > ?", query["token"][0], self.clock())
        if bill is None:
            raise Refusal(404, "NO_STATEMENT_EXIST", "下载链接已失效")
        body: bytes = bill["body"]
        return gzip.compress(body) if bill["zipped"] else body

    # --- The payer's phone and the controls ------------------------------------------------------------------
    def _control(self, method: str, path: str, query: str, body: str) -> tuple[int, str, bytes]:
        match method, path.strip("/").split("/")[1:]:
            case "GET", ["pay", prepay_id]:
                return self._phone(prepay_id, parse_qs(query).get("redirect_url", [""])[0])
            case "POST", ["pay", prepay_id]:
                order = self._order("prepay_id", prepay_id)
                if order["state"] == "NOTPAY" and order["expires"] > self.clock():
                    self.pay(order["number"])
                return self._phone(prepay_id, parse_qs(body).get("back", [""])[0])
            case _, ["mix", number]:
                return 200, "text/html; charset=utf-8", self.mixed.phone(method, number).encode()
        data = json.loads(body) if body else {}
        words = path.strip("/").split("/")[1:]
        match method, words:
            case "POST", ["refunds", number, "finish"]:
                answer: Any = {"ok": True}
                self.finish_refund(number, data.get("status", "SUCCESS"), data.get("at"))
            case _:
                try:
                    answer = command(self, method, words, data)
                except NoSuchControl:
                    raise Refusal(404, "RESOURCE_NOT_EXISTS", "no such control") from None
        return 200, "application/json; charset=utf-8", json.dumps(answer, ensure_ascii=False, default=str).encode()

    def break_at(self, place: str, what: str, *, times: int = 1, seconds: float = 0) -> None:
        """Make `times` faults of one kind at one place."""
        self.store.break_at(place, what, times=times, seconds=seconds)

    def _phone(self, prepay_id: str, back: str) -> tuple[int, str, bytes]:
        back = back if back.startswith(("http://", "https://")) else ""
        return (
            200,
            "text/html; charset=utf-8",
            page(self._order("prepay_id", prepay_id), back, now=self.clock()).encode(),
        )
