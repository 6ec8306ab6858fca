"""Who has which place is looked up in an index of the taken ones alone.

The index of all places held the free ones too, all of them under "nobody": by statistics of yesterday, when everything was
sold, PostgreSQL took it for the shortest way to a free place and walked all free places of the house. Made while the house
goes on working, and again from where it was killed.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

_TAKEN = "appointments_place_taken"


def make_index(apps: Any, editor: Any) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [_TAKEN])
        there = cursor.fetchone()
        if there == (False,):  # killed while it was made
            cursor.execute(f"DROP INDEX CONCURRENTLY {_TAKEN}")
        if there != (True,):
            cursor.execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {_TAKEN} ON appointments_place (booking_id) WHERE booking_id IS NOT NULL"
            )


def drop_index(apps: Any, editor: Any) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_TAKEN}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("appointments", "0006_desk")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="place",
                    name="booking",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="appointments.booking",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="place",
                    constraint=models.UniqueConstraint(
                        condition=Q(booking__isnull=False), fields=("booking",), name=_TAKEN
                    ),
                ),
            ],
            database_operations=[
                migrations.RunPython(make_index, drop_index),
                migrations.RunSQL(
                    # Who can't have the table for a moment within two seconds leaves it to everybody else, and is run again.
                    [
                        "SET lock_timeout = '2s'",
                        "ALTER TABLE appointments_place DROP CONSTRAINT IF EXISTS appointments_place_booking_id_key",
                        "RESET lock_timeout",
                    ],
                    "ALTER TABLE appointments_place ADD CONSTRAINT appointments_place_booking_id_key UNIQUE (booking_id)",
                ),
            ],
        ),
    ]
