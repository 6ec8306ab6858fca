"""The HTTP side of the stand-in for the insurer's mobile payment centre, the patient's insurance code, and the controls.

Controls (JSON; the stand-in listens on loopback only):
    POST /_sandbox/plans                   {"id_no": ..., "insutype": "310", "fund_percent": 60, "personal_percent": 25}
    POST /_sandbox/faults                  {"place": "authorisation|6201|6202|6203|6301|6401|statement|settle|notify", "what": ...}
                                           what: refuse (502 before), busy, lose (done, answer lost), hang, badsign, no (a
                                           refusal), late (6202 and settle: paid, but told so only after `finish`),
                                           wrong-amount (a fen too much), other-order; for notify: skip, forge, repeat,
                                           wrong-amount, reorder
    POST /_sandbox/orders/<number>/finish  what was late is settled now
    POST /_sandbox/deliver                 sends every undelivered notice now
    GET  /_sandbox/state                   uploads, refunds and notices
`settle` is how WeChat's stand-in has the insurer's half of a mixed order settled.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import requests

from hospital.kit.money import parse_yuan

from ...wechat.sandbox.bills import SHANGHAI, yuan
from ...wechat.sandbox.mixed import Refused
from ...wechat.sandbox.phone import _STYLE
from ..client import PATHS
from ..wire import Side, Unreadable
from .store import Store

_VERBS = {path: verb for verb, path in PATHS.items()}
SUMS = ("total", "fund", "personal", "own")
Post = Callable[[dict[str, Any]], bool]  # one notice; was it taken?


class Refusal(Refused):
    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(code)


def wall(stamp: float) -> str:
    return f"{datetime.fromtimestamp(stamp, SHANGHAI):%Y%m%d%H%M%S}"


def http_post(url: str) -> Post:
    def post(message: dict[str, Any]) -> bool:
        try:
            return requests.post(url, json=message, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    return post


class Sandbox:
    """`side` signs as the centre; `clock` answers unix seconds; `post` delivers notices."""

    def __init__(
        self, state_dir: Path, side: Side, *, org: str, post: Post, clock: Callable[[], float] = time.time
    ) -> None:
        self.side, self.org, self.clock, self.post = side, org, clock, post
        self.store = Store(state_dir / "insurance.sqlite3")
        self._hang = threading.Event()

    def stop(self) -> None:
        self._hang.set()

    # --- WSGI ------------------------------------------------------------------------------------------------
    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        path = path[path.index("/", 1) :] if path.startswith("/insurance/") else path
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode() if length else ""
        extra: list[tuple[str, str]] = []
        if path.startswith("/_sandbox/"):
            status, kind, answer = self._control(environ["REQUEST_METHOD"], path, body)
        elif path == "/authorize":
            status, kind, answer, extra = self._consent_page(environ, body)
        else:
            status, kind, answer = self._call(path, body)
        headers = [("Content-Type", kind), ("Content-Length", str(len(answer))), *extra]
        start_response(f"{status} -", headers)
        return [answer]

    def _call(self, path: str, body: str) -> tuple[int, str, bytes]:
        verb = _VERBS.get(path, "")
        fault = self.store.fault(verb)
        what = fault["what"] if fault else ""
        if what == "refuse":
            return 502, "text/html", b"<html>502 Bad Gateway</html>"
        if what == "hang" and fault:
            self._hang.wait(fault["seconds"] or 30)
        outcome: dict[str, Any] = {"success": True, "code": "0", "message": "成功"}
        data: dict[str, Any] = {}
        try:
            asked = self.side.open(json.loads(body), now=self.clock())
            if asked.get("orgCodg") != self.org or json.loads(body).get("transType") != verb:
                raise Refusal("ORG_OR_TRANS", "机构编码或交易类型不符")
            if what in {"busy", "no"}:
                raise Refusal(
                    "SYSTEM_BUSY" if what == "busy" else "REFUSED", "系统繁忙" if what == "busy" else "不予受理"
                )
            data = self._answer(verb, asked, late=what == "late")
        except (Unreadable, ValueError) as error:
            outcome = {"success": False, "code": "SIGN_ERROR", "message": str(error)}
        except Refusal as refusal:
            outcome = {"success": False, "code": refusal.code, "message": refusal.message}
        if what == "lose":
            return 502, "text/html", b"<html>502 Bad Gateway</html>"
        if what == "wrong-amount" and "fundPay" in data:
            data["fundPay"] = yuan(parse_yuan(data["fundPay"]) + 1)
        if what == "other-order":
            data |= {"medOrgOrd": "P20991231000001", "payOrdId": "ORD000000", "appRefdSn": "R20991231000001"}
        sealed = self.side.seal(data, stamp=int(self.clock() * 1000), transType=verb, **outcome)
        if what == "badsign":
            sealed["signData"] = base64.b64encode(secrets.token_bytes(64)).decode()
        return 200, "application/json;charset=utf-8", json.dumps(sealed, ensure_ascii=False).encode()

    def _answer(self, verb: str, asked: dict[str, Any], *, late: bool) -> dict[str, Any]:
        match verb:
            case "authorisation":
                return self._consent(str(asked.get("authCode", "")))
            case "6201":
                return self._upload(asked)
            case "6202":
                row = self._known(asked)
                self.settle(row["pay_ord_id"], str(asked.get("payAuthNo", "")), cash=0, late=late)
                return self._told(self._row(row["pay_ord_id"]))
            case "6203":
                return self._refund(asked)
            case "6301":
                return self._told(self._known(asked))
            case "6401":
                return self._revoke(self._known(asked))
            case "statement":
                return self._statement(str(asked.get("stmtDate", "")))
        raise Refusal("NO_SUCH_TRANS", "交易不存在")

    # --- Consent ---------------------------------------------------------------------------------------------
    def consents(self, name: str, id_no: str) -> str:
        """The patient shows the insurance code; answers the code that the hospital trades in."""
        code = secrets.token_urlsafe(16)
        self.store.run(
            "INSERT INTO consents (code, pay_auth_no, name, id_no) VALUES (?, ?, ?, ?)",
            code, f"AUTH{wall(self.clock())}{self.store.count('consent'):08d}", name, id_no,
        )  # fmt: skip
        return code

    def _consent(self, code: str) -> dict[str, Any]:
        row = self.store.one("SELECT * FROM consents WHERE code = ?", code)
        if row is None:
            raise Refusal("AUTH_CODE", "授权码无效")
        return {"payAuthNo": row["pay_auth_no"], "userName": row["name"], "idNo": row["id_no"], "idType": "01"}

    def _consent_page(self, environ: dict[str, Any], body: str) -> tuple[int, str, bytes, list[tuple[str, str]]]:
        asked = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        back = asked.get("redirectUrl", "")
        if environ["REQUEST_METHOD"] == "POST" and back.startswith(("http://", "https://")):
            form = {name: values[0].strip() for name, values in parse_qs(body).items()}
            code = self.consents(form.get("name", ""), form.get("id_no", ""))
            return 302, "text/plain", b"", [("Location", f"{back}?{urlencode({'authCode': code})}")]
        page = (
            "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width, "
            f"initial-scale=1'><title>医保码（演示）</title><style>{_STYLE}input{{display:block;width:100%;box-sizing:border-box;"
            "font:inherit;padding:12px;margin:8px 0 16px;border:1px solid #8a8a8a;border-radius:8px}label{display:block;text-align:left}"
            "</style></head><body><main><h1>医保码授权</h1><p>医院请求使用您的医保结算本次费用</p><form method='post'>"
            "<label>参保人姓名<input name='name' required autocomplete='off'></label>"
            "<label>身份证号<input name='id_no' required autocomplete='off'></label><button>同意授权</button></form>"
            f"<p class='note'>演示环境，不会真的结算 · 机构 {html.escape(asked.get('orgCodg', ''))}</p></main></body></html>"
        )
        return 200, "text/html; charset=utf-8", page.encode(), []

    # --- Upload and settlement -------------------------------------------------------------------------------
    def _upload(self, asked: dict[str, Any]) -> dict[str, Any]:
        consent = self.store.one("SELECT * FROM consents WHERE pay_auth_no = ?", asked.get("payAuthNo", ""))
        if consent is None or (consent["id_no"], consent["name"]) != (asked.get("idNo"), asked.get("userName")):
            raise Refusal("AUTH_NO", "支付授权码与参保人不符")
        lines, total = asked.get("feedetailList") or [], parse_yuan(str(asked.get("medfeeSumamt", "")))
        added = sum(parse_yuan(one["detItemFeeSumamt"]) for one in lines)
        products = all(
            parse_yuan(one["pric"]) * int(one["cnt"]) == parse_yuan(one["detItemFeeSumamt"]) for one in lines
        )
        if not lines or total <= 0 or added != total or not products:
            raise Refusal("FEE_SUM", "费用明细合计与总金额不符")
        number = str(asked.get("medOrgOrd", ""))
        digest = hashlib.sha256(json.dumps([number, total, asked.get("idNo")]).encode()).hexdigest()
        known = self.store.one("SELECT * FROM uploads WHERE number = ?", number)
        if known is None:
            plan = self.store.one("SELECT * FROM plans WHERE id_no = ?", asked["idNo"]) or {
                "insutype": "310", "fund_percent": 60, "personal_percent": 25,
            }  # fmt: skip
            fund, personal = total * plan["fund_percent"] // 100, total * plan["personal_percent"] // 100
            now = self.clock()
            self.store.run(
                "INSERT INTO uploads (number, pay_ord_id, token, pay_auth_no, id_no, name, insutype, total, fund, personal, own, "
                "digest, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                number, f"ORD{wall(now)}{self.store.count('upload'):08d}", secrets.token_urlsafe(24), asked["payAuthNo"],
                asked["idNo"], asked["userName"], plan["insutype"], total, fund, personal, total - fund - personal, digest, now,
            )  # fmt: skip
            known = self.store.one("SELECT * FROM uploads WHERE number = ?", number)
        assert known is not None
        if known["digest"] != digest:
            raise Refusal("DUPLICATE", "医疗机构订单号重复")
        return self._told(known) | {"payToken": known["token"]}

    def _row(self, pay_ord_id: str) -> dict[str, Any]:
        row = self.store.one("SELECT * FROM uploads WHERE pay_ord_id = ?", pay_ord_id)
        if row is None:
            raise Refusal("ORDER_NOT_EXIST", "支付订单不存在")
        return row

    def _known(self, asked: dict[str, Any]) -> dict[str, Any]:
        row = self._row(str(asked.get("payOrdId", "")))
        if asked.get("payToken") != row["token"] or asked.get("idNo", row["id_no"]) != row["id_no"]:
            raise Refusal("TOKEN", "支付令牌或参保人不符")
        return row

    def _told(self, row: dict[str, Any]) -> dict[str, Any]:
        said = {
            "payOrdId": row["pay_ord_id"], "medOrgOrd": row["number"], "ordStas": row["state"], "insutype": row["insutype"],
            "feeSumamt": yuan(row["total"]), "fundPay": yuan(row["fund"]), "psnAcctPay": yuan(row["personal"]),
            "ownPayAmt": yuan(row["own"]), "callType": "02", "setlType": "ALL",
        }  # fmt: skip
        return said | ({"traceTime": wall(row["settled_at"])} if row["settled_at"] else {})

    def settle(self, pay_ord_id: str, pay_auth_no: str, *, cash: int, late: bool = False) -> None:
        """The insurer's half is settled; `cash` is what the patient pays beside it. Raises Refusal."""
        fault = self.store.fault("settle")
        if fault and fault["what"] == "no":
            raise Refusal("REFUSED", "医保结算失败")
        late = late or bool(fault and fault["what"] == "late")
        row = self._row(pay_ord_id)
        if row["pay_auth_no"] != pay_auth_no or row["own"] != cash:
            raise Refusal("AUTH_OR_CASH", "支付授权码或现金部分不符")
        done = self.store.run(
            "UPDATE uploads SET state = ?, settled_at = ? WHERE pay_ord_id = ? AND state IN ('1', '2')",
            "3" if late else "6", self.clock(), pay_ord_id,
        )  # fmt: skip
        if not done and row["state"] not in {"3", "6"}:
            raise Refusal("ORDER_OVER", "订单已撤销或已退款")
        if done and not late:
            self._tell(row["number"], "02")

    def finish(self, number: str) -> None:
        """What was late is settled now."""
        if self.store.run("UPDATE uploads SET state = '6' WHERE number = ? AND state = '3'", number):
            self._tell(number, "02")

    def _revoke(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["state"] in {"3", "6"}:
            raise Refusal("ORDERPAID", "订单已结算")
        self.store.run("UPDATE uploads SET state = '7' WHERE pay_ord_id = ? AND state IN ('1', '2')", row["pay_ord_id"])
        return {"payOrdId": row["pay_ord_id"], "success": True, "message": "已撤销"}

    def _refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        row, number = self._row(str(asked.get("payOrdId", ""))), str(asked.get("appRefdSn", ""))
        fund, personal = parse_yuan(asked["fundRefdAmt"]), parse_yuan(asked["psnAcctRefdAmt"])
        said = {"payOrdId": row["pay_ord_id"], "appRefdSn": number}
        known = self.store.one("SELECT * FROM refunds WHERE number = ?", number)
        if known is None:
            whole = (fund, personal) == (row["fund"], row["personal"]) and parse_yuan(
                asked["totlRefdAmt"]
            ) == fund + personal
            if asked.get("payAuthNo") != row["pay_auth_no"] or not whole or row["state"] != "6":
                return said | {"refStatus": "FAIL", "message": "金额、授权码或订单状态不符"}
            self.store.run(
                "INSERT INTO refunds VALUES (?, ?, ?, ?, ?)", number, row["pay_ord_id"], fund, personal, self.clock()
            )
            self.store.run("UPDATE uploads SET state = '9' WHERE pay_ord_id = ?", row["pay_ord_id"])
            known = self.store.one("SELECT * FROM refunds WHERE number = ?", number)
        assert known is not None
        if (known["pay_ord_id"], known["fund"], known["personal"]) != (row["pay_ord_id"], fund, personal):
            raise Refusal("DUPLICATE", "退款流水号重复")
        return said | {"refStatus": "SUCC", "refdTime": wall(known["done_at"])}

    # --- The statement ---------------------------------------------------------------------------------------
    def _statement(self, day: str) -> dict[str, Any]:
        start = datetime.strptime(day, "%Y%m%d").replace(tzinfo=SHANGHAI)
        if self.clock() < (start + timedelta(days=1)).timestamp():
            raise Refusal("STATEMENT_NOT_READY", "对账文件未生成")
        text = self.statement(start)
        if not text:
            raise Refusal("NO_STATEMENT", "当日无结算")
        return {"file": base64.b64encode(text.encode("utf-8-sig")).decode()}

    def statement(self, start: datetime) -> str:
        """The CSV of a day, "" for a day without movements."""
        span = (start.timestamp(), (start + timedelta(days=1)).timestamp())
        paid = self.store.all(
            "SELECT * FROM uploads WHERE settled_at >= ? AND settled_at < ? AND state IN ('6', '9')", *span
        )
        back = self.store.all("SELECT * FROM refunds WHERE done_at >= ? AND done_at < ?", *span)
        rows = [(row["settled_at"], "pay", row["pay_ord_id"], row, "") for row in paid]
        for refund in back:
            row = self._row(refund["pay_ord_id"])
            rows.append((refund["done_at"], "refund", refund["number"], row, row["pay_ord_id"]))
        if not rows:
            return ""
        lines = ["payOrdId,setlTime,medOrgOrd,trnsName,feeSumamt,fundPay,psnAcctPay,ownPayAmt,ordStas,oriSetlId"]
        for at, kind, pay_ord_id, row, original in sorted(rows, key=lambda one: one[0]):
            when = f"{datetime.fromtimestamp(at, SHANGHAI):%Y-%m-%d %H:%M:%S}"
            sums = ",".join(yuan(row[name]) for name in SUMS)
            lines.append(f"{pay_ord_id},{when},{row['number']},{kind},{sums},6,{original}")
        figures = [yuan(sum(row[name] for *_head, row, _original in rows)) for name in SUMS]
        return "\r\n".join([*lines, f"TOTAL,{len(rows)},{','.join(figures)}", ""])

    # --- Notices ---------------------------------------------------------------------------------------------
    def _tell(self, number: str, call_type: str) -> None:
        self.store.run(
            "INSERT INTO notices (number, call_type, created_at) VALUES (?, ?, ?)", number, call_type, self.clock()
        )

    def notice(self, number: str, call_type: str = "02", **changes: str) -> dict[str, Any]:
        """A notice as it is sent now, sealed and signed."""
        row = self.store.one("SELECT * FROM uploads WHERE number = ?", number)
        assert row is not None
        said = self._told(row) | {"callType": call_type, "revsToken": row["token"]} | changes
        return self.side.seal(said, stamp=int(self.clock() * 1000), transType="6302")

    def deliver_due(self) -> int:
        """Send every undelivered notice; answers how many were taken."""
        due = self.store.all("SELECT * FROM notices WHERE done_at IS NULL ORDER BY id")
        if self.store.fault("reorder"):
            due.reverse()
        taken = 0
        for one in due:
            fault = self.store.fault("notify")
            what = fault["what"] if fault else ""
            if what == "skip":
                continue
            message = self.notice(
                one["number"], one["call_type"], **({"fundPay": "0.01"} if what == "wrong-amount" else {})
            )
            if what == "forge":
                message["signData"] = base64.b64encode(secrets.token_bytes(64)).decode()
            was_taken = self.post(message)
            for _ in range(14 if what == "repeat" else 0):
                self.post(message)
            if was_taken:
                self.store.run("UPDATE notices SET done_at = ? WHERE id = ?", self.clock(), one["id"])
                taken += 1
        return taken

    # --- Controls --------------------------------------------------------------------------------------------
    def plan(self, id_no: str, *, insutype: str = "310", fund_percent: int, personal_percent: int) -> None:
        """How much the insurer pays for a person."""
        self.store.run(
            "INSERT OR REPLACE INTO plans VALUES (?, ?, ?, ?)", id_no, insutype, fund_percent, personal_percent
        )

    def _control(self, method: str, path: str, body: str) -> tuple[int, str, bytes]:
        data = json.loads(body) if body else {}
        answer: dict[str, Any] = {}
        match method, path.strip("/").split("/")[1:]:
            case "POST", ["plans"]:
                self.plan(**data)
            case "POST", ["faults"]:
                self.store.break_at(
                    data["place"], data["what"], times=data.get("times", 1), seconds=data.get("seconds", 0)
                )
            case "POST", ["orders", number, "finish"]:
                self.finish(number)
            case "POST", ["deliver"]:
                answer = {"taken": self.deliver_due()}
            case "GET", ["state"]:
                answer = {name: self.store.all(f"SELECT * FROM {name}") for name in ("uploads", "refunds", "notices")}  # noqa: S608
            case _:
                return 404, "application/json", b'{"code": "no-such-control"}'
        return 200, "application/json", json.dumps(answer or {"ok": True}, ensure_ascii=False).encode()
