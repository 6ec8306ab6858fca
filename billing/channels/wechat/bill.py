"""Reading WeChat Pay's trade bills and fund flows: by column names, proved against their footers, or refused whole.

What is read: the V3 bills ALL (27 columns), SUCCESS (20), REFUND (29), the legacy ALL (24), and fund flows. Amounts are
yuan in the file and fen here; a fee keeps its five decimals as hundred-thousandths of a yuan.

A block is turned into columns and each distinct value of a column is read once: a million lines take seconds, and
what is checked is the same as line by line.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
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
    decoded,
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
_REMEMBERED = 100_000  # distinct amounts kept
_SECONDS = frozenset(f":{second:02d}" for second in range(60))
_STATES = {"SUCCESS", "REFUND", "REVOKED"}
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
    texts = decoded(unpacked.blocks(), "utf-8")
    first = next(texts, "")
    if not first.strip():
        raise BillRefused("the file is empty")
    make = FundFlow if first.lstrip().startswith("记账时间") else TradeBill
    return make(unpacked, first, texts)


def parse(raw: bytes) -> Bill:
    """A small trade bill as a whole. Raises BillRefused."""
    return read_all(reader(io.BytesIO(raw), "", None))


def parse_fundflow(raw: bytes) -> Bill:
    return read_all(reader(io.BytesIO(raw), "", None))


class _Table(ABC):
    """Header, rows and a footer of two lines: what both kinds of file have."""

    columns: tuple[str, ...] = ()
    footer = ""

    def __init__(self, unpacked: Unpacked, first: str, texts: Iterator[str]) -> None:
        self._unpacked, self._texts = unpacked, texts
        self.totals: dict[str, int] = {}
        self.count = 0
        self.days: set[date] = set()
        head, _end, self._first = first.partition("\n")
        self.header = [field.strip().removeprefix("`") for field in head.rstrip("\r").split(",")]
        self._line_no = 2  # of the first row in the file
        self._known: dict[str, dict[str, int]] = {}

    @property
    def sha1(self) -> str:
        return self._unpacked.sha1

    def _blocks(self) -> Iterator[str]:
        yield self._first
        yield from self._texts

    def batches(self) -> Iterator[Batch]:
        tail: list[str] = []
        for text in self._blocks():
            if tail:
                tail += text.split("\n")
                continue
            at = self._footer_at(text)
            body = text if at < 0 else text[:at]
            if at >= 0:
                tail = text[at:].split("\n")
            if body.strip():
                # A tab would end a column when the line is stored; old bills write full-width colons.
                yield self._batch(body.replace("\t", " ").replace("：", ":") if "\t" in body or "：" in body else body)
        if not tail:
            raise BillRefused("the footer is missing: the file is cut off")
        self._prove([line.removesuffix("\r") for line in tail if line.strip()])

    def _footer_at(self, text: str) -> int:
        if text.startswith(self.footer):
            return 0
        found = text.find("\n" + self.footer)
        return found + 1 if found >= 0 else -1

    def _columns(self, body: str) -> list[tuple[str, ...]]:
        """The block by columns; the back-tick before each value is taken off."""
        lines = body.replace("\r\n", "\n").split("\n")
        while lines and not lines[-1].strip():
            lines.pop()
        wide = len(self.header)
        rows = [line[1:].split(",`") for line in lines]
        if any(len(row) != wide for row in rows):  # an older bill without back-ticks, or one that is damaged
            rows = [[field.removeprefix("`") for field in line.split(",")] for line in lines]
            for number, row in enumerate(rows, start=self._line_no):
                if len(row) != wide:
                    raise BillRefused(f"line {number}: {len(row)} columns instead of {wide}")
        self.count += len(rows)
        return list(zip(*rows, strict=True))

    def _numbers(self, count: int) -> tuple[int, Iterator[str]]:
        first = self._line_no
        self._line_no += count
        return first, map(str, range(first, first + count))

    def _each(self, column: Sequence[str], read: Callable[[str, str], int], first: int) -> dict[str, int]:
        """What each text of a column is as a number; each distinct text is read once."""
        known = self._known.setdefault(read.__name__, {})
        if len(known) > _REMEMBERED:
            known.clear()
        for text in set(column).difference(known):
            try:
                known[text] = read(text, "")
            except BillRefused as refusal:
                raise BillRefused(f"line {first + column.index(text)}{refusal.reason}") from refusal
        return known

    def _moments(self, column: Sequence[str], first: int) -> list[str]:
        """Read minute by minute: a block has thousands of lines and few minutes."""
        minutes, seconds = {text[:16] for text in column}, {text[16:] for text in column}
        if not seconds <= _SECONDS or any(len(minute) != 16 for minute in minutes):
            wrong = next(at for at, text in enumerate(column) if len(text) != 19 or text[16:] not in _SECONDS)
            raise BillRefused(f"line {first + wrong}: {column[wrong]!r} is no time")
        for minute in minutes:
            try:
                self.days.add(moment_of(minute + ":00", "").date())  # the file's wall clock is Shanghai's
            except BillRefused as refusal:
                wrong = next(at for at, text in enumerate(column) if text.startswith(minute))
                raise BillRefused(f"line {first + wrong}: {column[wrong]!r} is no time") from refusal
        return [text + "+08:00" for text in column]

    @abstractmethod
    def _batch(self, body: str) -> Batch: ...

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

    def __init__(self, unpacked: Unpacked, first: str, texts: Iterator[str]) -> None:
        super().__init__(unpacked, first, texts)
        no_column_missing(self.header, _NEEDED)
        self._place = {name: place for place, name in enumerate(self.header)}
        self._added = dict.fromkeys([*(column for _label, column in _SUMS.values()), "手续费"], 0)

    def _batch(self, body: str) -> Batch:
        columns = self._columns(body)
        size = len(columns[0])
        first, numbers = self._numbers(size)

        def column(*names: str, otherwise: str = "0") -> Sequence[str]:
            place = next((self._place[name] for name in names if name in self._place), None)
            return (otherwise,) * size if place is None else columns[place]

        self._add_up(columns, first)
        fees = column("手续费")
        fee_of = self._each(fees, e5_of, first)
        self._added["手续费"] += sum(map(fee_of.__getitem__, fees))
        states = column("交易状态")
        if strange := set(states) - _STATES:
            state = min(strange)
            raise BillRefused(f"line {first + states.index(state)}: state {state!r} isn't known")
        paid = column("订单金额", "总金额")
        fen_of_text = self._each(paid, fen_of, first)
        amounts = list(map(fen_of_text.__getitem__, paid))
        kinds, refund_nos, refund_ids, said = ["pay"] * size, [""] * size, [""] * size, list(states)
        numbers_there, ids_there, refunds_there = (
            column("商户退款单号"),
            column("微信退款单号"),
            column("退款状态", otherwise=""),
        )
        asked = column("申请退款金额", "退款金额")
        asked_fen = self._each(asked, fen_of, first)
        for at in [at for at, state in enumerate(states) if state != "SUCCESS"]:
            # A revoked line is a refund when it names one; else it is a payment that came to nothing.
            if states[at] == "REFUND" or numbers_there[at] not in {"", "0"}:
                kinds[at], refund_nos[at], refund_ids[at] = "refund", numbers_there[at], ids_there[at]
                said[at], amounts[at] = refunds_there[at] or "SUCCESS", asked_fen[asked[at]]
        return list(
            zip(
                kinds, self._moments(column("交易时间"), first), column("商户号"), column("微信订单号"), column("商户订单号"),
                refund_nos, refund_ids, said, column("货币种类"), map(str, amounts),
                map(str, map(fee_of.__getitem__, fees)), numbers, strict=True,
            )
        )  # fmt: skip

    def _add_up(self, columns: list[tuple[str, ...]], first: int) -> None:
        """The sums that the footer tells. Most refund columns hold nothing, and two columns are often the same."""
        seen: list[tuple[tuple[str, ...], int]] = []
        for name in self._added:
            if name not in self._place or name == "手续费":
                continue
            column = columns[self._place[name]]
            added = next((fen for known, fen in seen if known == column), None)
            if added is None:
                values = self._each(column, fen_of, first)
                added = sum([values[text] for text in column if text != "0.00"])
                seen.append((column, added))
            self._added[name] += added

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

    def __init__(self, unpacked: Unpacked, first: str, texts: Iterator[str]) -> None:
        super().__init__(unpacked, first, texts)
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

    def _batch(self, body: str) -> Batch:
        columns = dict(zip(self.header, self._columns(body), strict=True))
        sides = columns["收支类型"]
        first, numbers = self._numbers(len(sides))
        if strange := set(sides) - set(self._sums):
            side = min(strange)
            raise BillRefused(f"line {first + sides.index(side)}: {side!r} is neither income nor expense")
        known = self._each(columns["收支金额(元)"], fen_of, first)
        fen = [known[text] for text in columns["收支金额(元)"]]
        balances = self._each(columns["账户结余(元)"], fen_of, first)
        for side, amount in zip(sides, fen, strict=True):
            self._sums[side][0] += 1
            self._sums[side][1] += amount
        return list(
            zip(
                self._moments(columns["记账时间"], first), columns["微信支付业务单号"], columns.get("业务凭证号", sides),
                columns["资金流水单号"], columns["业务名称"],
                map(str, [amount if side == "收入" else -amount for side, amount in zip(sides, fen, strict=True)]),
                map(str, map(balances.__getitem__, columns["账户结余(元)"])), numbers, strict=True,
            )
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
