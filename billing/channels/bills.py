"""Reading the bills of channels: what every reader has in common, whatever the channel's own format.

A reader goes through the file once, in blocks, and never holds more than a block. Only when the last block has been
read are its `totals` proved; whoever stores lines before that must be ready to throw them away (`bill_import` does it
by its transaction). A file that isn't believed is refused whole: there is no half a bill (PAY-06, G08).
"""

import codecs
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO, Protocol

from hospital.kit import clock
from hospital.kit.money import parse_yuan

BLOCK = 1 << 17  # so small that PostgreSQL stores one while the next is read
MOST_UNPACKED = 4 << 30  # what unpacks to more than this is no bill but an attack on the memory

TRADE_COLUMNS = (
    "kind", "at", "merchant", "transaction_id", "order_no", "refund_no", "channel_refund_id", "status", "currency",
    "amount", "fee_e5", "line_no",
)  # fmt: skip
INSURER_COLUMNS = (*TRADE_COLUMNS, "fund", "personal", "own_cash")
FUND_COLUMNS = ("at", "business_no", "order_no", "flow_no", "business", "amount", "balance", "line_no")

Batch = bytes  # lines as COPY reads them, in the order of the reader's columns


class BillRefused(Exception):
    """The file isn't believed, as a whole. `reason` says why, in words that the finance office reads."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def unzipped(source: BinaryIO) -> zipfile.ZipFile:
    """A zip whose every member is whole and of a believable size. Raises BillRefused."""
    try:
        archive = zipfile.ZipFile(source)
        if sum(one.file_size for one in archive.infolist()) > MOST_UNPACKED:  # asked before anything is unpacked
            raise BillRefused("the file unpacks to more than 4 GB")
        damaged = archive.testzip()
    # The last of them: packed in a way that can't be undone here.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise BillRefused("the zip is damaged") from error
    if damaged is not None:
        raise BillRefused("the zip is damaged")
    return archive


class Reader(Protocol):
    """`totals`, `count`, `days` and `sha1` are complete, and proved, when `batches` has ended without BillRefused."""

    totals: dict[str, int]  # fen; fees in hundred-thousandths of a yuan
    count: int
    days: set[date]

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def sha1(self) -> str:
        """Of the unpacked bytes, as channels compute it."""
        ...

    def batches(self) -> Iterator[Batch]: ...


MakeReader = Callable[[BinaryIO, str, date | None], Reader]  # the file, its name, the day that was asked for


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a trade bill in Python's own types, for those who read a few."""

    kind: str
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
    line_no: int


def line_of(row: tuple[str, ...]) -> Line:
    return Line(
        row[0], datetime.fromisoformat(row[1]), row[2], row[3], row[4], row[5], row[6], row[7], row[8], int(row[9]),
        int(row[10]), int(row[11]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bill:
    """A small bill as a whole."""

    rows: list[tuple[str, ...]]
    totals: dict[str, int]

    @property
    def lines(self) -> list[Line]:
        return [line_of(row) for row in self.rows]


def read_all(reader: Reader) -> Bill:
    lines = [line for batch in reader.batches() for line in batch.decode().removesuffix("\n").split("\n")]
    rows = [tuple(field.replace("\\\\", "\\") for field in line.split("\t")) for line in lines]
    return Bill(rows, reader.totals)


def copied(rows: Iterable[tuple[bytes, ...]]) -> Batch:
    """Rows for COPY. No value holds a tab or a line's end; what is left to escape are back-slashes."""
    lines = b"\n".join(map(b"\t".join, rows)) + b"\n"
    return lines.replace(b"\\", b"\\\\")


def copied_text(rows: Iterable[tuple[str, ...]]) -> Batch:
    return copied([("\t".join(row).encode(),) for row in rows])


class Unpacked:
    """The bytes of a bill in blocks that end at a line's end; a gzip is opened on the way, the SHA1 taken."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._sha1 = hashlib.sha1(usedforsecurity=False)  # the channels' own checksum
        self._size = 0

    @property
    def sha1(self) -> str:
        return self._sha1.hexdigest()

    def _pieces(self) -> Iterator[bytes]:
        first = self._source.read(BLOCK)
        if first[:2] != b"\x1f\x8b":
            while first:
                yield first
                first = self._source.read(BLOCK)
            return
        unzip = zlib.decompressobj(wbits=31)
        try:
            while first:
                piece = unzip.decompress(first, BLOCK)
                yield piece
                first = unzip.unconsumed_tail or self._source.read(BLOCK)
            yield unzip.flush()
        except zlib.error as error:
            raise BillRefused("the gzip is damaged") from error
        if not unzip.eof or unzip.unused_data:
            raise BillRefused("the gzip is damaged")

    def blocks(self) -> Iterator[bytes]:
        rest = b""
        for piece in self._pieces():
            self._sha1.update(piece)
            self._size += len(piece)
            if self._size > MOST_UNPACKED:
                raise BillRefused("the file unpacks to more than 4 GB")
            end = piece.rfind(b"\n") + 1
            if not end:
                rest += piece
                continue
            yield rest + piece[:end]
            rest = piece[end:]
        if rest:
            yield rest


def checked(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The same blocks, known to be text in this encoding; the byte order mark of the first is taken off."""
    offset = 0
    for number, block in enumerate(blocks):
        marked = encoding == "utf-8" and not number
        try:
            block.decode("utf-8-sig" if marked else encoding)
        except UnicodeDecodeError as error:
            raise BillRefused(f"the file isn't {encoding.upper()} (byte {offset + error.start})") from error
        if b"\0" in block:
            raise BillRefused("the file holds NUL bytes")
        offset += len(block)
        yield block.removeprefix(codecs.BOM_UTF8) if marked else block


def decoded(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Text of each block."""
    return (block.decode(encoding) for block in checked(blocks, encoding))


# --- Values -------------------------------------------------------------------------------------------------------
def e5_of(text: str, where: str) -> int:
    """Yuan with up to five decimals, counted in hundred-thousandths."""
    whole, _dot, rest = text.partition(".")
    if len(rest) == 5 and (digits := whole + rest).isascii() and digits.isdigit():  # as nearly all are
        return int(digits)
    try:
        value = Decimal(text or "0") * 100_000
    except InvalidOperation as error:
        raise BillRefused(f"{where}: {text!r} is no amount") from error
    if not value.is_finite() or value != value.to_integral_value():
        raise BillRefused(f"{where}: {text!r} has more than five decimals")
    return int(value)


def fen_of(text: str, where: str) -> int:
    whole, _dot, rest = text.partition(".")
    if len(rest) == 2 and len(text) < 18 and (digits := whole + rest).isascii() and digits.isdigit():
        return int(digits)
    try:
        fen = parse_yuan(text or "0")
    except ValueError as error:
        raise BillRefused(f"{where}: {text!r} is no amount in yuan") from error
    if abs(fen) >= 1 << 62:
        raise BillRefused(f"{where}: {text!r} is no amount in yuan")
    return fen


def moment_of(text: str, where: str) -> datetime:
    """An instant of Shanghai's wall clock; old bills write full-width colons."""
    text = text.replace("：", ":")
    try:
        if len(text) != 19 or text[10] != " ":
            raise ValueError(text)
        return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)
    except ValueError as error:
        raise BillRefused(f"{where}: {text!r} is no time") from error


def same(totals: dict[str, int], label: str, name: str, said: int, added: int) -> None:
    """A figure of the footer is what the lines add up to."""
    if said != added:
        raise BillRefused(f"the footer says {name} {said}, the lines add up to {added}")
    totals[label] = said


def no_column_missing(header: list[str], needed: Iterable[str]) -> None:
    if missing := [name for name in needed if name not in header]:
        raise BillRefused(f"columns are missing: {', '.join(missing)}")
    if len(set(header)) != len(header):
        raise BillRefused("a column stands twice")
