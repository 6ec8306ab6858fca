"""Medical-insurance payment in the stand-in for WeChat Pay: mixed orders, checked field by field and identity by identity.

Controls beside those of server.py: GET/POST /_sandbox/mix/<mix_trade_no> is the payer's phone. Places of faults: `med-order`,
`med-query`, `med-refund` take what the others take, med-query also wrong-amount; `mix` spoils the payment itself: half-cash
(the patient pays, the insurer refuses, the money stays), half-insurer (the other way round), forget (both paid, no notice).
"""

import base64
import html
import json
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from .answers import Refusal, iso
from .bills import yuan
from .phone import _STYLE

if TYPE_CHECKING:
    from .server import Sandbox

SCHEMA = """
CREATE TABLE IF NOT EXISTS mixed (
  number TEXT PRIMARY KEY, mix_trade_no TEXT UNIQUE, body TEXT, state TEXT DEFAULT 'MIX_PAY_CREATED', cash_state TEXT,
  insurer_state TEXT DEFAULT 'MED_INS_PAY_CREATED', paid_at REAL, created_at REAL);
CREATE TABLE IF NOT EXISTS mixed_refunds (number TEXT, mix_trade_no TEXT, total INTEGER, PRIMARY KEY (number, mix_trade_no));
"""
FEES = (
    "total_fee",
    "med_ins_gov_fee",
    "med_ins_self_fee",
    "med_ins_other_fee",
    "med_ins_cash_fee",
    "wechat_pay_cash_fee",
)
_ALWAYS = (
    "appid",
    "openid",
    "payer",
    "out_trade_no",
    "serial_no",
    "city_id",
    "med_inst_name",
    "med_inst_no",
    "callback_url",
)
_INSURED = ("pay_order_id", "pay_auth_no", "geo_location", "med_ins_order_create_time")
_ORDER_TYPES = {"REG_PAY", "DIAG_PAY", "IN_HOSP_PAY", "INT_REG_PAY", "INT_RE_DIAG_PAY", "INT_RX_PAY"}


class Insurer(Protocol):
    """The insurer's centre as WeChat meets it."""

    def settle(self, pay_ord_id: str, pay_auth_no: str, *, cash: int) -> None: ...


class Refused(Exception):
    """The insurer doesn't settle it; its stand-in's refusals are these."""


def flawed(why: str) -> Refusal:
    """An order that breaks a rule of the interface."""
    return Refusal(400, "PARAM_ERROR", why)


def added(details: Any, name: str) -> int:
    return sum(int(one[name]) for one in details or [])


def flaw_of(body: dict[str, Any]) -> str:
    """Which rule of the interface an order breaks; empty when it keeps them all (data/README 1.3)."""
    if missing := [name for name in _ALWAYS if not body.get(name)]:
        return f"缺少 {missing[0]}"
    if body.get("order_type") not in _ORDER_TYPES:
        return "order_type"
    fees = [body.get(name, 0) for name in FEES]
    if any(type(fee) is not int or fee < 0 for fee in fees):
        return "金额必须是以分为单位的非负整数"
    total, gov, own, other, cash, wechat = fees
    adds, cuts = (
        added(body.get("cash_add_detail"), "cash_add_fee"),
        added(body.get("cash_reduce_detail"), "cash_reduce_fee"),
    )
    kind, insured, prepaid = (
        body.get("mix_pay_type"),
        [name for name in _INSURED if body.get(name)],
        bool(body.get("prepay_id")),
    )
    if kind == "CASH_ONLY" and (insured or not prepaid or not wechat):
        return "纯自费订单的字段不符"
    if kind in {"INSURANCE_ONLY", "CASH_AND_INSURANCE"} and len(insured) != len(_INSURED):
        return "缺少医保下单字段"
    if kind == "INSURANCE_ONLY" and (prepaid or wechat):
        return "纯医保订单不能有自费预下单"
    if kind == "CASH_AND_INSURANCE" and not (prepaid and wechat):
        return "混合订单缺少自费预下单"
    if kind not in {"CASH_ONLY", "INSURANCE_ONLY", "CASH_AND_INSURANCE"}:
        return "mix_pay_type"
    if (
        total != gov + own + other + cash + adds
        or total != gov + own + other + wechat + cuts
        or wechat != cash + adds - cuts
    ):
        return "金额勾稽关系不成立"
    return "" if bool(body.get("relative")) == bool(body.get("pay_for_relatives")) else "代亲属支付的字段不符"


class MixedOrders:
    """The mixed orders in the books of the stand-in."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self.sandbox, self.store = sandbox, sandbox.store
        self.insurer: Insurer | None = None
        with self.store.open() as db:
            db.executescript(SCHEMA)

    def _plain(self, secret: str) -> str:
        """What the hospital encrypted for the platform's eyes only."""
        padding = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - the interface's own
        return self.sandbox.keys._platform.decrypt(base64.b64decode(secret), padding).decode()

    @staticmethod
    def place(method: str, path: str) -> str:
        """Where a fault of this interface is made."""
        return "med-query" if method == "GET" else "med-refund" if path.endswith("notify") else "med-order"

    def route(
        self, method: str, parts: list[str], query: dict[str, list[str]], data: dict[str, Any]
    ) -> tuple[int, Any, bool]:
        match method, parts:
            case "POST", ["orders"]:
                return 200, self.create(data), True
            case "GET", ["orders", "out-trade-no", number]:
                return 200, self.told(self.row("number", number)), True
            case "POST", ["refunds", "notify"]:
                self.refunded(query.get("mix_trade_no", [""])[0], data)
                return 204, None, True
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "接口不存在")

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        if flaw := flaw_of(body):
            raise flawed(flaw)
        persons = [body["payer"], *([body["relative"]] if body.get("relative") else [])]
        try:
            digests = [self._plain(one["id_digest"]) for one in persons]
            [self._plain(one["name"]) for one in persons]
        except (KeyError, ValueError) as error:
            raise flawed("姓名或证件摘要不能解密") from error
        if any(len(digest) != 32 or digest != digest.lower() for digest in digests):
            raise flawed("id_digest")
        if body.get("prepay_id"):
            half = self.store.one("SELECT * FROM orders WHERE prepay_id = ?", body["prepay_id"])
            if half is None or half["total"] != body["wechat_pay_cash_fee"]:
                raise flawed("自费预下单与现金部分不符")
        known = self.store.one("SELECT * FROM mixed WHERE number = ?", body["out_trade_no"])
        if known is None:
            self.store.run(
                "INSERT INTO mixed (number, mix_trade_no, body, cash_state, created_at) VALUES (?, ?, ?, ?, ?)",
                body["out_trade_no"], f"12175{self.store.count('mixed'):027d}", json.dumps(body),
                "SELF_PAY_CREATED" if body.get("prepay_id") else "NO_SELF_PAY", self.sandbox.clock(),
            )  # fmt: skip
        elif any(json.loads(known["body"]).get(name) != body.get(name) for name in (*FEES, "pay_order_id")):
            raise flawed("商户订单号重复")
        return self.told(self.row("number", body["out_trade_no"]))

    def row(self, column: str, value: str) -> dict[str, Any]:
        row = self.store.one(f"SELECT * FROM mixed WHERE {column} = ?", value)  # noqa: S608 - own column names
        if row is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        return row | {"body": json.loads(row["body"])}

    def told(self, row: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in row["body"].items() if name not in {"payer", "relative"}}
        said = kept | {
            "mix_trade_no": row["mix_trade_no"], "mix_pay_status": row["state"], "self_pay_status": row["cash_state"],
            "med_ins_pay_status": row["insurer_state"],
        }  # fmt: skip
        if row["insurer_state"] == "MED_INS_PAY_FAIL":
            said["med_ins_fail_reason"] = "医保结算失败"
        return said | ({"paid_time": iso(row["paid_at"])} if row["paid_at"] else {})

    def pay(self, mix_trade_no: str, *, tell: bool = True) -> dict[str, Any]:
        """One password for both halves: the insurer first; the patient's money only when the insurer has settled."""
        row = self.row("mix_trade_no", mix_trade_no)
        if row["state"] != "MIX_PAY_CREATED":
            return row
        fault = self.store.fault("mix")
        what, cash = (fault["what"] if fault else ""), row["body"]["wechat_pay_cash_fee"]
        insured = what != "half-cash" and self._insured(row)
        paid = what != "half-insurer" and (insured or what == "half-cash") and self._cash(row, cash)
        both = bool(insured) and (paid or not cash)
        now = self.sandbox.clock()
        self.store.run(
            "UPDATE mixed SET state = ?, insurer_state = ?, cash_state = ?, paid_at = ? WHERE mix_trade_no = ?",
            "MIX_PAY_SUCCESS" if both else "MIX_PAY_FAIL", f"MED_INS_PAY_{'SUCCESS' if insured else 'FAIL'}",
            f"SELF_PAY_{'SUCCESS' if paid else 'FAIL'}" if cash else "NO_SELF_PAY", now if both else None, mix_trade_no,
        )  # fmt: skip
        row = self.row("mix_trade_no", mix_trade_no)
        if both and tell and what != "forget":
            self.tell(row)
        return row

    def _insured(self, row: dict[str, Any]) -> bool:
        body = row["body"]
        if self.insurer is None:
            return False
        try:
            self.insurer.settle(body["pay_order_id"], body["pay_auth_no"], cash=body["med_ins_cash_fee"])
        except Refused:
            return False
        return True

    def _cash(self, row: dict[str, Any], cash: int) -> bool:
        if not cash:
            return False
        try:
            self.sandbox.pay(row["number"], tell=False)
        except Refusal:
            return False
        return True

    def tell(self, row: dict[str, Any], **changes: Any) -> str:
        said = self.told(row) | {"mchid": self.sandbox.keys.mchid} | changes
        return self.sandbox.notifier.tell(
            url=row["body"]["callback_url"], event_type="MEDICAL_INSURANCE.SUCCESS", summary="医保混合收款成功",
            kind="medical_insurance", resource=said,
        )  # fmt: skip

    def refunded(self, mix_trade_no: str, body: dict[str, Any]) -> None:
        """The hospital says that the insurer's half went back."""
        row = self.row("mix_trade_no", mix_trade_no)
        parts = [body.get(f"med_refund_{name}_fee", 0) for name in ("gov", "self", "other")]
        kept = row["body"]
        if body.get("med_refund_total_fee") != sum(parts) or sum(parts) > kept["total_fee"] - kept["med_ins_cash_fee"]:
            raise flawed("退款金额不符")
        self.store.run(
            "INSERT OR IGNORE INTO mixed_refunds VALUES (?, ?, ?)", body["out_refund_no"], mix_trade_no, sum(parts)
        )
        self.store.run(
            "UPDATE mixed SET state = 'MIX_PAY_REFUND', insurer_state = 'MED_INS_PAY_REFUND' WHERE mix_trade_no = ?",
            mix_trade_no,
        )

    def phone(self, method: str, mix_trade_no: str) -> str:
        """The payer's phone: what each pays, and one button."""
        row = self.pay(mix_trade_no) if method == "POST" else self.row("mix_trade_no", mix_trade_no)
        body = row["body"]
        parts = [("医保统筹支付", "med_ins_gov_fee"), ("个人账户支付", "med_ins_self_fee"), ("其他支付", "med_ins_other_fee"),
                 ("微信支付", "wechat_pay_cash_fee")]  # fmt: skip
        rows = "".join(
            f'<div class="row"><dt>{label}</dt><dd>¥{yuan(body.get(name, 0))}</dd></div>' for label, name in parts
        )
        words = {"MIX_PAY_CREATED": "医保支付", "MIX_PAY_SUCCESS": "支付成功", "MIX_PAY_REFUND": "已退款"}
        button = '<form method="post"><button>确认支付</button></form>' if row["state"] == "MIX_PAY_CREATED" else ""
        return (
            "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'><title>微信医保支付（演示）</title>"
            f"<style>{_STYLE}</style></head><body><main><h1>{words.get(row['state'], '支付失败')}</h1>"
            f'<p class="sum">¥{yuan(body["total_fee"])}</p><dl>{rows}</dl>{button}'
            f"<p class='note'>演示环境，不会真的扣款 · {html.escape(row['mix_trade_no'])}</p></main></body></html>"
        )
