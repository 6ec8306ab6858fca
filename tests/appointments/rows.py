"""What a request left behind: every row that a hold may write, so that two ways to ask can be held against each other."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection, transaction

T = TypeVar("T")
Rows = dict[str, list[dict[str, Any]]]

_TABLES = (
    "appointments_booking", "appointments_place", "appointments_notice", "appointments_waiting", "billing_charge",
    "billing_chargeline", "billing_notice", "audit_statuschange", "audit_entry", "audit_idempotentreply", "people_attempt",
    "messaging_message", "organisation_carerelation", "django_session",
)  # fmt: skip
_OF_THE_RUN = {"request_id", "xid", "session_data"}


def left_behind(act: Callable[[], T]) -> tuple[T, Rows]:
    """What `act` answers and every row that is there after it; then all of it is undone. Ids begin at the same number."""
    undone = transaction.atomic()
    undone._from_testcase = True  # a verb of its own transaction may begin one inside
    with undone:
        _number_anew()
        answer = act()
        rows = {table: _rows(table) for table in _TABLES}
        transaction.set_rollback(True)
    return answer, rows


def _number_anew() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE data_type = 'bigint'::regtype ORDER BY 1"
        )
        for turn, (name,) in enumerate(cursor.fetchall()):
            cursor.execute(f"ALTER SEQUENCE {name} RESTART WITH {10**7 * (turn + 1)}")


def _rows(table: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        order = "session_key" if table == "django_session" else "id"
        cursor.execute(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY {order}")
        rows = [json.loads(row) if isinstance(row, str) else row for (row,) in cursor.fetchall()]
    return [{name: value for name, value in row.items() if name not in _OF_THE_RUN} for row in rows]
