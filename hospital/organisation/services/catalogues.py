"""Bringing catalogues of codes in and keeping single codes."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from hospital.audit import services as audit
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry
from hospital.people.models import Account

from ..catalogues import storing
from ..catalogues.carried import CARRIED
from ..catalogues.reading import Reading, read
from ..catalogues.storing import Counts, Difference
from ..errors import CatalogueRefused, CatalogueShrinks
from ..models import CatalogueImport, Concept
from ..parameters import MOST_RETIRED_PERCENT


@dataclass(frozen=True, slots=True)
class ImportResult:
    system: str
    file_name: str
    encoding: str
    rows: int
    merged: int
    counts: Counts

    def as_dict(self) -> dict[str, Any]:
        return {
            "system": self.system, "file": self.file_name, "encoding": self.encoding, "rows": self.rows,
            "merged": self.merged, **asdict(self.counts),
        }  # fmt: skip


def _result(system: str, file_name: str, reading: Reading, difference: Difference) -> ImportResult:
    return ImportResult(system, file_name, reading.encoding, reading.rows, reading.merged, difference.counts)


def catalogue_preview(
    *, system: str, file_name: str, raw: bytes, partial: bool = False
) -> tuple[ImportResult, Reading]:
    """What an import would do, and what is wrong with the file; writes nothing."""
    reading = read(system, raw)
    difference = storing.compare(system, reading.lines, source=file_name, partial=partial)
    return _result(system, file_name, reading, difference), reading


@entry
def catalogue_import(
    *,
    actor: Actor,
    system: str,
    file_name: str,
    raw: bytes,
    source: str,
    at: datetime,
    partial: bool = False,
    allow_retire: bool = False,
) -> ImportResult:
    """Bring a file in as a whole or not at all; the same file again changes nothing.

    Codes that the file doesn't name are retired, unless it is `partial`. Raises CatalogueRefused with every wrong
    line, and CatalogueShrinks when more codes would be retired than an edition ever drops, unless `allow_retire`.
    """
    reading = read(system, raw)
    if reading.errors:
        raise CatalogueRefused(reading.errors)
    with connection.cursor() as cursor:  # two imports at once would both find a code new
        cursor.execute(f"LOCK TABLE {connection.ops.quote_name(Concept._meta.db_table)} IN SHARE ROW EXCLUSIVE MODE")
    active = Concept.objects.filter(system=system, is_active=True).count()
    difference = storing.compare(system, reading.lines, source=source, partial=partial)
    retired = len(difference.retired)
    if retired * 100 > active * MOST_RETIRED_PERCENT.at(at) and not allow_retire:
        raise CatalogueShrinks(retired=retired, active=active)
    account = Account.objects.filter(pk=actor.account_id).first() if actor.account_id else None
    storing.store(difference, at=at, account=account)
    result = _result(system, file_name, reading, difference)
    counts = asdict(result.counts)
    run = CatalogueImport.objects.create(
        system=system, file_name=file_name[:200], sha256=hashlib.sha256(raw).hexdigest(), source=source, at=at,
        account=account, rows=result.rows, **counts,
    )  # fmt: skip
    audit.record(actor, "catalogue.import", at=at, subject=run)
    return result


def carried_load(
    *, actor: Actor, at: datetime, systems: Sequence[str] | None = None, again: bool = False
) -> Iterator[dict[str, Any]]:
    """Bring in the catalogues that the product carries, each in a transaction of its own; answers what each did.

    A file that came in before is left alone unless `again`: what the hospital changed since is the hospital's.
    """
    for carried in CARRIED:
        if systems is not None and carried.system not in systems:
            continue
        raw = carried.path.read_bytes()
        known = CatalogueImport.objects.filter(system=carried.system, sha256=hashlib.sha256(raw).hexdigest())
        if known.exists() and not again:
            yield {"system": carried.system.value, "file": carried.file_name, "loaded": "before"}
            continue
        yield catalogue_import(
            actor=actor, system=carried.system, file_name=carried.file_name, raw=raw, source=carried.source, at=at
        ).as_dict()


@entry
def concept_save(*, actor: Actor, concept: Concept, at: datetime, reason: str = "") -> Concept:
    """Store a code that an administrator entered or changed, with the columns that searching needs."""
    storing.derive(concept)
    if concept.pk is None:
        concept.save()
    else:
        concept.save(update_fields=["system", "code", "display", "properties", "is_active", "source", *storing.DERIVED])
    audit.record(actor, "concept.save", at=at, subject=concept, reason=reason)
    return concept
