"""The HTTP side of the stand-in: Alipay's gateway, the payer's phone, and the controls.

Controls (JSON; the stand-in listens on loopback only):
    POST /_sandbox/orders/<number>/pay      {"at": unix seconds?, "total": fen?} pays a trade
    POST /_sandbox/orders/<number>/notify   sends the notice of its state once more
    POST /_sandbox/orders/<number>/refund   {"amount": fen} a refund made by hand in the merchant's console
    POST /_sandbox/faults                   {"place": "prepay|query|close|refund|bill|notify|reorder", "what": ..., "times": 1}
                                            what: refuse (502 before), busy (20000), lose (done, answer lost), hang,
                                            badsign, wrong-amount; for notify: skip, forge, repeat, wrong-amount;
                                            reorder: the next round of notices goes out last first
    POST /_sandbox/bills/<yyyy-mm-dd>/open  lets the bill of that day be fetched before its time
    POST /_sandbox/deliver                  sends every undelivered notice now
    GET  /_sandbox/state                    trades, refunds and notices
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hospital.kit.money import parse_yuan

from ...controls import NoSuchControl, command
from ...wechat.sandbox.bills import SHANGHAI, yuan
from . import bills
from .keys import Keys
from .notifier import Notifier, Post, http_post
from .phone import page
from .store import Store

_PLACES = {
    "alipay.trade.precreate": "prepay", "alipay.trade.query": "query", "alipay.trade.close": "close",
    "alipay.trade.refund": "refund", "alipay.trade.fastpay.refund.query": "query",
    "alipay.data.dataservice.bill.downloadurl.query": "bill",
}  # fmt: skip
_PAID = {"TRADE_SUCCESS", "TRADE_FINISHED"}


class Refusal(Exception):
    """A business answer of Alipay's that says no."""

    def __init__(self, sub_code: str, sub_msg: str, *, code: str = "40004") -> None:
        self.code, self.sub_code, self.sub_msg = code, sub_code, sub_msg
        super().__init__(sub_code)


def wall(stamp: float) -> str:
    return f"{datetime.fromtimestamp(stamp, SHANGHAI):%Y-%m-%d %H:%M:%S}"


class Sandbox:
    """`clock` answers unix seconds; `post` delivers notices; `scale` shortens every wait of the stand-in."""

    def __init__(
        self, state_dir: Path, keys: Keys, *, gateway: str, scale: Decimal = Decimal(1), post: Post = http_post,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.keys, self.scale, self.clock = keys, scale, clock
        self.base_url = gateway.rsplit("/", 1)[0]
        self.store = Store(state_dir / "alipay.sqlite3")
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
        if path == "/gateway.do":
            status, kind, answer = self._gateway(dict(parse_qsl(environ.get("QUERY_STRING", ""))))
        elif path.startswith("/bill/"):
            status, kind, answer = self._download(path.rsplit("/", 1)[1])
        else:
            status, kind, answer = self._control(environ["REQUEST_METHOD"], path, body)
        start_response(f"{status} -", [("Content-Type", kind), ("Content-Length", str(len(answer)))])
        return [answer]

    def _gateway(self, query: dict[str, str]) -> tuple[int, str, bytes]:
        method = query.get("method", "")
        fault = self.store.fault(_PLACES.get(method, "prepay"))
        what = fault["what"] if fault else ""
        if what == "refuse":
            return 502, "text/html", b"<html>502 Bad Gateway</html>"
        if what == "hang" and fault:
            self._hang.wait(fault["seconds"] or 30)
        try:
            if (
                query.get("app_id") != self.keys.app_id
                or query.get("sign_type") != "RSA2"
                or not self.keys.holds(query)
            ):
                raise Refusal("isv.invalid-signature", "验签出错", code="40002")
            sent = datetime.strptime(query["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).timestamp()
            if abs(sent - self.clock()) > 900:
                raise Refusal("isv.invalid-timestamp", "时间戳错误", code="40002")
            if what == "busy":
                raise Refusal("isp.unknow-error", "系统繁忙", code="20000")
            biz = json.loads(query.get("biz_content") or "{}")
            if method == "alipay.trade.wap.pay":
                return self._phone(self._made(query, biz)["token"])
            said = {"code": "10000", "msg": "Success"} | self._answer(method, query, biz)
        except Refusal as refusal:
            said = {
                "code": refusal.code,
                "msg": "Business Failed",
                "sub_code": refusal.sub_code,
                "sub_msg": refusal.sub_msg,
            }
        if what == "lose":
            return 502, "text/html", b"<html>502 Bad Gateway</html>"
        if what == "wrong-amount" and "total_amount" in said:
            said["total_amount"] = "0.01"
        inner = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        sign = self.keys.sign("another body" if what == "badsign" else inner)
        text = f'{{"{method.replace(".", "_")}_response":{inner},"sign":"{sign}"}}'
        return 200, "application/json;charset=utf-8", text.encode()

    def _answer(self, method: str, query: dict[str, str], biz: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "alipay.trade.precreate":
                order = self._made(query, biz)
                return {"out_trade_no": order["number"], "qr_code": order["phone_url"]}
            case "alipay.trade.query":
                return self._state_of(self._order(biz))
            case "alipay.trade.close":
                return self._close(self._order(biz))
            case "alipay.trade.refund":
                return self._refund(self._order(biz), biz)
            case "alipay.trade.fastpay.refund.query":
                return self._refund_state(self._order(biz), biz)
            case "alipay.data.dataservice.bill.downloadurl.query":
                return self._bill(biz)
        raise Refusal("isv.invalid-method", "不存在的方法名", code="40002")

    # --- Trades ----------------------------------------------------------------------------------------------
    def _order(self, biz: dict[str, Any]) -> dict[str, Any]:
        column, value = (
            ("trade_no", biz.get("trade_no")) if biz.get("trade_no") else ("number", biz.get("out_trade_no"))
        )
        order = self.store.one(f"SELECT * FROM orders WHERE {column} = ?", value)  # noqa: S608 - own column names
        if order is None:
            raise Refusal("ACQ.TRADE_NOT_EXIST", "交易不存在")
        if order["state"] == "WAIT_BUYER_PAY" and order["expires"] <= self.clock():
            self.store.run("UPDATE orders SET state = 'TRADE_CLOSED' WHERE number = ?", order["number"])
            order["state"] = "TRADE_CLOSED"
        return order

    def _made(self, query: dict[str, str], biz: dict[str, Any]) -> dict[str, Any]:
        number, subject = str(biz.get("out_trade_no", "")), str(biz.get("subject", ""))
        try:
            total = parse_yuan(str(biz.get("total_amount", "")))
        except ValueError as error:
            raise Refusal("ACQ.INVALID_PARAMETER", "参数无效") from error
        if total <= 0 or not 0 < len(number) <= 64 or not subject:
            raise Refusal("ACQ.INVALID_PARAMETER", "参数无效")
        known = self.store.one("SELECT * FROM orders WHERE number = ?", number)
        if known is None:
            ends = biz.get("time_expire")
            expires = (
                datetime.strptime(ends, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).timestamp()
                if ends
                else self.clock() + 2 * 3600
            )
            now, token = self.clock(), secrets.token_urlsafe(16)
            trade_no = f"{datetime.fromtimestamp(now, SHANGHAI):%Y%m%d}22001{self.store.count('trade'):015d}"
            self.store.run(
                "INSERT INTO orders (number, subject, total, notify_url, return_url, expires, trade_no, token, created_at, "
                "phone_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                number, subject, total, query.get("notify_url", ""), query.get("return_url", ""), expires, trade_no, token,
                now, f"{self.base_url}/_sandbox/pay/{token}",
            )  # fmt: skip
        elif known["total"] != total or known["subject"] != subject:
            raise Refusal("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        order = self._order({"out_trade_no": number})
        if order["state"] in _PAID:
            raise Refusal("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        if order["state"] == "TRADE_CLOSED":
            raise Refusal("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        return order

    def _state_of(self, order: dict[str, Any]) -> dict[str, Any]:
        said: dict[str, Any] = {
            "out_trade_no": order["number"], "trade_no": order["trade_no"], "trade_status": order["state"],
            "total_amount": yuan(order["paid_total"] or order["total"]), "buyer_logon_id": "138******00",
        }  # fmt: skip
        if order["success_at"]:
            said["send_pay_date"] = wall(order["success_at"])
        return said

    def pay(
        self, number: str, *, at: float | None = None, total: int | None = None, tell: bool = True
    ) -> dict[str, Any]:
        """The payer pays; `total` lets the channel's books say another amount."""
        order = self._order({"out_trade_no": number})
        now = self.clock() if at is None else at
        done = self.store.run(
            "UPDATE orders SET state = 'TRADE_SUCCESS', paid_total = coalesce(?, total), success_at = ? "
            "WHERE number = ? AND state = 'WAIT_BUYER_PAY'", total, now, number,
        )  # fmt: skip
        if not done:
            raise Refusal("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        order = self._order({"out_trade_no": number})
        if tell:
            self.tell(order)
        return order

    def tell(self, order: dict[str, Any], **more: str) -> str:
        fields = {
            "notify_type": "trade_status_sync", "app_id": self.keys.app_id, "auth_app_id": self.keys.app_id,
            "charset": "utf-8", "version": "1.0", "out_trade_no": order["number"], "trade_no": order["trade_no"],
            "seller_id": self.keys.seller_id, "trade_status": order["state"], "subject": order["subject"],
            "total_amount": yuan(order["paid_total"] or order["total"]), "gmt_create": wall(order["created_at"]),
        }  # fmt: skip
        if order["success_at"]:
            fields |= {
                "gmt_payment": wall(order["success_at"]), "receipt_amount": fields["total_amount"],
                "fund_bill_list": f'[{{"amount":"{fields["total_amount"]}","fundChannel":"ALIPAYACCOUNT"}}]',
            }  # fmt: skip
        return self.notifier.tell(order["notify_url"], fields | more)

    def _close(self, order: dict[str, Any]) -> dict[str, Any]:
        if not self.store.run(
            "UPDATE orders SET state = 'TRADE_CLOSED' WHERE number = ? AND state = 'WAIT_BUYER_PAY'", order["number"]
        ):
            raise Refusal("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态异常")
        return {"out_trade_no": order["number"], "trade_no": order["trade_no"]}

    # --- Refunds ---------------------------------------------------------------------------------------------
    def _refund(self, order: dict[str, Any], biz: dict[str, Any]) -> dict[str, Any]:
        number = str(biz.get("out_request_no") or order["number"])
        try:
            back = parse_yuan(str(biz.get("refund_amount", "")))
        except ValueError as error:
            raise Refusal("ACQ.INVALID_PARAMETER", "参数无效") from error
        with self.store.open() as db:
            known = db.execute("SELECT * FROM refunds WHERE number = ?", (number,)).fetchone()
            gone = db.execute(
                "SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_number = ?", (order["number"],)
            ).fetchone()[0]
            if known is not None:
                if known["amount"] != back or known["order_number"] != order["number"]:
                    raise Refusal("ACQ.REFUND_REQUEST_INCONSISTENT", "退款请求不一致")
                return self._refunded(order, gone, change="N")
            if not order["success_at"]:
                raise Refusal("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
            if back <= 0 or gone + back > order["paid_total"]:
                raise Refusal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
            db.execute(
                "INSERT INTO refunds VALUES (?, ?, ?, ?, ?)",
                (number, order["number"], back, biz.get("refund_reason", ""), self.clock()),
            )
            if gone + back == order["paid_total"]:
                db.execute("UPDATE orders SET state = 'TRADE_CLOSED' WHERE number = ?", (order["number"],))
        fresh = self._order({"out_trade_no": order["number"]})
        self.tell(fresh, refund_fee=yuan(gone + back), out_biz_no=number, gmt_refund=wall(self.clock()))
        return self._refunded(order, gone + back, change="Y")

    def _refunded(self, order: dict[str, Any], gone: int, *, change: str) -> dict[str, Any]:
        return {
            "trade_no": order["trade_no"], "out_trade_no": order["number"], "fund_change": change,
            "refund_fee": yuan(gone), "buyer_logon_id": "138******00",
        }  # fmt: skip

    def _refund_state(self, order: dict[str, Any], biz: dict[str, Any]) -> dict[str, Any]:
        """For a request that it has never heard of Alipay answers success with nothing in it."""
        number = str(biz.get("out_request_no", ""))
        refund = self.store.one("SELECT * FROM refunds WHERE number = ? AND order_number = ?", number, order["number"])
        if refund is None:
            return {}
        said = {
            "trade_no": order["trade_no"], "out_trade_no": order["number"], "out_request_no": number,
            "total_amount": yuan(order["paid_total"]), "refund_amount": yuan(refund["amount"]),
            "refund_status": "REFUND_SUCCESS",
        }  # fmt: skip
        if "gmt_refund_pay" in biz.get("query_options", []):
            said["gmt_refund_pay"] = wall(refund["success_at"])
        return said

    def ring(self, number: str) -> str:
        """Send the notice of an order's state once more."""
        return self.tell(self._order({"out_trade_no": number}))

    def console_refund(self, number: str, amount: int) -> dict[str, Any]:
        """What a clerk does in the merchant's console: the hospital never asked for it, and is told of it."""
        own = f"CONSOLE{self.store.count('console'):010d}"
        order = self._order({"out_trade_no": number})
        return self._refund(order, {"out_request_no": own, "refund_amount": yuan(amount)})

    # --- Bills -----------------------------------------------------------------------------------------------
    def bill_rows(self, day: datetime) -> list[dict[str, Any]]:
        """The lines of a day: payments and refunds by their own success."""
        span = (day.timestamp(), (day + timedelta(days=1)).timestamp())
        rows = [
            bills.row(one)
            for one in self.store.all("SELECT * FROM orders WHERE success_at >= ? AND success_at < ?", *span)
        ]
        for refund in self.store.all("SELECT * FROM refunds WHERE success_at >= ? AND success_at < ?", *span):
            rows.append(bills.row(self._order({"out_trade_no": refund["order_number"]}), refund))
        return sorted(rows, key=lambda one: one["done"])

    def _bill(self, biz: dict[str, Any]) -> dict[str, Any]:
        if biz.get("bill_type") != "trade":
            raise Refusal("isv.invalid_arguments", "账单类型错误")
        day = datetime.strptime(biz["bill_date"], "%Y-%m-%d").replace(tzinfo=SHANGHAI)
        now = datetime.fromtimestamp(self.clock(), SHANGHAI)
        opened = self.store.one("SELECT 1 FROM bill_days WHERE day = ?", biz["bill_date"])
        if not opened and now < day + timedelta(days=1, hours=9):
            raise Refusal("isp.bill_not_ready", "账单未生成")
        rows = self.bill_rows(day)
        if not rows:
            raise Refusal("isp.bill_not_exist", "账单不存在")
        token = secrets.token_urlsafe(24)
        body = bills.render(self.keys.seller_id, day, rows)
        self.store.run("INSERT INTO bills VALUES (?, ?, ?)", token, body, self.clock() + 30)
        return {"bill_download_url": f"{self.base_url}/bill/{token}"}

    def _download(self, token: str) -> tuple[int, str, bytes]:
        bill = self.store.one("SELECT * FROM bills WHERE token = ? AND until > ?", token, self.clock())
        return (200, "application/zip", bill["body"]) if bill else (404, "text/plain", b"expired")

    # --- The payer's phone and the controls ------------------------------------------------------------------
    def _phone(self, token: str) -> tuple[int, str, bytes]:
        order = self.store.one("SELECT * FROM orders WHERE token = ?", token)
        if order is None:
            return 404, "text/plain", b"no such trade"
        return 200, "text/html; charset=utf-8", page(order, now=self.clock()).encode()

    def _control(self, method: str, path: str, body: str) -> tuple[int, str, bytes]:
        parts = path.strip("/").split("/")[1:]
        try:
            match method, parts:
                case "GET", ["pay", token]:
                    return self._phone(token)
                case "POST", ["pay", token]:
                    order = self.store.one("SELECT * FROM orders WHERE token = ?", token)
                    if order and order["state"] == "WAIT_BUYER_PAY" and order["expires"] > self.clock():
                        self.pay(order["number"])
                    return self._phone(token)
            answer = command(self, method, parts, json.loads(body) if body else {})
        except NoSuchControl:
            return 404, "text/plain", b"no such control"
        except Refusal as refusal:
            return 400, "application/json", json.dumps({"code": refusal.sub_code}).encode()
        return 200, "application/json", json.dumps(answer, ensure_ascii=False, default=str).encode()
