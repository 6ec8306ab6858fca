"""Reading UnionPay's files of fixed width, by BYTES: merchants' names are GBK and two bytes wide.

INN<yymmdd>..ZM_<merchant>: payments and refunds. INN...ZME: the errors that UnionPay put right, movements that nobody
here asked for. UnionPay gives both in one zip a clearing day, and so they are read: the errors beside the payments, or
they would be compared with nothing. IND<yymmdd>01ACOMN: the acquirer's file, for cards at the desk. None of them has a
footer: what proves a line is its width, its digits, and that amount, fee and net agree with their signs; a merchant
other than the file's is refused.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import BinaryIO, cast

from hospital.kit import clock

from ..bills import TRADE_COLUMNS, Batch, BillRefused, Reader, Unpacked, copied_text, unzipped

_ZM_HEAD = (3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
            13, 13, 8, 32, 13, 13, 12, 2, 1)  # fmt: skip
_ZM = {*((_ZM_HEAD + tail) for tail in ((131,), (32, 98), (32, 13, 2, 1, 12, 67)))}
_ZME = (3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135)
_ACOMN = (11, 11, 6, 10, 19, 12, 12, 12, 4, 6, 4, 8, 15, 12, 2, 6, 11, 6, 2, 3, 12, 12, 12, 1, 3, 1, 1, 10, 11, 1, 2, 2,
          12, 14, 19, 2, 40, 3, 131)  # fmt: skip
_NAME = re.compile(r"IN[A-Z](\d{6})\d{2}(ZME|ZM|ACOMN)(?:_(\w+))?", re.IGNORECASE)
_BLANK = ord(" ")
_PAYS, _BACK = {"01"}, {"04", "31"}  # txnType: purchase; refund, void of a purchase


def reader(source: BinaryIO, name: str, day: date | None) -> Reader:
    """By the bytes and the file's name, which also has the year that the lines lack."""
    start = source.read(2)
    source.seek(0)
    if start == b"PK":
        return Pack(source)
    found = _NAME.search(name)
    if found is None:
        raise BillRefused("the name of a UnionPay file says what it is (INN<yymmdd>..ZM_<merchant>); this one doesn't")
    if found[2].upper() == "ZME":
        raise BillRefused("a file of errors is half a bill: take the zip in which UnionPay gives it")
    return _named(source, found)


def _named(source: BinaryIO, found: re.Match[str]) -> "_Fixed":
    try:
        of = date.fromisoformat(f"20{found[1][:2]}-{found[1][2:4]}-{found[1][4:]}")
    except ValueError as error:
        raise BillRefused(f"{found[1]} is no day") from error
    kinds: dict[str, Callable[[BinaryIO, date, str], _Fixed]] = {"ZM": ZM, "ZME": ZME, "ACOMN": ACOMN}
    return kinds[found[2].upper()](source, of, found[3] or "")


class Pack:
    """The zip of a clearing day: every payment file and every file of errors in it, as one bill."""

    columns: tuple[str, ...] = TRADE_COLUMNS

    def __init__(self, source: BinaryIO) -> None:
        archive = unzipped(source)
        known = [(one, found) for one in archive.infolist() if (found := _NAME.search(one.filename))]
        self._files = [
            _named(cast(BinaryIO, archive.open(one)), found) for one, found in known if found[2].upper() != "ACOMN"
        ]
        if not self._files:
            raise BillRefused("the zip holds no file of payments (INN<yymmdd>..ZM_<merchant>)")
        self.totals: dict[str, int] = {}
        self.count = 0
        self.days: set[date] = set()

    @property
    def sha1(self) -> str:
        return self._files[0].sha1

    def batches(self) -> Iterator[Batch]:
        lines = 0
        for file in self._files:
            file.lines_before = lines
            yield from file.batches()
            lines += file.lines
            self.count += file.count
            self.days |= file.days
            for label, value in file.totals.items():
                self.totals[label] = self.totals.get(label, 0) + value


class _Fixed(ABC):
    columns: tuple[str, ...] = TRADE_COLUMNS
    widths: set[tuple[int, ...]] = set()

    def __init__(self, source: BinaryIO, day: date, merchant: str = "") -> None:
        self._unpacked, self._day, self._merchant = Unpacked(source), day, merchant
        self.totals: dict[str, int] = {}
        self.count = 0
        self.days: set[date] = {day}
        self.lines_before = 0  # in the files of the same zip that were read before this one
        self.lines = 0  # so many were read of this one
        self._width = 0

    @property
    def sha1(self) -> str:
        return self._unpacked.sha1

    def batches(self) -> Iterator[Batch]:
        for block in self._unpacked.blocks():
            batch = [row for line in block.split(b"\n") if (row := self._read(line.removesuffix(b"\r")))]
            if batch:
                yield copied_text(batch)
        self.totals["count"] = self.count

    def _read(self, line: bytes) -> tuple[str, ...] | None:
        self.lines += 1
        if not line:
            return None
        self.count += 1
        return self._row([line[start:end] for start, end in self._layout(line)])

    def _layout(self, line: bytes) -> list[tuple[int, int]]:
        """Where to cut: the finest layout of this width whose fields have a blank between them; a file has one width."""
        if self._width and len(line) != self._width:
            raise BillRefused(f"line {self.lines}: {len(line)} bytes instead of {self._width}")
        fitting = [cuts for cuts in map(_cuts, sorted(self.widths, key=len, reverse=True)) if cuts[-1][1] == len(line)]
        if not fitting:
            raise BillRefused(f"line {self.lines}: {len(line)} bytes is no width of this kind of file")
        self._width = len(line)
        for cuts in fitting:
            if all(line[end] == _BLANK for _start, end in cuts[:-1]):
                return cuts
        raise BillRefused(f"line {self.lines}: no blank between two columns: they have slipped")

    @abstractmethod
    def _row(self, fields: list[bytes]) -> tuple[str, ...]: ...

    @property
    def _line_no(self) -> str:
        return str(self.lines_before + self.lines)

    def _add(self, label: str, value: int) -> None:
        self.totals[label] = self.totals.get(label, 0) + value

    def _text(self, field: bytes) -> str:
        try:
            return field.decode("gb18030").strip().replace("\t", " ")
        except UnicodeDecodeError as error:
            raise BillRefused(f"line {self.lines}: {field!r} isn't GBK") from error

    def _digits(self, field: bytes) -> int:
        if not field.isdigit():
            raise BillRefused(f"line {self.lines}: {field!r} is no number")
        return int(field)

    def _signed(self, field: bytes) -> int:
        """C: credited to the merchant, D: debited."""
        if field[:1] not in (b"C", b"D") or not field[1:].isdigit():
            raise BillRefused(f"line {self.lines}: {field!r} is no signed amount")
        return int(field[1:]) * (1 if field[:1] == b"C" else -1)

    def _moment(self, field: bytes) -> datetime:
        """MMDDhhmmss; a line of late December in a file of January is of the year before."""
        text = self._text(field)
        year = self._day.year - (text[:2] == "12" and self._day.month == 1)
        try:
            return datetime.strptime(f"{year}{text}", "%Y%m%d%H%M%S").replace(tzinfo=clock.SHANGHAI)
        except ValueError as error:
            raise BillRefused(f"line {self.lines}: {text!r} is no time") from error


def _cuts(widths: tuple[int, ...]) -> list[tuple[int, int]]:
    cuts, at = [], 0
    for width in widths:
        cuts.append((at, at + width))
        at += width + 1
    return cuts


class ZM(_Fixed):
    widths = _ZM

    def _row(self, fields: list[bytes]) -> tuple[str, ...]:
        where, text = f"line {self.lines}", self._text
        kind = text(fields[19])
        if kind not in _PAYS | _BACK:
            raise BillRefused(f"{where}: transaction type {kind!r} isn't known")
        back = kind in _BACK
        amount, fee, settled = self._digits(fields[6]), self._signed(fields[15]), self._signed(fields[16])
        if settled != (-amount if back else amount) + fee:
            raise BillRefused(f"{where}: amount {amount}, fee {fee} and net {settled} don't agree")
        merchant = text(fields[27])
        if self._merchant and merchant != self._merchant:
            raise BillRefused(f"{where}: merchant {merchant} in a file of {self._merchant}")
        at, order_no, own = self._moment(fields[4]), text(fields[11]), text(fields[9])
        self._add("refunded" if back else "paid", amount)
        self._add("fee_e5", -fee * 1000)
        self._add("net", settled)
        if not back:
            return ("pay", at.isoformat(), merchant, own, order_no, "", "", "SUCCESS", "CNY", str(amount), str(-fee * 1000),
                    self._line_no)  # fmt: skip
        first = text(fields[40]) if len(fields) > 41 else ""  # the older layout doesn't say which order a refund is of
        return ("refund", at.isoformat(), merchant, text(fields[26]) or own, first, order_no, own, "SUCCESS", "CNY", str(amount),
                str(-fee * 1000), self._line_no)  # fmt: skip


class ZME(_Fixed):
    """Errors that UnionPay put right: what is credited or debited without a payment or refund of ours.

    Such a line has no number of ours, so that each is a difference: a person must say what it was for (D1, D8).
    """

    widths = {_ZME}

    def _row(self, fields: list[bytes]) -> tuple[str, ...]:
        net, at = self._signed(fields[15]), self._moment(fields[4])
        own = f"{self._text(fields[0])}-{self._text(fields[3])}-{self._line_no}"
        self._add("corrected_in" if net > 0 else "corrected_out", abs(net))
        kind, back = ("pay", "") if net > 0 else ("refund", own)
        return (kind, at.isoformat(), self._merchant, own, own, "", back, "SUCCESS", "CNY", str(abs(net)), "0",
                self._line_no)  # fmt: skip


class ACOMN(_Fixed):
    """What the acquirer settled: cards at the desk's terminals."""

    widths = {_ACOMN}

    def _row(self, fields: list[bytes]) -> tuple[str, ...]:
        text = self._text
        message, code = text(fields[8]), text(fields[9])
        back = code[:2] == "20" or message[:2] == "04"
        if not back and code[:2] != "00":
            raise BillRefused(f"line {self.lines}: transaction {message} {code} isn't known")
        amount, at = self._digits(fields[5]), self._moment(fields[3])
        fee = (self._fee(fields[21]) - self._fee(fields[20])) * 1000
        reference, order_no = text(fields[13]), text(fields[36]) or text(fields[13])
        self._add("refunded" if back else "paid", amount)
        self._add("fee_e5", fee)
        return ("refund" if back else "pay", at.isoformat(), text(fields[12]), reference, order_no, order_no if back else "",
                reference if back else "", "SUCCESS", "CNY", str(amount), str(fee), self._line_no)  # fmt: skip

    def _fee(self, field: bytes) -> int:
        """Signed by C or D, or plain digits."""
        return abs(self._signed(field)) if field[:1] in b"CD" else self._digits(field)
