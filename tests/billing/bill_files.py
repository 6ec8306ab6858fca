"""Bills of Alipay, UnionPay and an insurer as bytes, made here from the formats: no file of anybody's."""

import io
import zipfile
from datetime import date

DAY = date(2026, 11, 20)
ALIPAY_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)  # fmt: skip


def alipay_row(
    order: str, yuan: str, *, refund: str = "", fee: str = "0.00", trade: str = "", at: str = "09:10:00"
) -> str:
    kind = "退款" if refund else "交易"
    return (
        f"{trade or '2026112022' + order}\t,{order}\t,{kind},挂号费,2026-11-20 09:00:00,{DAY} {at},\t,\t,\t,\t,*芳(138****0000),"
        f"{yuan},{yuan},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{refund}\t,{fee},0.00,"
    )


def alipay_detail(rows: list[str], footer: tuple[int, str, int, str]) -> bytes:
    paid, fen, back, refunded = footer
    lines = [
        "#支付宝业务明细查询", "#账号：[20880000000000000156]", f"#起始日期：[{DAY}]   终止日期：[{DAY}]", "#-----业务明细列表-----",
        ALIPAY_COLUMNS, *rows, "#-----业务明细列表结束-----", f"#交易合计：{paid}笔，商家实收共{fen}元，商家优惠共0.00元",
        f"#退款合计：{back}笔，商家实收退款共{refunded}元，商家优惠退款共0.00元", "#导出时间：[2026年11月21日 05:46:49]",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode("gbk")


def alipay_summary(paid: int, back: int, yuan: str) -> bytes:
    head = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
    row = f"合计\t,\t,{paid},{back},{yuan},{yuan},0.00,0.00,0.00,0.00,0.00,{yuan}"
    return f"#支付宝业务汇总查询\r\n{head}\r\n{row}\r\n#end\r\n".encode("gbk")


def alipay_zip(detail: bytes, summary: bytes | None = None) -> bytes:
    """Names in GBK with the flag of UTF-8 clear, the summary first, as Alipay packs them."""
    out, names = io.BytesIO(), {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for title, body in [("业务明细(汇总).csv", summary), ("业务明细.csv", detail)]:
            if body is not None:
                # zipfile can't write such a name: it stands in for it byte by byte, and is replaced afterwards.
                real = f"20880000000000000156_20261120_{title}".encode("gbk")
                names[bytes(byte if byte < 128 else ord("x") for byte in real)] = real
                archive.writestr(list(names)[-1].decode(), body)
    raw = out.getvalue()
    for stand_in in sorted(names, key=len, reverse=True):
        raw = raw.replace(stand_in, names[stand_in])
    return raw


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


_ZM = [3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8,
       32, 13, 13, 12, 2, 1]  # fmt: skip
ZM_NAME = "INN26112088ZM_777290058110097"


def fixed(widths: list[int], values: dict[int, str]) -> bytes:
    """Fields by number, one blank between them; widths count bytes."""
    return b" ".join(values.get(n, "").encode("gbk").ljust(width)[:width] for n, width in enumerate(widths, start=1))


def zm_row(order: str, fen: int, fee: int, *, refund_of: str = "", first: str = "", tail: tuple[int, ...] = (32, 98)) -> bytes:  # fmt: skip
    back = bool(refund_of)
    net = -fen + fee if back else fen - fee
    values = {
        1: "S30" if back else "S22", 4: "100001", 5: "1120093000", 7: f"{fen:012d}", 8: "8062", 10: f"8126112009{order}", 12: order,
        16: f"{'C' if back else 'D'}{fee:012d}", 17: f"{'C' if net >= 0 else 'D'}{abs(net):012d}", 20: "04" if back else "01",
        27: refund_of, 28: "777290058110097", 31: "天津某肿瘤医院门诊部", 41: first,
    }  # fmt: skip
    return fixed([*_ZM, *tail], values)


def insurer_statement(rows: list[str], total: str) -> bytes:
    head = "payOrdId,setlTime,medOrgOrd,trnsName,feeSumamt,fundPay,psnAcctPay,ownPayAmt,ordStas"
    return ("\ufeff" + "\r\n".join([head, *rows, total]) + "\r\n").encode()
