"""Reading Alipay's bills: a zip whose names and contents are GBK, or the CSV out of it (data by name of column).

Trade detail (业务明细): comment lines, a header, the rows, and two comment lines that count payments and refunds and
add them up; the summary file beside it in the zip, when there, must say the same. Account flow (账务明细): the fund flow.
Refunds repeat the trade's number with a negative amount; ids end with a TAB; banks that relay bills add columns.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, cast

from hospital.kit import clock

from ..bills import (
    FUND_COLUMNS,
    TRADE_COLUMNS,
    Batch,
    BillRefused,
    Reader,
    Unpacked,
    copied_text,
    decoded,
    e5_of,
    fen_of,
    moment_of,
    no_column_missing,
    same,
    unzipped,
)

_TRADE = ["支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额", "商家实收", "退款批次号/请求号", "服务费"]
_FUND = ["账务流水号", "业务流水号", "商户订单号", "发生时间", "收入金额", "支出金额", "账户余额", "业务类型"]
_TOTAL = re.compile(r"^#(交易|退款)合计：(\d+)笔，商家实收(?:退款)?共(-?[\d.]+)元")
_FLOW_TOTAL = re.compile(r"^#(收入|支出)合计：(\d+)笔，共(-?[\d.]+)元")
_ACCOUNT = re.compile(r"^#账号：\[?(\d+)\]?")
_UNIT = re.compile(r"（[^）]*元）|\([^)]*元\)")


def reader(source: BinaryIO, name: str, day: date | None) -> Reader:
    summary: bytes | None = None
    start = source.read(2)
    source.seek(0)
    if start == b"PK":
        source, summary = _opened(source)
    unpacked = Unpacked(source)
    texts = decoded(unpacked.blocks(), "gb18030")
    first = next(texts, "")
    if not first.strip():
        raise BillRefused("the file is empty")
    if first.startswith("#支付宝账务明细"):
        return AccountFlow(unpacked, first, texts)
    if not first.startswith("#支付宝业务明细"):
        raise BillRefused("this is no bill of Alipay: its first line says something else")
    return TradeDetail(unpacked, first, texts, summary)


def _opened(source: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    """The detail file of the zip, and the bytes of its summary. Names are GBK, with or without the flag that says so."""
    archive = unzipped(source)
    detail, summary = None, None
    for entry in archive.infolist():
        title = entry.filename if entry.flag_bits & 0x800 else _gbk(entry.filename)
        if "汇总" in title:
            summary = archive.read(entry)
        elif "明细" in title:
            detail = entry
    if detail is None:
        raise BillRefused("the zip holds no detail file")
    return cast(BinaryIO, archive.open(detail)), summary


def _gbk(name: str) -> str:
    try:
        return name.encode("cp437").decode("gb18030")
    except UnicodeError:
        return name


class _Commented(ABC):
    """Rows between two comment lines, then comments that add them up."""

    columns: tuple[str, ...] = ()
    needed: list[str] = []

    def __init__(self, unpacked: Unpacked, first: str, texts: Iterator[str], summary: bytes | None = None) -> None:
        self._unpacked, self._texts, self._first, self._summary = unpacked, texts, first, summary
        self.totals: dict[str, int] = {}
        self.count = 0
        self.days: set[date] = set()
        self.account = ""
        self._header: list[str] = []
        self._ended = False
        self._footer: list[str] = []

    @property
    def sha1(self) -> str:
        return self._unpacked.sha1

    def _blocks(self) -> Iterator[str]:
        yield self._first
        yield from self._texts

    def batches(self) -> Iterator[Batch]:
        number = 0
        for text in self._blocks():
            batch: list[tuple[str, ...]] = []
            for raw in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
                number += 1
                line = raw.strip(" ")
                if line.startswith("#"):
                    self._comment(line)
                elif line and self._ended:
                    raise BillRefused("something follows the footer")
                elif line and not self._header:
                    self._header = [_UNIT.sub("", field.strip()) for field in line.split(",")]
                    no_column_missing(self._header, self.needed)
                elif line:
                    batch.append(self._row(self._fields(line, number), number))
            if batch:
                yield copied_text(batch)
        if not self._ended:
            raise BillRefused("the footer is missing: the file is cut off")
        self._prove()

    def _comment(self, line: str) -> None:
        if found := _ACCOUNT.match(line):
            self.account = found[1]
        if "列表结束" in line:
            self._ended = True
        elif self._ended:
            self._footer.append(line)

    def _fields(self, line: str, number: int) -> dict[str, str]:
        fields = line.split(",")
        if len(fields) != len(self._header):
            raise BillRefused(f"line {number}: {len(fields)} columns instead of {len(self._header)}")
        self.count += 1
        return {name: field.strip() for name, field in zip(self._header, fields, strict=True)}

    @abstractmethod
    def _row(self, row: dict[str, str], number: int) -> tuple[str, ...]: ...

    @abstractmethod
    def _prove(self) -> None: ...

    def _said(self, pattern: re.Pattern[str]) -> dict[str, tuple[int, int]]:
        found = [match for line in self._footer if (match := pattern.match(line))]
        return {match[1]: (int(match[2]), fen_of(match[3], "footer")) for match in found}


class TradeDetail(_Commented):
    columns = TRADE_COLUMNS
    needed = _TRADE

    def __init__(self, unpacked: Unpacked, first: str, texts: Iterator[str], summary: bytes | None = None) -> None:
        super().__init__(unpacked, first, texts, summary)
        self._sums = {"交易": [0, 0], "退款": [0, 0]}  # how many, fen that the hospital received
        self._ordered = 0
        self._fee_e5 = 0

    def _row(self, row: dict[str, str], number: int) -> tuple[str, ...]:
        where, kind = f"line {number}", row["业务类型"]
        if kind not in self._sums:
            raise BillRefused(f"{where}: {kind!r} is neither payment nor refund")
        at, ordered = moment_of(row["完成时间"], where), fen_of(row["订单金额"], where)
        back = kind == "退款"
        if (ordered < 0) != back and ordered:
            raise BillRefused(f"{where}: a {'refund' if back else 'payment'} of {row['订单金额']}")
        fee = -e5_of(row["服务费"], where)  # Alipay writes what it takes as negative
        self._sums[kind][0] += 1
        self._sums[kind][1] += fen_of(row["商家实收"], where)
        self._ordered += ordered
        self._fee_e5 += fee
        self.days.add(clock.business_day(at))
        refund_no = row["退款批次号/请求号"] if back else ""
        return ("refund" if back else "pay", at.isoformat(), self.account, row["支付宝交易号"], row["商户订单号"], refund_no,
                refund_no, "SUCCESS", "CNY", str(abs(ordered)), str(fee), str(number))  # fmt: skip

    def _prove(self) -> None:
        said = self._said(_TOTAL)
        if set(said) != set(self._sums):
            raise BillRefused("the footer has no figures: the file is cut off")
        for kind, label in (("交易", "paid"), ("退款", "refunded")):
            (count, fen), (counted, added) = said[kind], self._sums[kind]
            same(self.totals, f"{label}_count", f"{kind}合计", count, counted)
            same(self.totals, label, f"{kind}合计", fen, added)
        self.totals |= {"count": self.count, "ordered": self._ordered, "fee_e5": self._fee_e5}
        if self._summary is not None:
            self._prove_summary(self._summary)

    def _prove_summary(self, raw: bytes) -> None:
        """The last row of the summary file, 合计, says the same as the details."""
        text = "".join(decoded([raw], "gb18030"))
        rows = [line.split(",") for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if len(rows) < 2 or not rows[-1][0].strip().startswith("合计"):
            raise BillRefused("the summary file has no total")
        names = [_UNIT.sub("", field.strip()) for field in rows[0]]
        said = dict(zip(names, (field.strip() for field in rows[-1]), strict=False))
        for name, added in [
            ("交易订单总笔数", self._sums["交易"][0] * 100), ("退款订单总笔数", self._sums["退款"][0] * 100), ("订单金额", self._ordered),
        ]:  # fmt: skip
            if fen_of(said.get(name, ""), "summary") != added:
                raise BillRefused(
                    f"the summary file says {name} {said.get(name)}, the details add up to something else"
                )


class AccountFlow(_Commented):
    columns = FUND_COLUMNS
    needed = _FUND

    def __init__(self, unpacked: Unpacked, first: str, texts: Iterator[str], summary: bytes | None = None) -> None:
        super().__init__(unpacked, first, texts, summary)
        self._sums = {"收入": [0, 0], "支出": [0, 0]}

    def _row(self, row: dict[str, str], number: int) -> tuple[str, ...]:
        where, at = f"line {number}", moment_of(row["发生时间"], f"line {number}")
        income, expense = fen_of(row["收入金额"], where), fen_of(row["支出金额"], where)
        for side, fen in (("收入", income), ("支出", expense)):
            self._sums[side][0] += fen != 0
            self._sums[side][1] += fen
        self.days.add(clock.business_day(at))
        return (at.isoformat(), row["业务流水号"], row["商户订单号"], row["账务流水号"], row["业务类型"],
                str(income - abs(expense)), str(fen_of(row["账户余额"], where)), str(number))  # fmt: skip

    def _prove(self) -> None:
        said = self._said(_FLOW_TOTAL)
        if set(said) != set(self._sums):
            raise BillRefused("the footer has no figures: the file is cut off")
        for side, label in (("收入", "income"), ("支出", "expense")):
            (count, fen), (counted, added) = said[side], self._sums[side]
            same(self.totals, f"{label}s", f"{side}合计", count, counted)
            same(self.totals, label, f"{side}合计", abs(fen), abs(added))
        self.totals["count"] = self.count
