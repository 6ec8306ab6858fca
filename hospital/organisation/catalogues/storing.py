"""Bringing read concepts into the table: compare, then add, change and retire. Nothing is ever deleted."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from hospital.people.models import Account

from .. import names
from ..models import Concept
from .shapes import Line


@dataclass(frozen=True, slots=True)
class Counts:
    new: int = 0
    changed: int = 0
    same: int = 0
    retired: int = 0


def derive(concept: Concept) -> None:
    """Fill the columns that searching needs from display and aliases."""
    aliases = [str(alias) for alias in concept.properties.get("aliases", [])]
    texts = [concept.display, *aliases]
    concept.folded = " ".join(dict.fromkeys(filter(None, map(names.fold, texts))))
    concept.grams = names.grams(concept.folded)
    concept.pinyin, concept.initials = names.sounds(texts)


DERIVED = ["folded", "grams", "pinyin", "initials"]


@dataclass(slots=True)
class Difference:
    """What a file would change in a catalogue."""

    new: list[Concept]
    changed: list[Concept]
    retired: list[Concept]
    same: int

    @property
    def counts(self) -> Counts:
        return Counts(len(self.new), len(self.changed), self.same, len(self.retired))


def compare(system: str, lines: dict[str, Line], *, source: str, partial: bool) -> Difference:
    """`partial`: the file is not the whole catalogue, so what it doesn't name stays as it is."""
    difference = Difference([], [], [], 0)
    stored = {concept.code: concept for concept in Concept.objects.filter(system=system).defer(*DERIVED)}
    for code, line in lines.items():
        concept = stored.pop(code, None)
        wanted = (line.display, line.properties, line.is_active)
        if concept is None:
            difference.new.append(
                Concept(
                    system=system, code=code, display=line.display, properties=line.properties,
                    is_active=line.is_active, source=source,
                )
            )  # fmt: skip
        elif (concept.display, concept.properties, concept.is_active) == wanted:
            difference.same += 1
        else:
            concept.display, concept.properties, concept.is_active = wanted
            concept.source = source
            difference.changed.append(concept)
    if not partial:
        difference.retired = [concept for concept in stored.values() if concept.is_active]
        for concept in difference.retired:
            concept.is_active = False
    return difference


def store(difference: Difference, *, at: datetime, account: Account | None) -> None:
    """Write a difference. The history keeps each change of a code; its first edition is in the code's own row."""
    _copy(difference.new)
    for concept in difference.changed:
        derive(concept)
    fields = ["display", "properties", "is_active", "source"]
    Concept.objects.bulk_update(difference.changed, [*fields, *DERIVED], batch_size=1000)
    Concept.objects.bulk_update(difference.retired, ["is_active"], batch_size=5000)
    Concept.history.bulk_history_create(
        [*difference.changed, *difference.retired], update=True, default_user=account, default_date=at, batch_size=2000
    )


_COLUMNS = ["system", "code", "display", "properties", "is_active", "source", *DERIVED]


def _copy(concepts: Iterable[Concept]) -> None:
    """Add rows by COPY: a catalogue has tens of thousands."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for concept in concepts:
        derive(concept)
        grams = "{" + ",".join(concept.grams) + "}"  # letters and digits only, so nothing needs quoting
        writer.writerow(
            [concept.system, concept.code, concept.display, json.dumps(concept.properties, ensure_ascii=False),
             "t" if concept.is_active else "f", concept.source, concept.folded, grams, concept.pinyin, concept.initials]
        )  # fmt: skip
    out.seek(0)
    table = connection.ops.quote_name(Concept._meta.db_table)
    columns = ", ".join(map(connection.ops.quote_name, _COLUMNS))
    force = ", ".join(map(connection.ops.quote_name, ["folded", "pinyin", "initials"]))
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({force}))", out)
        cursor.execute(f"ANALYZE {table}")  # the planner's picture of an empty table would cost each search seconds
