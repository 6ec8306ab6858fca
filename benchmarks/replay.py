"""The SQL of a request without the product: recorded once from the whole request, sent again for other callers.

A recording has every statement as the database saw it, BEGIN, COMMIT and ROLLBACK among them, and the first row that each
returned. Sent again, what differs from caller to caller is replaced by value: what the caller gives (`given`: ids, cookie,
idempotency key) and the ids that the database gives now instead of those that it gave then.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

FIRST_ID = 10**9  # ids of the benchmark's database begin here, so that a replay knows them among other numbers
Statement = tuple[str, Any, list[Any]]  # SQL, parameters, first row that it returned
Recording = list[Statement]


def number_from_afar() -> None:
    """Every sequence gets a range of its own from FIRST_ID on."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) FROM pg_sequences "
            "WHERE data_type = 'bigint'::regtype"
        )
        for turn, (name,) in enumerate(cursor.fetchall()):
            cursor.execute(f"ALTER SEQUENCE {name} RESTART WITH {FIRST_ID * (turn + 1)}")


class _Recorder:
    """Keeps every statement that is sent, with what it returned."""

    def __init__(self) -> None:
        self.made: Recording = []
        self.is_open = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if context["connection"].in_atomic_block and not self.is_open:
            self.made.append(("BEGIN", None, []))
            self.is_open = True
        result = execute(sql, params, many, context)
        cursor, row = context["cursor"].cursor, []
        if cursor.description:
            row = list(cursor.fetchone() or [])
            if row:
                cursor.scroll(0, mode="absolute")
        self.made.append((sql, _plain(params), [one.value if isinstance(one, Enum) else one for one in row]))
        return result

    def ends(self, sql: str) -> None:
        if self.is_open:
            self.made.append((sql, None, []))
        self.is_open = False


@contextlib.contextmanager
def recording() -> Iterator[Recording]:
    """All the SQL that this thread sends meanwhile."""
    from django.db import connection

    recorder, commit, rollback = _Recorder(), connection._commit, connection._rollback  # type: ignore[attr-defined]

    def committed() -> None:
        recorder.ends("COMMIT")
        commit()

    def rolled_back() -> None:
        recorder.ends("ROLLBACK")
        rollback()

    connection._commit, connection._rollback = committed, rolled_back  # type: ignore[attr-defined]
    try:
        with connection.execute_wrapper(recorder):
            yield recorder.made
    finally:
        connection._commit, connection._rollback = commit, rollback  # type: ignore[attr-defined]


def recorded_read(read: Callable[[], Any]) -> Recording:
    """All the SQL of a page or an answer of the API, the line in the audit trail with its transaction included."""
    with recording() as made:
        read()
    return made


def _plain(params: Any) -> Any:
    """Parameters that a process without the product can read: JSON and addresses as text, a choice as its bare value."""
    from psycopg2.extras import Inet, Json

    def plain(value: Any) -> Any:
        if isinstance(value, Json):
            return value.dumps(value.adapted)
        if isinstance(value, Inet):
            return value.addr
        if isinstance(value, Enum):
            return value.value
        return [plain(one) for one in value] if isinstance(value, list) else value

    return each(params, plain)


def each(params: Any, change: Callable[[Any], Any]) -> Any:
    """Parameters by place or by name, each changed."""
    if isinstance(params, Mapping):
        return {name: change(value) for name, value in params.items()}
    return params and tuple(change(value) for value in params)


def replay(cursor: Any, recorded: Recording, given: Mapping[Any, Any]) -> None:
    """Send the statements again; values of `given` and ids that the database gives now replace what was then."""
    now = dict(given)

    def fresh(value: Any) -> Any:
        return now.get(value, value) if type(value) in (int, str) else value

    for sql, params, then in recorded:
        cursor.execute(sql, each(params, fresh))
        if then:
            row = cursor.fetchone()
            now |= {old: new for old, new in zip(then, row or (), strict=False) if type(old) is int and old >= FIRST_ID}
