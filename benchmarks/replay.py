"""The SQL of a hold without the product: recorded once from the verb, sent again with the ids that the database gives now."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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


def recorded_hold(actor: Any, patient_id: int, period_id: int) -> Hold:
    """The statements of one hold, with what they returned; rolled back."""
    from django.db import connection, transaction

    from appointments import services
    from hospital.kit import clock

    made: Hold = []

    def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        cursor, row = context["cursor"].cursor, []
        if "RETURNING" in sql:
            row = list(cursor.fetchone() or [])
            cursor.scroll(0, mode="absolute")
        made.append((sql, _plain(params), row))
        return result

    try:
        with transaction.atomic():
            with connection.execute_wrapper(record):
                services.booking_hold_within(actor=actor, patient_id=patient_id, period_id=period_id, at=clock.now())
            raise InterruptedError
    except InterruptedError:
        return made


def _plain(params: Any) -> Any:
    """Parameters that another process can read: JSON as its text."""
    from psycopg2.extras import Json

    return params and tuple(value.dumps(value.adapted) if isinstance(value, Json) else value for value in params)


def replay(cursor: Any, hold: Hold) -> None:
    """Send the statements of a hold; ids that the database gives now replace those that it gave then."""
    now: dict[int, int] = {}
    for sql, params, then in hold:
        cursor.execute(
            sql, params and tuple(now.get(value, value) if type(value) is int else value for value in params)
        )
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
