"""Reading WeChat Pay's trade bills and fund flows: by column names, proved against their footers, or refused whole.

What is read: the V3 bills ALL (27 columns), SUCCESS (20), REFUND (29), the legacy ALL (24), and fund flows. Amounts are
yuan in the file and fen here; a fee keeps its five decimals as hundred-thousandths of a yuan.

A block of bytes is turned into columns and each column is checked and added up as a whole: a million lines take seconds.
What isn't written as nearly all is gets read value by value; what is accepted and refused is the same either way.
"""

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from ..bills import (
    FUND_COLUMNS,
    TRADE_COLUMNS,
    Batch,
    Bill,
    BillRefused,
    Reader,
    Unpacked,
    checked,
    copied,
    e5_of,
    fen_of,
    moment_of,
    no_column_missing,
    read_all,
    same,
)

__all__ = ["BillRefused", "FundFlow", "TradeBill", "parse", "parse_fundflow", "reader"]

_NEEDED = ["交易时间", "商户号", "微信订单号", "商户订单号", "交易状态", "货币种类", "手续费"]
_FOOTER, _FUND_FOOTER = "总交易单数", "资金流水总笔数"
_WIDE_COLON = "：".encode()
_STATES = {b"SUCCESS", b"REFUND", b"REVOKED"}
_MOMENT = rb"\d{4}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_MOMENTS = re.compile(rb"%b(?:\n%b)*" % (_MOMENT, _MOMENT))

Column = list[bytes]
Columns = list[Column]
Rows = Iterable[tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Reads:
    """How an amount is read: `usual` is a whole column as nearly all are written, `one` reads any."""

    usual: re.Pattern[bytes]
    one: Callable[[str, str], int]


FEN = Reads(re.compile(rb"-?\d{1,14}\.\d\d(?:\n-?\d{1,14}\.\d\d)*"), fen_of)
E5 = Reads(re.compile(rb"-?\d{1,12}\.\d{5}(?:\n-?\d{1,12}\.\d{5})*"), e5_of)
# What each column of the footer adds up, by every name that WeChat has used for it.
_SUMS = {
    "应结订单总金额": ("settled", "应结订单金额"),
    "总交易额": ("settled", "总金额"),
    "退款总金额": ("refunded", "退款金额"),
    "总退款金额": ("refunded", "退款金额"),
    "充值券退款总金额": ("coupon_refunded", "充值券退款金额"),
    "总代金券或立减优惠退款金额": ("coupon_refunded", "代金券或立减优惠退款金额"),
    "订单总金额": ("ordered", "订单金额"),
    "申请退款总金额": ("refund_asked", "申请退款金额"),
}


def reader(source: BinaryIO, name: str, day: date | None) -> Reader:
    """The reader for what the file is: told by the first column of its header."""
    unpacked = Unpacked(source)
    blocks = checked(unpacked.blocks(), "utf-8")
    first = next(blocks, b"")
    if not first.decode().strip():
        raise BillRefused("the file is empty")
    make = FundFlow if first.decode().lstrip().startswith("记账时间") else TradeBill
    return make(unpacked, first, blocks)


def parse(raw: bytes) -> Bill:
    """A small trade bill as a whole. Raises BillRefused."""
    return read_all(reader(io.BytesIO(raw), "", None))


def parse_fundflow(raw: bytes) -> Bill:
    return read_all(reader(io.BytesIO(raw), "", None))


class _Table(ABC):
    """Header, rows and a footer of two lines: what both kinds of file have."""

    columns: tuple[str, ...] = ()
    footer = ""

    def __init__(self, unpacked: Unpacked, first: bytes, blocks: Iterator[bytes]) -> None:
        self._unpacked, self._texts = unpacked, blocks
        self.totals: dict[str, int] = {}
        self.count = 0
        self.days: set[date] = set()
        head, _end, self._first = first.partition(b"\n")
        self.header = [field.strip().removeprefix("`") for field in head.decode().rstrip("\r").split(",")]
        self._line_no = 2  # of the first row in the file

    @property
    def sha1(self) -> str:
        return self._unpacked.sha1

    def _blocks(self) -> Iterator[bytes]:
        yield self._first
        yield from self._texts

    def batches(self) -> Iterator[Batch]:
        tail: list[str] = []
        for block in self._blocks():
            if tail:
                tail += block.decode().split("\n")
                continue
            at = self._footer_at(block)
            body = block if at < 0 else block[:at]
            if at >= 0:
                tail = block[at:].decode().split("\n")
            if body.strip():
                # A tab would end a column when the line is stored; old bills write full-width colons.
                yield copied(self._rows(body.replace(b"\t", b" ").replace(_WIDE_COLON, b":")))
        if not tail:
            raise BillRefused("the footer is missing: the file is cut off")
        self._prove([line.removesuffix("\r") for line in tail if line.strip()])

    def _footer_at(self, block: bytes) -> int:
        footer = self.footer.encode()
        if block.startswith(footer):
            return 0
        found = block.find(b"\n" + footer)
        return found + 1 if found >= 0 else -1

    def _columns(self, body: bytes) -> Columns:
        """The block by columns; the back-tick before each value is taken off."""
        columns = self._cut(body) or self._read(body)
        self.count += len(columns[0])
        return columns

    def _cut(self, body: bytes) -> Columns | None:
        """All lines at one blow, when each is written as WeChat writes it; None when one isn't.

        A line's end becomes a column's end and leaves its mark in the first column: no other column may have it.
        """
        if not (body.startswith(b"`") and body.endswith(b"\r\n")):
            return None
        wide = len(self.header)
        text = b"\n" + body[1:-2]
        fields = text.replace(b"\r\n`", b",`\n").split(b",`")
        count, left_over = divmod(len(fields), wide)
        starts = b"\0".join(fields[::wide])  # no bill holds a NUL
        if (
            left_over
            or text.count(b"\n") != count
            or text.count(b"\r") != count - 1
            or starts.count(b"\0\n") != count - 1
        ):
            return None
        return [starts[1:].split(b"\0\n"), *(fields[place::wide] for place in range(1, wide))]

    def _read(self, body: bytes) -> Columns:
        """Line by line: an older bill without back-ticks, or one that is damaged."""
        lines = body.replace(b"\r\n", b"\n").split(b"\n")
        while lines and not lines[-1].strip():
            lines.pop()
        wide = len(self.header)
        rows = [line[1:].split(b",`") for line in lines]
        if any(len(row) != wide for row in rows):
            rows = [[field.removeprefix(b"`") for field in line.split(b",")] for line in lines]
            for number, row in enumerate(rows, start=self._line_no):
                if len(row) != wide:
                    raise BillRefused(f"line {number}: {len(row)} columns instead of {wide}")
        return [list(column) for column in zip(*rows, strict=True)]

    def _numbers(self, count: int) -> tuple[int, Iterator[bytes]]:
        first = self._line_no
        self._line_no += count
        return first, map(b"%d".__mod__, range(first, first + count))

    def _each(self, column: Column, read: Reads, first: int) -> tuple[list[bytes], list[int]]:
        """A column of amounts as whole numbers: as digits, and as numbers to add up."""
        text = b"\n".join(column)
        if read.usual.fullmatch(text):
            digits = text.replace(b".", b"").split(b"\n")
            return digits, list(map(int, digits))
        known: dict[bytes, int] = {}
        for value in set(column):
            try:
                known[value] = read.one(value.decode(), "")
            except BillRefused as refusal:
                raise BillRefused(f"line {first + column.index(value)}{refusal.reason}") from refusal
        numbers = [known[value] for value in column]
        return [b"%d" % number for number in numbers], numbers

    def _moments(self, column: Column, first: int) -> list[bytes]:
        """The file's wall clock is Shanghai's."""
        text = b"\n".join(column)
        days = {column[0][:10]} if text.count(column[0][:11]) == len(column) else {value[:10] for value in column}
        try:
            if not _MOMENTS.fullmatch(text):
                raise ValueError
            self.days.update(date.fromisoformat(day.decode()) for day in days)
        except ValueError:
            for number, value in enumerate(column, start=first):
                self.days.add(moment_of(value.decode(), f"line {number}").date())
        return (text.replace(b"\n", b"+08:00\n") + b"+08:00").split(b"\n")

    @abstractmethod
    def _rows(self, body: bytes) -> Rows: ...

    @abstractmethod
    def _prove(self, tail: list[str]) -> None: ...

    def _said(self, tail: list[str]) -> dict[str, str]:
        """The figures of the footer by name; nothing may follow it."""
        names = tail[0].split(",")
        values = [field.removeprefix("`") for field in tail[1].split(",")] if len(tail) > 1 else []
        if len(values) != len(names):
            raise BillRefused("the footer has no figures: the file is cut off")
        if len(tail) > 2:
            raise BillRefused("something follows the footer")
        return dict(zip(names, values, strict=True))


class TradeBill(_Table):
    """ALL, SUCCESS, REFUND and the legacy layout."""

    columns = TRADE_COLUMNS
    footer = _FOOTER

    def __init__(self, unpacked: Unpacked, first: bytes, blocks: Iterator[bytes]) -> None:
        super().__init__(unpacked, first, blocks)
        no_column_missing(self.header, _NEEDED)
        self._place = {name: place for place, name in enumerate(self.header)}
        self._added = dict.fromkeys([*(column for _label, column in _SUMS.values()), "手续费"], 0)

    def _rows(self, body: bytes) -> Rows:
        columns = self._columns(body)
        size = len(columns[0])
        first, numbers = self._numbers(size)

        def column(*names: str, otherwise: bytes = b"0") -> Column:
            place = next((self._place[name] for name in names if name in self._place), None)
            return [otherwise] * size if place is None else columns[place]

        settled, paid = column("应结订单金额", "总金额"), column("订单金额", "总金额")
        amounts, fen = self._each(settled, FEN, first)
        self._add_up(columns, (settled, sum(fen)), first)
        fees, fee_e5 = self._each(column("手续费"), E5, first)
        self._added["手续费"] += sum(fee_e5)
        states = column("交易状态")
        if strange := set(states) - _STATES:
            state = min(strange)
            raise BillRefused(f"line {first + states.index(state)}: state {state.decode()!r} isn't known")
        if paid != settled:
            amounts, _fen = self._each(paid, FEN, first)
        kinds, refund_nos, refund_ids, said = [b"pay"] * size, [b""] * size, [b""] * size, list(states)
        numbers_there, ids_there = column("商户退款单号"), column("微信退款单号")
        refunds_there, asked = column("退款状态", otherwise=b""), column("申请退款金额", "退款金额")
        for at in [at for at, state in enumerate(states) if state != b"SUCCESS"]:
            # A revoked line is a refund when it names one; else it is a payment that came to nothing.
            if states[at] == b"REFUND" or numbers_there[at] not in {b"", b"0"}:
                kinds[at], refund_nos[at], refund_ids[at] = b"refund", numbers_there[at], ids_there[at]
                said[at], amounts[at] = refunds_there[at] or b"SUCCESS", self._each([asked[at]], FEN, first + at)[0][0]
        return zip(
            kinds, self._moments(column("交易时间"), first), column("商户号"), column("微信订单号"), column("商户订单号"),
            refund_nos, refund_ids, said, column("货币种类"), amounts, fees, numbers, strict=True,
        )  # fmt: skip

    def _add_up(self, columns: Columns, settled: tuple[Column, int], first: int) -> None:
        """The sums that the footer tells. Most refund columns hold nothing, and two columns are often the same."""
        for name in self._added:
            if name in self._place and name != "手续费":
                column = columns[self._place[name]]
                self._added[name] += settled[1] if column == settled[0] else self._sum(column, first)

    def _sum(self, column: Column, first: int) -> int:
        moved = [text for text in column if text != b"0.00"]
        if len(moved) < len(column) // 2 and FEN.usual.fullmatch(b"\n".join(moved)):
            column = moved
        return sum(self._each(column, FEN, first)[1]) if moved else 0

    def _prove(self, tail: list[str]) -> None:
        said = self._said(tail)
        count = e5_of(said[_FOOTER], "footer") // 100_000
        if count != self.count:
            raise BillRefused(f"the footer counts {count} lines, the file has {self.count}")
        self.totals["count"] = count
        for name, text in said.items():
            if name == "手续费总金额":
                same(self.totals, "fee_e5", name, e5_of(text, "footer"), self._added["手续费"])
            elif name in _SUMS:
                label, column = _SUMS[name]
                same(self.totals, label, name, fen_of(text, "footer"), self._added[column])
        if "settled" not in self.totals or "fee_e5" not in self.totals:
            raise BillRefused("the footer has no totals that are known")


class FundFlow(_Table):
    """Both half- and full-width brackets occur in its header, 20.0 and 3 in its counts."""

    columns = FUND_COLUMNS
    footer = _FUND_FOOTER

    def __init__(self, unpacked: Unpacked, first: bytes, blocks: Iterator[bytes]) -> None:
        super().__init__(unpacked, first, blocks)
        self.header = [name.replace("（", "(").replace("）", ")") for name in self.header]
        needed = [
            "记账时间",
            "微信支付业务单号",
            "资金流水单号",
            "业务名称",
            "收支类型",
            "收支金额(元)",
            "账户结余(元)",
        ]
        no_column_missing(self.header, needed)
        self._sums = {"收入": [0, 0], "支出": [0, 0]}  # how many, fen

    def _rows(self, body: bytes) -> Rows:
        columns = dict(zip(self.header, self._columns(body), strict=True))
        sides = columns["收支类型"]
        first, numbers = self._numbers(len(sides))
        words = [side.decode() for side in sides]
        if strange := set(words) - set(self._sums):
            side = min(strange)
            raise BillRefused(f"line {first + words.index(side)}: {side!r} is neither income nor expense")
        _digits, fen = self._each(columns["收支金额(元)"], FEN, first)
        balances, _fen = self._each(columns["账户结余(元)"], FEN, first)
        for side, amount in zip(words, fen, strict=True):
            self._sums[side][0] += 1
            self._sums[side][1] += amount
        return zip(
            self._moments(columns["记账时间"], first), columns["微信支付业务单号"], columns.get("业务凭证号", sides),
            columns["资金流水单号"], columns["业务名称"],
            [b"%d" % (amount if side == "收入" else -amount) for side, amount in zip(words, fen, strict=True)],
            balances, numbers, strict=True,
        )  # fmt: skip

    def _prove(self, tail: list[str]) -> None:
        said = self._said(tail)
        (incomes, income), (expenses, expense) = self._sums["收入"], self._sums["支出"]
        for name, label, added in [
            (_FUND_FOOTER, "count", self.count), ("收入笔数", "incomes", incomes), ("支出笔数", "expenses", expenses),
        ]:  # fmt: skip
            same(self.totals, label, name, e5_of(said.get(name, ""), "footer") // 100_000, added)
        same(self.totals, "income", "收入金额", fen_of(said.get("收入金额", ""), "footer"), income)
        same(self.totals, "expense", "支出金额", fen_of(said.get("支出金额", ""), "footer"), expense)
