"""Tables that only grow: audit, ledger, signed records, status history.

The database itself refuses UPDATE and DELETE by a trigger, whoever asks; `manage.py db_grants` takes the rights away
from the application's role besides (guarantees of the ledger and of records rest on the database, not on us).
"""

from django.db import migrations, models

_FUNCTION = """
CREATE OR REPLACE FUNCTION kit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""


class AppendOnly(models.Model):
    """Mark of a table that only grows. Its migration must add `refuse_changes("<table>")`; a test checks that."""

    class Meta:
        abstract = True


def refuse_changes(table: str) -> migrations.RunSQL:
    """Migration operation: the trigger that refuses UPDATE and DELETE on `table`."""
    return migrations.RunSQL(
        sql=_FUNCTION + f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION kit_append_only();",
        reverse_sql=f"DROP TRIGGER {table}_append_only ON {table};",
    )
