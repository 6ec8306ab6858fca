"""Bills of channels: taken in whole or not at all, fetched on T+1 (PAY-06, G08)."""

import gc
import hashlib
import io
import logging
import struct
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import BinaryIO

from django.db import DatabaseError, DataError, connection
from django.utils.translation import gettext_lazy as _

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor, system
from hospital.kit.problems import Problem
from hospital.kit.transactions import entry

from ..channels import base
from ..channels.alipay import bill as alipay_bill
from ..channels.bills import FUND_COLUMNS, BillRefused, MakeReader, Reader
from ..channels.insurance import bill as insurance_bill
from ..channels.unionpay import bill as unionpay_bill
from ..channels.wechat import bill as wechat_bill
from ..models import BillFetch, BillFile, BillPart, Channel
from ..parameters import BILL_FROM_HOUR, BILL_UNTIL_HOUR
from .recon import recon_again

log = logging.getLogger(__name__)
ROBOT = system("billing.bills")
TRY_AGAIN = timedelta(minutes=30)
STAY_WANTED = timedelta(days=30)
PART = 1 << 20
READERS: dict[str, MakeReader] = {
    Channel.WECHAT: wechat_bill.reader, Channel.ALIPAY: alipay_bill.reader, Channel.UNIONPAY: unionpay_bill.reader,
    Channel.INSURANCE: insurance_bill.reader,
}  # fmt: skip


class FileRefused(Problem):
    code = "PAY-06-file-refused"
    status = 422
    title = _("The bill was refused whole: %(reason)s")
    next_step = _("Fetch the file from the channel again; nothing of it was stored.")


@entry
def bill_import(
    *, actor: Actor, channel: str, raw: bytes | BinaryIO, name: str, at: datetime, day: date | None = None,
    source: str = "upload", sha1: str = "",
) -> tuple[BillFile, bool]:  # fmt: skip
    """Store a bill with its lines, once; answers (file, new). Raises FileRefused with the reason, and stores nothing.

    `raw` is read twice in blocks, so that a bill of any size needs the same memory. The day is that of its lines (they
    must agree); a bill without lines needs `day`. `sha1` is what the channel promised, when it did.
    """
    stream: BinaryIO = io.BytesIO(raw) if isinstance(raw, bytes) else raw
    digest, size = _digest(stream)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '600s'")  # a year's largest bill, not a request of a person
        # One at a time per channel: the same file sent twice at once is stored once.
        cursor.execute("SELECT pg_advisory_xact_lock(7202, hashtext(%s))", [channel])
    same_bytes = BillFile.objects.filter(channel=channel, sha256=digest)
    known = (same_bytes.filter(day=day) if day else same_bytes).defer("raw").first()
    if known is not None:
        return known, False
    try:
        reader = READERS[channel](stream, name, day)
        file_id = _next_id()
        _copy_lines(file_id, reader)
        if sha1 and reader.sha1 != sha1:
            raise BillRefused(f"the SHA1 is {reader.sha1}, the channel promised {sha1}")
        of = _day_of(reader.days, day)
    except BillRefused as refusal:
        raise FileRefused(reason=refusal.reason) from refusal
    _copy_parts(file_id, stream)
    file = BillFile.objects.create(
        pk=file_id, channel=channel, day=of, name=name[:200], source=source, sha256=digest, sha1=reader.sha1, size=size,
        received_at=at, row_count=reader.count, totals=reader.totals,
        kind=BillFile.Kind.FUND if reader.columns == FUND_COLUMNS else BillFile.Kind.TRADE,
    )  # fmt: skip
    audit.record(actor, "bill_file.import", at=at, subject=file)
    return file, True


def bill_bytes(file: BillFile) -> Iterator[bytes]:
    """The bytes of a bill as they came, in pieces."""
    if file.raw is not None:
        yield bytes(file.raw)
    for part in BillPart.objects.filter(file=file).order_by("number").iterator(chunk_size=4):
        yield bytes(part.body)


def _digest(stream: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    stream.seek(0)  # a verb that is tried again finds it at its end
    while piece := stream.read(PART):
        digest.update(piece)
        size += len(piece)
    stream.seek(0)
    return digest.hexdigest(), size


def _day_of(days: set[date], day: date | None) -> date:
    days = days | ({day} if day else set())
    if not days:
        raise BillRefused("a bill without lines needs its day")
    if len(days) > 1:
        raise BillRefused(f"lines of several days: {', '.join(str(one) for one in sorted(days)[:3])}")
    return days.pop()


def _next_id() -> int:
    """The file's row is written last, when everything is proved; its lines need its id before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('billing_billfile', 'id'))")
        return int(cursor.fetchone()[0])


class _Feed:
    """What COPY reads from: a generator as a file. An error of the generator is kept, for COPY hides it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._left = iter(pieces), memoryview(b"")
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        while not self._left:
            try:
                self._left = memoryview(next(self._pieces))
            except StopIteration:
                return b""
            except Exception as error:
                self.error = error
                raise
        piece, self._left = self._left[:size], self._left[size:]
        return bytes(piece)


def _copy(statement: str, pieces: Iterable[bytes]) -> None:
    feed = _Feed(pieces)
    with connection.cursor() as cursor:
        try:
            with connection.wrap_database_errors:
                cursor.copy_expert(statement, feed, 1 << 16)
        except DataError as error:
            raise BillRefused("a value is longer than any channel writes it") from error
        except DatabaseError as error:
            if feed.error is not None:
                raise feed.error from error
            raise


def _copy_lines(file_id: int, reader: Reader) -> None:
    """COPY: a million lines in seconds."""
    table = "billing_fundline" if reader.columns == FUND_COLUMNS else "billing_billline"

    def pieces() -> Iterator[bytes]:
        first = b"%d\t" % file_id
        for batch in reader.batches():
            yield first + batch[:-1].replace(b"\n", b"\n" + first) + b"\n"

    # The collector would walk through the whole application again and again for rows that are gone at once.
    gc.disable()
    try:
        _copy(f"COPY {table} (file_id, {', '.join(reader.columns)}) FROM STDIN", pieces())
    finally:
        gc.enable()


def _copy_parts(file_id: int, stream: BinaryIO) -> None:
    """The bytes as they came, in PostgreSQL's binary form: as text they would be twice as many."""

    def pieces() -> Iterator[bytes]:
        stream.seek(0)
        yield b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
        number = 0
        while body := stream.read(PART):
            yield struct.pack("!hiqiii", 3, 8, file_id, 4, number, len(body)) + body
            number += 1
        yield struct.pack("!h", -1)

    _copy("COPY billing_billpart (file_id, number, body) FROM STDIN (FORMAT binary)", pieces())


# --- Fetching on T+1 ----------------------------------------------------------------------------------------------
def bills_fetch(*, at: datetime) -> int:
    """The sweep: from 10:00 get yesterday's bill of each channel, reconcile it; after 18:00 say that it is missing.

    A bill that didn't come stays wanted for a month: a late one is fetched on whatever day the channel has it.
    """
    hour = clock.local(at).hour
    if hour < BILL_FROM_HOUR.at(at):
        return 0
    day = clock.business_day(at) - timedelta(days=1)
    late = BillFetch.objects.filter(done_at=None, day__lt=day, day__gte=day - STAY_WANTED, channel__in=base.channels())
    wanted = [*late.order_by("day").values_list("channel", "day"), *((channel, day) for channel in base.channels())]
    return sum(_fetch(channel, of, at=at) for channel, of in wanted)


def _fetch(channel: str, day: date, *, at: datetime) -> int:
    fetch, _made = BillFetch.objects.get_or_create(channel=channel, day=day, defaults={"next_try_at": at})
    if fetch.done_at is not None:
        return 0
    # Claimed by moving its next time: two workers never fetch the same bill at once.
    claimed = BillFetch.objects.filter(pk=fetch.pk, done_at=None, next_try_at__lte=at).update(
        next_try_at=at + TRY_AGAIN, attempts=fetch.attempts + 1
    )
    if not claimed:
        return 0
    try:
        raw = base.client(channel).bill(day)
        bill_import(
            actor=ROBOT, channel=channel, raw=raw, name=f"{channel}-{day:%Y%m%d}.csv", at=at, day=day, source="download"
        )
    except base.NoBill:
        BillFetch.objects.filter(pk=fetch.pk).update(done_at=at, no_bill=True, last_error="")
        recon_again(actor=ROBOT, channel=channel, day=day, at=at)
        return 1
    except (base.BillNotReady, base.ChannelUnknown, base.ChannelRefused, FileRefused) as error:
        _missing(fetch.pk, day, str(getattr(error, "reason", "") or error) or type(error).__name__, at=at)
        return 1
    BillFetch.objects.filter(pk=fetch.pk).update(done_at=at, last_error="")
    recon_again(actor=ROBOT, channel=channel, day=day, at=at)
    return 1


@entry
def _missing(fetch_id: int, day: date, error: str, *, at: datetime) -> None:
    fetch = BillFetch.objects.select_for_update(no_key=True).get(pk=fetch_id)
    fetch.last_error = error[:500]
    if clock.local(at).hour >= BILL_UNTIL_HOUR.at(at) and fetch.alarmed_at is None:
        fetch.alarmed_at = at
        log.error("the bill of %s for %s is still missing: %s", fetch.channel, day, error)
        audit.record(ROBOT, "bill_file.missing", at=at, subject=fetch, outcome="missing", reason=error)
    fetch.save(update_fields=["last_error", "alarmed_at"])
