"""How many places a second can be held, and is any sold twice?

    .venv/bin/python -m benchmarks.booking [--callers 24] [--days 4]

Starts a PostgreSQL (fsync on), a Redis and the web process of its own, measures, and leaves nothing behind. Prints one
JSON object. Speed is told as a ratio to the very same SQL statements sent by bare psycopg2 in the same run, because a
number of its own says more of the machine than of the product (README.md here).
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.http import Answer, Caller
from hospital.operations.house.demo import House
from hospital.operations.house.environment import python
from hospital.operations.house.layout import PROJECT, scratch_layout
from hospital.operations.house.speech import step
from hospital.operations.house.supervisor import Supervisor

PATIENTS, CROWD, PLACES = 300, 300, 20
Statement = tuple[str, Any, list[Any]]  # SQL, parameters, first row that it returned


# --- The same statements, without the product ------------------------------------------------------------------
def recorded_hold(actor: Any, patient_id: int, period_id: int) -> list[Statement]:
    """The statements of one hold, with what they returned; rolled back."""
    from django.db import connection, transaction

    from appointments import services
    from hospital.kit import clock

    made: list[Statement] = []

    def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        cursor, row = context["cursor"].cursor, []
        if "RETURNING" in sql:
            row = list(cursor.fetchone() or [])
            cursor.scroll(0, mode="absolute")
        made.append((sql, params, row))
        return result

    try:
        with transaction.atomic():
            with connection.execute_wrapper(record):
                services.booking_hold_within(actor=actor, patient_id=patient_id, period_id=period_id, at=clock.now())
            raise InterruptedError
    except InterruptedError:
        return made


def replay(connection: Any, statements: Sequence[Statement]) -> None:
    """Send recorded statements in one transaction; ids that the database gives now replace those it gave then."""
    now: dict[int, int] = {}
    with connection.cursor() as cursor:
        for sql, params, then in statements:
            fresh = params and tuple(now.get(value, value) if type(value) is int else value for value in params)
            cursor.execute(sql, fresh)
            if then:
                row = cursor.fetchone()
                now |= {old: new for old, new in zip(then, row, strict=True) if type(old) is int and old >= 10**9}
    connection.commit()


def bare_rate(url: str, holds: Sequence[list[Statement]], callers: int) -> float:
    import psycopg2

    def work(share: Sequence[list[Statement]]) -> None:
        connection = psycopg2.connect(url)
        for statements in share:
            replay(connection, statements)
        connection.close()

    started = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(work, [holds[turn::callers] for turn in range(callers)]))
    return len(holds) / (time.perf_counter() - started)


# --- Through the door ------------------------------------------------------------------------------------------
Job = tuple[str, dict[str, str], int]  # cookie of the session, form, session id


async def through_http(port: int, jobs: Sequence[Job], callers: int) -> tuple[list[Answer], list[float], float]:
    """Every job once, by so many callers at a time; answers, seconds of each, seconds of all."""
    waiting = list(reversed(jobs))
    answers: list[Answer] = []
    seconds: list[float] = []

    async def caller() -> None:
        connection: Caller | None = None
        while waiting:
            cookie, form, session_id = waiting.pop()
            token = secrets.token_hex(16)
            cookies = {"ih_session": cookie, "csrftoken": token}
            if connection is None:
                connection = Caller("127.0.0.1", port, cookies)
            connection.cookies = "; ".join(f"{name}={value}" for name, value in cookies.items())
            begun = time.perf_counter()
            answers.append(await connection.post(f"/book/{session_id}/", form | {"csrfmiddlewaretoken": token}))
            seconds.append(time.perf_counter() - begun)
        if connection is not None:
            await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return answers, seconds, time.perf_counter() - started


def control(url: str, callers: int = 100) -> int:
    """The race is real: callers who count and then write, without a lock, sell this many too many."""
    import psycopg2

    gate = threading.Barrier(callers)
    with psycopg2.connect(url) as setup, setup.cursor() as cursor:
        cursor.execute("CREATE TABLE naive (patient int)")

    def naive(patient: int) -> None:
        connection = psycopg2.connect(url)
        gate.wait()
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive")
            if cursor.fetchone()[0] < PLACES:
                cursor.execute("INSERT INTO naive VALUES (%s)", [patient])
        connection.close()

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(naive, range(callers)))
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM naive")
        return int(cursor.fetchone()[0]) - PLACES


def measure(port: int, owner_url: str, callers: int, days: int) -> dict[str, Any]:
    from django.db import connection

    from appointments.models import Booking, Session
    from appointments.states import ACTIVE_BOOKING
    from hospital.kit import clock
    from tests.appointments.conftest import Clinic, broken_invariants, prices
    from tests.cast import actor_of_person, build, client_for

    cast = build(clock.now())
    prices(cast)
    clinic = Clinic(cast, cast.at)
    patients = [cast.new_patient(f"赵{number}") for number in range(PATIENTS)]
    cookies = [client_for(person).cookies["ih_session"].value for person in patients]

    def open_day(number: int, places: int, ends: str = "12:00") -> Session:
        slot = clinic.roster(cast.doctor_li, clinic.day + timedelta(days=number), "09:00", ends, period_minutes=30,
                             places_per_period=places)  # fmt: skip
        return clinic.open(slot)

    def jobs_of(session: Session) -> list[Job]:
        periods = list(session.periods.values_list("pk", flat=True))
        return [
            (cookie, {"patient": str(person.patient_id), "period": str(periods[turn % len(periods)])}, session.pk)
            for turn, (person, cookie) in enumerate(zip(patients, cookies, strict=True))
        ]

    with connection.cursor() as cursor:  # recognisable ids, for the replay
        cursor.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) FROM pg_sequences WHERE data_type = 'bigint'::regtype"
        )
        for turn, (name,) in enumerate(cursor.fetchall()):
            cursor.execute(f"ALTER SEQUENCE {name} RESTART WITH {10**9 * (turn + 1)}")

    asyncio.run(through_http(port, jobs_of(open_day(0, 50))[:50], callers))  # warm: imports, plans, connections
    jobs = [job for day in range(1, days + 1) for job in jobs_of(open_day(day, 50))][: PATIENTS * days]
    answers, seconds, took = asyncio.run(through_http(port, jobs, callers))
    held = sum(answer.status == 302 for answer in answers)

    rush = open_day(2 * days + 2, PLACES, "09:30")
    crowd, waits, _ = asyncio.run(through_http(port, jobs_of(rush)[:CROWD], CROWD))
    sold = Booking.objects.filter(session=rush, status__in=ACTIVE_BOOKING).count()
    broken = sorted(broken_invariants())  # asked before the replay, whose rows are only like the product's

    bare_sessions = [open_day(days + 1 + day, 50) for day in range(days)]
    holds = []
    for session in bare_sessions:
        periods = list(session.periods.values_list("pk", flat=True))
        holds += [
            recorded_hold(actor_of_person(person), person.patient_id, periods[turn % len(periods)])
            for turn, person in enumerate(patients)
        ]
    bare = bare_rate(owner_url, holds, callers)
    return {
        "holds_per_second": round(held / took, 1),
        "bare_statements_per_hold": len(holds[0]),
        "bare_holds_per_second": round(bare, 1),
        "ratio": round(held / took / bare, 3),
        "p50_ms": round(statistics.median(seconds) * 1000),
        "p99_ms": round(statistics.quantiles(seconds, n=100)[98] * 1000),
        "answers": dict(Counter(str(answer.status) for answer in answers)),
        "rush": {
            "callers": CROWD, "places": PLACES, "sold": sold, "oversold": max(0, sold - PLACES),
            "unsold": max(0, PLACES - sold), "answers": dict(Counter(str(answer.status) for answer in crowd)),
            "slowest_ms": round(max(waits) * 1000),
        },
        "control_oversold": control(owner_url),
        "broken_invariants": broken,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--callers", type=int, default=24)
    parser.add_argument("--days", type=int, default=4, help="times 300 attempts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        Path(place).chmod(0o755)
        house = House(scratch_layout(Path(place)), durable=True)
        try:
            sys.stdout, real = sys.stderr, sys.stdout  # stdout is for the JSON alone
            house.start_services()
            for title, words in (("Migrating", ["migrate", "--no-input"]), ("Granting rights", ["db_grants"])):
                step(
                    title,
                    [python(), "manage.py", *words],
                    log=house.layout.logs / "setup.log",
                    env=house.owner_env,
                    cwd=PROJECT,
                )
            web = Supervisor([child for child in house.children() if child.name == "web"], house.env, PROJECT)
            try:
                web.start()
                os.environ.update(house.owner_env)
                import django

                django.setup()
                owner_url = house.owner_env["DATABASE_URL"]
                result = measure(house.layout.ports["WEB_PORT"], owner_url, options.callers, options.days)
            finally:
                web.stop()
                sys.stdout = real
        finally:
            house.redis.stop()
            house.postgres.remove()
    print(json.dumps(result, ensure_ascii=False, indent=2))
    good = not result["rush"]["oversold"] and not result["rush"]["unsold"] and result["control_oversold"] > 0
    return 0 if good and not result["broken_invariants"] else 1


if __name__ == "__main__":
    sys.exit(main())
