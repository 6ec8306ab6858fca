"""Trade bills in WeChat's own bytes: UTF-8 with BOM, CRLF, back-ticks, a two-line summary; yuan, not fen."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
RATE = Decimal("0.0060")

ALL = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
]
_REFUND_ONLY = ["微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态"]
SUCCESS = [name for name in ALL if name not in {*_REFUND_ONLY, "申请退款金额"}]
REFUND = [*ALL[:14], "退款申请时间", "退款成功时间", *ALL[14:]]
SUMMARY = [
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
]


def yuan(fen: int) -> str:
    return str((Decimal(fen) / 100).quantize(Decimal("0.01")))


def fee(fen: int) -> Decimal:
    """WeChat's commission on an amount, in yuan with five places."""
    return (Decimal(fen) / 100 * RATE).quantize(Decimal("0.01"), ROUND_HALF_UP).quantize(Decimal("0.00001"))


def wall(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _clean(text: str) -> str:
    """A comma in a merchant's own text arrives as back-slash and blank, a line break as a written one."""
    return text.replace("\r", "").replace("\n", "\\n").replace(",", "\\ ")


def pay_row(order: dict[str, Any], *, appid: str, mchid: str) -> dict[str, str]:
    """A payment of the stand-in's books as a line of the bill."""
    return {
        "交易时间": wall(order["success_at"]), "公众账号ID": appid, "商户号": mchid, "特约商户号": "0", "设备号": "",
        "微信订单号": order["transaction_id"], "商户订单号": order["number"], "用户标识": order["openid"] or "",
        "交易类型": order["trade_type"], "交易状态": "SUCCESS", "付款银行": "OTHERS", "货币种类": "CNY",
        "应结订单金额": yuan(order["paid_total"]), "代金券金额": "0.00", "微信退款单号": "0", "商户退款单号": "0",
        "退款金额": "0.00", "充值券退款金额": "0.00", "退款类型": "", "退款状态": "",
        "商品名称": _clean(order["description"] or ""), "商户数据包": _clean(order["attach"] or ""),
        "手续费": str(fee(order["paid_total"])), "费率": "0.60%", "订单金额": yuan(order["paid_total"]),
        "申请退款金额": "0.00", "费率备注": "",
    }  # fmt: skip


def refund_row(refund: dict[str, Any], order: dict[str, Any], *, appid: str, mchid: str) -> dict[str, str]:
    """A refund of the stand-in's books as a line of the bill: listed on the day of its request, with its commission back."""
    done = refund["status"] == "SUCCESS"
    return pay_row(order, appid=appid, mchid=mchid) | {
        "交易时间": wall(refund["created_at"]), "交易状态": "REFUND", "应结订单金额": "0.00", "订单金额": "0.00",
        "微信退款单号": refund["refund_id"], "商户退款单号": refund["number"], "退款金额": yuan(refund["amount"]),
        "退款类型": "ORIGINAL", "退款状态": {"PROCESSING": "PROCESSING", "SUCCESS": "SUCCESS"}.get(refund["status"], "FAIL"),
        "退款申请时间": wall(refund["created_at"]), "退款成功时间": wall(refund["success_at"]) if done else "",
        "手续费": str(-fee(refund["amount"])), "申请退款金额": yuan(refund["amount"]),
    }  # fmt: skip


def summary(rows: Iterable[dict[str, str]]) -> list[str]:
    rows = list(rows)

    def added(name: str, places: str = "0.01") -> str:
        return str(sum((Decimal(row.get(name) or 0) for row in rows), Decimal(0)).quantize(Decimal(places)))

    return [str(len(rows)), added("应结订单金额"), added("退款金额"), added("充值券退款金额"), added("手续费", "0.00001"),
            added("订单金额"), added("申请退款金额")]  # fmt: skip


def render(rows: Iterable[dict[str, str]], columns: list[str] | None = None) -> bytes:
    """The bytes of a bill of these lines; its SHA1 is taken of exactly these."""
    rows, names = list(rows), columns or ALL
    lines = [",".join(names)]
    lines += [",".join("`" + row.get(name, "") for name in names) for row in rows]
    lines += [",".join(SUMMARY), ",".join("`" + value for value in summary(rows))]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def sha1(body: bytes) -> str:
    return hashlib.sha1(body).hexdigest()  # noqa: S324 - the checksum that WeChat's protocol prescribes
