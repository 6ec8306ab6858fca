"""Reading WeChat Pay's trade bills and fund flows: by column names, proved against their footers, or refused whole.

What is read: the V3 bills ALL (27 columns), SUCCESS (20), REFUND (29), the legacy ALL (24), and fund flows. Amounts are
yuan in the file and fen here; a fee keeps its five decimals as hundred-thousandths of a yuan.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from hospital.kit import clock
from hospital.kit.money import parse_yuan


class BillRefused(Exception):
    """The file isn't believed, as a whole. `reason` says why, in words that the finance office reads."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Line:
    line_no: int
    kind: str  # pay, refund
    at: datetime
    merchant: str
    transaction_id: str
    order_no: str
    refund_no: str
    channel_refund_id: str
    status: str
    currency: str
    amount: int
    fee_e5: int


@dataclass(frozen=True, slots=True)
class Bill:
    lines: list[Line]
    totals: dict[str, int]  # of the footer, proved: fen; fee_e5


_NEEDED = ["交易时间", "商户号", "微信订单号", "商户订单号", "交易状态", "货币种类", "手续费"]
_FOOTER = "总交易单数"
# What each column of the footer adds up, by every name that WeChat has used for it.
_SUMS = {
    "应结订单总金额": ("settled", ("应结订单金额",)),
    "总交易额": ("settled", ("总金额",)),
    "退款总金额": ("refunded", ("退款金额",)),
    "总退款金额": ("refunded", ("退款金额",)),
    "充值券退款总金额": ("coupon_refunded", ("充值券退款金额",)),
    "总代金券或立减优惠退款金额": ("coupon_refunded", ("代金券或立减优惠退款金额",)),
    "订单总金额": ("ordered", ("订单金额",)),
    "申请退款总金额": ("refund_asked", ("申请退款金额",)),
}


def unpacked(raw: bytes) -> bytes:
    """The bytes of the bill itself; a gzip is opened."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise BillRefused("the gzip is damaged") from error


def _rows(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields); the back-tick before each value is taken off."""
    try:
        text = unpacked(raw).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BillRefused(f"the file isn't UTF-8 (byte {error.start})") from error
    if "\x00" in text:
        raise BillRefused("the file holds NUL bytes")
    for number, ending in enumerate(text.split("\n"), start=1):
        line = ending.removesuffix("\r")
        if line.strip():
            yield number, [field.removeprefix("`") for field in line.split(",")]


def _e5(text: str, where: str) -> int:
    """Yuan with up to five decimals, counted in hundred-thousandths."""
    try:
        value = Decimal(text or "0") * 100_000
    except InvalidOperation as error:
        raise BillRefused(f"{where}: {text!r} is no amount") from error
    if not value.is_finite() or value != value.to_integral_value():
        raise BillRefused(f"{where}: {text!r} has more than five decimals")
    return int(value)


def _fen(text: str, where: str) -> int:
    try:
        return parse_yuan(text or "0")
    except ValueError as error:
        raise BillRefused(f"{where}: {text!r} is no amount in yuan") from error


def _moment(text: str, where: str) -> datetime:
    try:
        return datetime.strptime(text.replace("：", ":"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
    except ValueError as error:
        raise BillRefused(f"{where}: {text!r} is no time") from error


def parse(raw: bytes) -> Bill:
    """A trade bill whose footer adds up. Raises BillRefused for everything else; there is no half a bill."""
    rows = _rows(raw)
    first = next(rows, None)
    if first is None:
        raise BillRefused("the file is empty")
    header = first[1]
    if missing := [name for name in _NEEDED if name not in header]:
        raise BillRefused(f"columns are missing: {', '.join(missing)}")
    if len(set(header)) != len(header):
        raise BillRefused("a column stands twice")
    cells: list[dict[str, str]] = []
    lines: list[Line] = []
    for number, fields in rows:
        if fields[0] == _FOOTER:
            totals = _proved(fields, rows, cells)
            return Bill(lines, totals)
        if len(fields) != len(header):
            raise BillRefused(f"line {number}: {len(fields)} columns instead of {len(header)}")
        row = dict(zip(header, fields, strict=True))
        cells.append(row)
        lines.append(_line(row, number))
    raise BillRefused("the footer is missing: the file is cut off")


def _line(row: dict[str, str], number: int) -> Line:
    where = f"line {number}"
    status = row["交易状态"]
    if status not in {"SUCCESS", "REFUND", "REVOKED"}:
        raise BillRefused(f"{where}: state {status!r} isn't known")
    refund = status == "REFUND" or (status == "REVOKED" and row.get("商户退款单号", "0") not in {"", "0"})
    if refund:
        asked = row.get("申请退款金额")
        amount = _fen(asked if asked is not None else row.get("退款金额", "0"), where)
    else:
        amount = _fen(row.get("订单金额", row.get("总金额", "0")), where)
    return Line(
        line_no=number, kind="refund" if refund else "pay", at=_moment(row["交易时间"], where), merchant=row["商户号"],
        transaction_id=row["微信订单号"], order_no=row["商户订单号"],
        refund_no=row.get("商户退款单号", "") if refund else "", channel_refund_id=row.get("微信退款单号", "") if refund else "",
        status=(row.get("退款状态", "") or "SUCCESS") if refund else status, currency=row["货币种类"], amount=amount,
        fee_e5=_e5(row["手续费"], where),
    )  # fmt: skip


def _proved(footer: list[str], rows: Iterator[tuple[int, list[str]]], cells: list[dict[str, str]]) -> dict[str, int]:
    """The footer's figures, each equal to what the lines add up to; nothing may follow it."""
    values = next(rows, None)
    if values is None or len(values[1]) != len(footer):
        raise BillRefused("the footer has no figures: the file is cut off")
    if next(rows, None) is not None:
        raise BillRefused("something follows the footer")
    said = dict(zip(footer, values[1], strict=True))
    count = _e5(said[_FOOTER], "footer") // 100_000
    if count != len(cells):
        raise BillRefused(f"the footer counts {count} lines, the file has {len(cells)}")
    totals = {"count": count}
    for name, text in said.items():
        if name == "手续费总金额":
            _same(totals, "fee_e5", name, _e5(text, "footer"), sum(_e5(row["手续费"], "手续费") for row in cells))
        elif name in _SUMS:
            label, columns = _SUMS[name]
            added = sum(_fen(row.get(column, "0"), column) for row in cells for column in columns)
            _same(totals, label, name, _fen(text, "footer"), added)
    if "settled" not in totals or "fee_e5" not in totals:
        raise BillRefused("the footer has no totals that are known")
    return totals


def _same(totals: dict[str, int], label: str, name: str, said: int, added: int) -> None:
    if said != added:
        raise BillRefused(f"the footer says {name} {said}, the lines add up to {added}")
    totals[label] = said


@dataclass(frozen=True, slots=True)
class FundLine:
    line_no: int
    at: datetime
    order_id: str
    flow_id: str
    business: str
    income: bool
    amount: int
    balance: int
    voucher: str


@dataclass(frozen=True, slots=True)
class FundFlow:
    lines: list[FundLine]
    totals: dict[str, int]


def parse_fundflow(raw: bytes) -> FundFlow:
    """A fund flow whose footer adds up. Both half- and full-width brackets occur in its header, 20.0 in its counts."""
    rows = _rows(raw)
    first = next(rows, None)
    if first is None:
        raise BillRefused("the file is empty")
    header = [name.replace("（", "(").replace("）", ")") for name in first[1]]
    needed = ["记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "收支类型", "收支金额(元)", "账户结余(元)"]
    if missing := [name for name in needed if name not in header]:
        raise BillRefused(f"columns are missing: {', '.join(missing)}")
    lines: list[FundLine] = []
    for number, fields in rows:
        if fields[0] == "资金流水总笔数":
            values = next(rows, None)
            if values is None or len(values[1]) != len(fields) or next(rows, None) is not None:
                raise BillRefused("the footer has no figures, or something follows it")
            return FundFlow(lines, _fund_totals(dict(zip(fields, values[1], strict=True)), lines))
        if len(fields) != len(header):
            raise BillRefused(f"line {number}: {len(fields)} columns instead of {len(header)}")
        row = dict(zip(header, fields, strict=True))
        where = f"line {number}"
        if row["收支类型"] not in {"收入", "支出"}:
            raise BillRefused(f"{where}: {row['收支类型']!r} is neither income nor expense")
        lines.append(
            FundLine(
                number, _moment(row["记账时间"], where), row["微信支付业务单号"], row["资金流水单号"], row["业务名称"],
                row["收支类型"] == "收入", _fen(row["收支金额(元)"], where), _fen(row["账户结余(元)"], where),
                row.get("业务凭证号", ""),
            )
        )  # fmt: skip
    raise BillRefused("the footer is missing: the file is cut off")


def _fund_totals(said: dict[str, str], lines: list[FundLine]) -> dict[str, int]:
    incomes = [line.amount for line in lines if line.income]
    expenses = [line.amount for line in lines if not line.income]
    totals: dict[str, int] = {}
    for name, label, added in [
        ("资金流水总笔数", "count", len(lines)), ("收入笔数", "incomes", len(incomes)), ("支出笔数", "expenses", len(expenses)),
    ]:  # fmt: skip
        _same(totals, label, name, _e5(said.get(name, ""), "footer") // 100_000, added)
    _same(totals, "income", "收入金额", _fen(said.get("收入金额", ""), "footer"), sum(incomes))
    _same(totals, "expense", "支出金额", _fen(said.get("支出金额", ""), "footer"), sum(expenses))
    return totals
