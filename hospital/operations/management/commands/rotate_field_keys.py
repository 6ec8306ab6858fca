"""Write every encrypted value again under the first key of FIELD_KEYS, in small batches, while the house works.

Put the new key in front of FIELD_KEYS, restart, run this as the owning role; when it answers `left: 0` the old key
may go. Tables that only grow keep what was written under the old key: then the old key must stay.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from psycopg2 import sql

from hospital.kit import crypto
from hospital.kit.append_only import AppendOnly
from hospital.kit.fields import EncryptedTextField
from hospital.operations.commands import HouseCommand


def encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


class Command(HouseCommand):
    help = "Re-encrypt identity fields under the writing key (SEC-06)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--batch", type=int, default=500, help="rows that one transaction holds")

    def handle(self, *args: Any, **options: Any) -> None:
        rewritten, left = {}, {}
        for model, field in encrypted_columns():
            name = f"{model._meta.db_table}.{field.column}"
            if not issubclass(model, AppendOnly):
                rewritten[name] = _rewrite(model, field, options["batch"])
            left[name] = _count_old(model, field)
            self.progress(options, f"{name}: {rewritten.get(name, 0)} rewritten, {left[name]} left under an older key")
        result = {"key": crypto.writing_key_id(), "rewritten": rewritten, "left": sum(left.values())}
        self.answer(options, result, f"left: {result['left']}")


_COUNT = sql.SQL("SELECT count(*) FROM {table} WHERE {column} <> '' AND NOT starts_with({column}, %s)")
_BATCH = sql.SQL(
    "SELECT {pk}, {column} FROM {table} WHERE {column} <> '' AND NOT starts_with({column}, %s) AND {pk} > %s "
    "ORDER BY {pk} LIMIT %s"
)
_UPDATE = sql.SQL("UPDATE {table} SET {column} = %s WHERE {pk} = %s AND {column} = %s")


def _about(query: sql.SQL, model: type[models.Model], field: EncryptedTextField) -> sql.Composed:
    key = model._meta.pk
    assert key is not None and key.column is not None and field.column is not None
    return query.format(
        table=sql.Identifier(model._meta.db_table),
        column=sql.Identifier(field.column),
        pk=sql.Identifier(key.column),
    )


def _count_old(model: type[models.Model], field: EncryptedTextField) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_about(_COUNT, model, field), [f"{crypto.writing_key_id()}:"])
        return int(cursor.fetchone()[0])


def _rewrite(model: type[models.Model], field: EncryptedTextField, batch: int) -> int:
    """Answers how many values were written again. A row that changes meanwhile was written under the new key itself."""
    key, done, after = f"{crypto.writing_key_id()}:", 0, -(2**63)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_about(_BATCH, model, field), [key, after, batch])
            rows = cursor.fetchall()
            for pk, old in rows:
                new = crypto.encrypt(crypto.decrypt(old, purpose=field.purpose), purpose=field.purpose)
                cursor.execute(_about(_UPDATE, model, field), [new, pk, old])
                done += cursor.rowcount
        if not rows:
            return done
        after = rows[-1][0]
