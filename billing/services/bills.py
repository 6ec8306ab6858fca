"""Bills of channels: taken in whole or not at all, fetched on T+1 (PAY-06, G08)."""

import hashlib
import io
import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.actor import Actor, system
from hospital.kit.problems import Problem
from hospital.kit.transactions import entry

from ..channels import base
from ..channels.wechat import bill as wechat_bill
from ..models import BillFetch, BillFile, Channel
from ..parameters import BILL_FROM_HOUR, BILL_UNTIL_HOUR
from .recon import recon_run

log = logging.getLogger(__name__)
ROBOT = system("billing.bills")
TRY_AGAIN = timedelta(minutes=30)
_PARSERS = {Channel.WECHAT: wechat_bill.parse}


class FileRefused(Problem):
    code = "PAY-06-file-refused"
    status = 422
    title = _("The bill was refused whole: %(reason)s")
    next_step = _("Fetch the file from the channel again; nothing of it was stored.")


@entry
def bill_import(
    *, actor: Actor, channel: str, raw: bytes, name: str, at: datetime, day: date | None = None, source: str = "upload"
) -> tuple[BillFile, bool]:
    """Store a bill with its lines, once; answers (file, new). Raises FileRefused with the reason, and stores nothing.

    The day is that of its lines (they must agree); a bill without lines needs `day`.
    """
    digest = hashlib.sha256(raw).hexdigest()
    try:
        bill = _PARSERS[Channel(channel)](raw)
        day = _day_of(bill.lines, day)
    except wechat_bill.BillRefused as refusal:
        raise FileRefused(reason=refusal.reason) from refusal
    known = BillFile.objects.filter(channel=channel, day=day, sha256=digest).first()
    if known is not None:
        return known, False
    file = BillFile.objects.create(
        channel=channel, day=day, name=name[:200], source=source, sha256=digest, raw=raw, received_at=at,
        sha1=hashlib.sha1(wechat_bill.unpacked(raw)).hexdigest(),  # noqa: S324 - the channel's own checksum
        row_count=len(bill.lines), totals=bill.totals,
    )  # fmt: skip
    _copy_lines(file, bill.lines)
    audit.record(actor, "bill_file.import", at=at, subject=file)
    return file, True


def _day_of(lines: Iterable[wechat_bill.Line], day: date | None) -> date:
    days = {clock.business_day(line.at) for line in lines}
    if day is not None:
        days.add(day)
    if not days:
        raise wechat_bill.BillRefused("a bill without lines needs its day")
    if len(days) > 1:
        raise wechat_bill.BillRefused(f"lines of several days: {', '.join(str(one) for one in sorted(days)[:3])}")
    return days.pop()


_COLUMNS = ["kind", "at", "merchant", "transaction_id", "order_no", "refund_no", "channel_refund_id", "status", "currency",
            "amount", "fee_e5", "line_no"]  # fmt: skip


def _copy_lines(file: BillFile, lines: Iterable[wechat_bill.Line]) -> None:
    """COPY: a day of 100,000 lines in a second or two."""
    out = io.StringIO()
    for line in lines:
        values = [str(getattr(line, name)) if name != "at" else line.at.isoformat() for name in _COLUMNS]
        out.write("\t".join([str(file.pk), *map(_escaped, values)]) + "\n")
    out.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY billing_billline (file_id, {', '.join(_COLUMNS)}) FROM STDIN", out)


def _escaped(text: str) -> str:
    """As COPY's text format wants it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


# --- Fetching on T+1 ----------------------------------------------------------------------------------------------
def bills_fetch(*, at: datetime) -> int:
    """The sweep: from 10:00 get yesterday's bill of each channel, reconcile it; after 18:00 say that it is missing."""
    hour = clock.local(at).hour
    if hour < BILL_FROM_HOUR.at(at):
        return 0
    day = clock.business_day(at) - timedelta(days=1)
    return sum(_fetch(channel, day, at=at) for channel in base.channels())


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
        file, _new = bill_import(
            actor=ROBOT, channel=channel, raw=raw, name=f"{channel}-{day:%Y%m%d}.csv", at=at, day=day, source="download"
        )
    except base.NoBill:
        BillFetch.objects.filter(pk=fetch.pk).update(done_at=at, no_bill=True, last_error="")
        recon_run(actor=ROBOT, channel=channel, day=day, at=at)
        return 1
    except (base.BillNotReady, base.ChannelUnknown, base.ChannelRefused, FileRefused) as error:
        _missing(fetch.pk, day, str(getattr(error, "reason", "") or error) or type(error).__name__, at=at)
        return 1
    BillFetch.objects.filter(pk=fetch.pk).update(done_at=at, last_error="")
    recon_run(actor=ROBOT, channel=channel, day=day, at=at, file_id=file.pk)
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
