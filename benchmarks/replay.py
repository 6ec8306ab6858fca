"""The SQL of a hold without the product: recorded once from the verb, sent again with the ids that the database gives now."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any

FIRST_ID = 10**9  # ids of the benchmark's database begin here, so that a replay knows them among other numbers
Statement = tuple[str, Any, list[Any]]  # SQL, parameters, first row that it returned
Hold = list[Statement]


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
        self.made: Hold = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        cursor, row = context["cursor"].cursor, []
        if "RETURNING" in sql:
            row = list(cursor.fetchone() or [])
            cursor.scroll(0, mode="absolute")
        self.made.append((sql, _plain(params), row))
        return result


def recorded_hold(client: Any, actor: Any, patient_id: int, session_id: int, period_id: int) -> Hold:
    """All the SQL of one request that holds a place: what comes before the verb, and the verb itself, rolled back.

    The first part is recorded from a request that asks for a period that doesn't exist: it is refused right before the verb.
    """
    from django.db import connection, transaction

    from appointments import services
    from hospital.kit import clock

    recorder = _Recorder()
    with connection.execute_wrapper(recorder):
        client.post(f"/book/{session_id}/", {"patient": patient_id, "period": 2**62})
    before = [one for one in recorder.made if one[0].startswith("SELECT")]  # not the audit line of the refusal
    recorder.made.clear()
    try:
        with transaction.atomic():
            with connection.execute_wrapper(recorder):
                services.booking_hold_within(actor=actor, patient_id=patient_id, period_id=period_id, at=clock.now())
            raise InterruptedError
    except InterruptedError:
        return before + recorder.made


def recorded_read(read: Callable[[], Any]) -> Hold:
    """All the SQL with which a page or an answer of the API reads."""
    from django.db import connection

    recorder = _Recorder()
    with connection.execute_wrapper(recorder):
        read()
    return [one for one in recorder.made if one[0].lstrip().startswith("SELECT")]


def _plain(params: Any) -> Any:
    """Parameters that a process without the product can read: JSON as its text, a choice as its bare value."""
    from psycopg2.extras import Json

    def plain(value: Any) -> Any:
        if isinstance(value, Json):
            return value.dumps(value.adapted)
        if isinstance(value, Enum):
            return value.value
        return [plain(one) for one in value] if isinstance(value, list) else value

    return _each(params, plain)


def _each(params: Any, change: Callable[[Any], Any]) -> Any:
    """Parameters by place or by name, each changed."""
    if isinstance(params, Mapping):
        return {name: change(value) for name, value in params.items()}
    return params and tuple(change(value) for value in params)


def replay(cursor: Any, hold: Hold) -> None:
    """Send the statements of a hold; ids that the database gives now replace those that it gave then."""
    now: dict[int, int] = {}

    def fresh(value: Any) -> Any:
        return now.get(value, value) if type(value) is int else value

    for sql, params, then in hold:
        cursor.execute(sql, _each(params, fresh))
        if then:
            row = cursor.fetchone()
            now |= {old: new for old, new in zip(then, row, strict=True) if type(old) is int and old >= FIRST_ID}


def bare_rate(url: str, holds: Sequence[Hold], callers: int) -> float:
    """Holds per second by psycopg2 alone, over so many connections that stand before the clock starts."""
    import psycopg2

    connections = [psycopg2.connect(url) for _ in range(callers)]
    gate = threading.Barrier(callers + 1)

    def work(turn: int) -> None:
        gate.wait()
        for hold in holds[turn::callers]:
            with connections[turn].cursor() as cursor:
                replay(cursor, hold)
            connections[turn].commit()

    with ThreadPoolExecutor(callers) as pool:
        jobs = [pool.submit(work, turn) for turn in range(callers)]
        gate.wait()
        started = time.perf_counter()
        for job in jobs:
            job.result()
        took = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return len(holds) / took
