"""The chain over the audit trail: seals that show any edit, deletion, insertion or exchange of lines (SEC-04, G10).

Writers never wait for the chain. Each line carries the id of its transaction; a sweep seals the lines of all
transactions older than the oldest one still running in a snapshot: no line can appear there any more. A seal is
the HMAC of those lines and of the seal before. What a chain can't show by itself, a tail cut off, is shown by anchors:
each seal's digest is appended to a file outside the database (settings.AUDIT_ANCHOR_FILE).
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from .models import Entry, Seal

log = logging.getLogger(__name__)

SWEEP = "audit.seal"
_LINES = 5_000  # of one seal, about
_LOCK = 0x5EA1  # advisory lock: one sealer at a time
_FIELDS = ("id", "at", "account_id", "staff_id", "roles", "service", "action", "subject_type", "subject_id",
           "patient_id", "outcome", "reason", "ip", "device", "request_id", "xid")  # fmt: skip


def _key() -> bytes:
    return hmac.new(settings.SIGNING_KEY.encode(), b"audit.seal", hashlib.sha256).digest()


def _digest(previous: str, from_xid: int, to_xid: int) -> tuple[str, int]:
    """HMAC over the seal before and every line in (from_xid, to_xid], and how many lines those are."""
    chain = hmac.new(_key(), f"{previous}|{from_xid}|{to_xid}".encode(), hashlib.sha256)
    lines = 0
    rows = Entry.objects.filter(xid__gt=from_xid, xid__lte=to_xid).order_by("xid", "pk").values_list(*_FIELDS)
    for row in rows.iterator(chunk_size=2_000):
        chain.update(json.dumps([_plain(value) for value in row], ensure_ascii=False).encode() + b"\n")
        lines += 1
    return chain.hexdigest(), lines


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _horizon() -> int:
    """Every transaction of this database below this id has ended.

    A snapshot lists the transactions in progress on the whole server; those that are seen to run in another database
    can't write here and don't hold the seals back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(min(running.id), max(pg_snapshot_xmax(now_.snapshot)::text::bigint))
            FROM (SELECT pg_current_snapshot() AS snapshot) AS now_
            LEFT JOIN LATERAL (
                SELECT listed::text::bigint AS id FROM pg_snapshot_xip(now_.snapshot) AS listed
                WHERE listed::text::bigint % 4294967296 NOT IN (
                    SELECT backend_xid::text::bigint FROM pg_stat_activity
                    WHERE backend_xid IS NOT NULL AND datname <> current_database()
                )
            ) AS running ON true
            GROUP BY now_.snapshot::text
            """
        )
        return int(cursor.fetchone()[0])


def seal_finished(*, at: datetime) -> int:
    """Sweep: seal what can be sealed; answers how many lines were."""
    sealed = 0
    while (lines := _seal_next(at)) > 0:
        sealed += lines
    if sealed:
        write_anchors()
    return sealed


def _seal_next(at: datetime) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return 0  # another process is sealing
        last = Seal.objects.order_by("-to_xid").first()
        from_xid, previous = (last.to_xid, last.digest) if last else (0, "")
        waiting = Entry.objects.filter(xid__gt=from_xid, xid__lt=_horizon()).order_by("xid")
        xids = list(waiting.values_list("xid", flat=True)[:_LINES])
        if not xids:
            return 0
        digest, lines = _digest(previous, from_xid, xids[-1])
        Seal.objects.create(at=at, from_xid=from_xid, to_xid=xids[-1], lines=lines, previous=previous, digest=digest)
        return lines


# --- Anchors ----------------------------------------------------------------------------------------------------


def _anchor_file() -> Path | None:
    return Path(settings.AUDIT_ANCHOR_FILE) if settings.AUDIT_ANCHOR_FILE else None


def anchors() -> Iterator[dict[str, Any]]:
    path = _anchor_file()
    if path is None or not path.exists():
        return
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def write_anchors() -> int:
    """Append the seals that the file doesn't have yet; a crash before this is made good by the next sweep."""
    known = max((anchor["to_xid"] for anchor in anchors()), default=0)
    rows = list(Seal.objects.filter(to_xid__gt=known).order_by("to_xid"))
    path = _anchor_file()
    for row in rows:
        log.info("audit seal %d to %d of %d lines %s", row.pk, row.to_xid, row.lines, row.digest)
    if path is not None and rows:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps({"seal": row.pk, "to_xid": row.to_xid, "digest": row.digest}) + "\n")
    return len(rows)


# --- Verification -----------------------------------------------------------------------------------------------


@dataclass
class Report:
    seals: int = 0
    lines: int = 0
    unsealed: int = 0
    anchors: int = 0
    faults: list[str] = field(default_factory=list)


def verify() -> Report:
    """Recompute the whole chain in one snapshot and compare it with the seals and with the anchors."""
    report = Report()
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not connection.atomic_blocks[:-1]:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        previous, from_xid = "", 0
        digests: dict[int, str] = {}
        for seal in Seal.objects.order_by("to_xid"):
            report.seals += 1
            if seal.previous != previous or seal.from_xid != from_xid:
                report.faults.append(f"seal {seal.pk} doesn't follow the one before: a seal was removed or put in")
            digest, lines = _digest(seal.previous, seal.from_xid, seal.to_xid)
            report.lines += lines
            if digest != seal.digest:
                found = f"{lines} lines where {seal.lines} were sealed" if lines != seal.lines else "a line was changed"
                report.faults.append(f"seal {seal.pk} is broken: {found}")
            previous, from_xid = seal.digest, seal.to_xid
            digests[seal.to_xid] = seal.digest
        report.unsealed = Entry.objects.filter(xid__gt=from_xid).count()
    for anchor in anchors():
        report.anchors += 1
        if digests.get(anchor["to_xid"]) != anchor["digest"]:
            report.faults.append(f"the anchor of seal {anchor['seal']} has no such seal: the trail was cut or replaced")
    return report
