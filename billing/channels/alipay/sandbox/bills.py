"""Trade bills in Alipay's own bytes: a zip of two GBK files, CRLF, id-like fields ended by a TAB, yuan (data/README 1.4)."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ...wechat.sandbox.bills import SHANGHAI, yuan

RATE = Decimal("0.006")
DETAIL = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
SUMMARY = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,"
    "卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)


def fee(fen: int) -> int:
    """The service fee of an amount, in fen."""
    return int((Decimal(fen) * RATE).quantize(Decimal(1), ROUND_HALF_UP))


def row(order: dict[str, Any], refund: dict[str, Any] | None = None) -> dict[str, Any]:
    """A payment or a refund of one trade, as the bill tells it. Refunds are negative and give the fee back."""
    amount = -refund["amount"] if refund else order["paid_total"]
    return {
        "trade_no": order["trade_no"], "number": order["number"], "kind": "退款" if refund else "交易",
        "subject": order["subject"], "created": order["created_at"],
        "done": refund["success_at"] if refund else order["success_at"], "amount": amount,
        "request": refund["number"] if refund else "", "fee": fee(abs(amount)) * (1 if refund else -1),
    }  # fmt: skip


def _line(one: dict[str, Any]) -> str:
    def when(stamp: float) -> str:
        return f"{datetime.fromtimestamp(stamp, SHANGHAI):%Y-%m-%d %H:%M:%S}"

    amount = yuan(one["amount"])
    fields = [
        f"{one['trade_no']}\t", f"{one['number']}\t", one["kind"], one["subject"].replace(",", " "), when(one["created"]),
        when(one["done"]), "\t", "\t", "\t", "\t", "*患者(138***)\t", amount, amount, "0.00", "0.00", "0.00", "0.00", "0.00",
        "", "0.00\t", "0.00", f"{one['request']}\t", yuan(one["fee"]), "0.00", one["subject"].replace(",", " "),
    ]  # fmt: skip
    return ",".join(fields)


def render(seller_id: str, day: datetime, rows: Sequence[dict[str, Any]]) -> bytes:
    """The zip of one day."""
    after = day + timedelta(days=1)
    paid = [one for one in rows if one["kind"] == "交易"]
    back = [one for one in rows if one["kind"] == "退款"]
    head = [
        "#支付宝业务明细查询", f"#账号：[{seller_id}0156]",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{after:%Y年%m月%d日} 00:00:00]",
    ]  # fmt: skip
    detail = [
        *head, "#-----------------------------------------业务明细列表----------------------------------------", DETAIL,
        *[_line(one) for one in rows],
        "#-----------------------------------------业务明细列表结束------------------------------------",
        f"#交易合计：{len(paid)}笔，商家实收共{yuan(sum(one['amount'] for one in paid))}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{yuan(sum(one['amount'] for one in back))}元，商家优惠退款共0.00元",
        f"#导出时间：[{after:%Y年%m月%d日} 09:30:00]",
    ]  # fmt: skip
    net = sum(one["amount"] for one in rows)
    fees = sum(one["fee"] for one in rows)
    figures = ",".join(
        [
            str(len(paid)),
            str(len(back)),
            yuan(net),
            yuan(net),
            "0.00",
            "0.00",
            "0.00",
            yuan(fees),
            "0.00",
            yuan(net + fees),
        ]
    )
    summary = [
        "#支付宝业务汇总查询", *head[1:], "#-----------------------------------------业务汇总列表----------------------------------------",
        SUMMARY, f"\t,\t,{figures}", f"合计,,{figures}",
        "#-----------------------------------------业务汇总列表结束------------------------------------",
        f"#导出时间：[{after:%Y年%m月%d日} 09:30:00]",
    ]  # fmt: skip
    stem = f"{seller_id}0156_{day:%Y%m%d}_业务明细"
    return _zip({f"{stem}(汇总).csv": summary, f"{stem}.csv": detail}, after)


def _zip(files: dict[str, list[str]], at: datetime) -> bytes:
    """Member names in GBK with the UTF-8 flag clear, as Alipay packs them."""
    out = io.BytesIO()
    aliases: dict[bytes, bytes] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, lines) in enumerate(files.items()):
            wanted = name.encode("gb18030")
            alias = f"{number}".ljust(len(wanted), "_")  # the same length, so that every offset stays right
            aliases[alias.encode()] = wanted
            info = zipfile.ZipInfo(alias, at.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, "".join(f"{line}\r\n" for line in lines).encode("gb18030"))
    packed = out.getvalue()
    for alias_bytes, wanted in aliases.items():
        assert packed.count(alias_bytes) == 2, "a name stands in its header and in the directory"
        packed = packed.replace(alias_bytes, wanted)
    return packed
