"""How many places a second can be held, and is any sold twice?

    .venv/bin/python -m benchmarks.booking [--callers 24] [--rounds 5]

Starts a PostgreSQL (fsync on), a Redis and the web process of its own, measures, and leaves nothing behind. Prints one
JSON object. Speed is told as ratios to the very same SQL statements sent by bare psycopg2, and by a bare Django view under
the same gunicorn, turn by turn in the same run: a number of its own says more of the machine than of the product
(README.md here).
"""

import argparse
import asyncio
import json
import pickle
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.house import BARE, house_of_its_own, machine, served
from benchmarks.http import Answer, Caller
from benchmarks.replay import Hold, bare_rate, number_from_afar, recorded_hold
from hospital.operations.house.demo import House
from hospital.operations.house.speech import last_lines

PATIENTS, CROWD, PLACES = 300, 300, 20


# --- Through the door ------------------------------------------------------------------------------------------
Job = tuple[str, str, dict[str, str]]  # session cookie, path, form


async def through_http(port: int, jobs: Sequence[Job], callers: int) -> tuple[list[Answer], list[float], float]:
    """Every job once, by so many callers at a time; answers, seconds of each, seconds of all."""
    waiting = list(reversed(jobs))
    given: list[Answer] = []
    seconds: list[float] = []

    async def caller() -> None:
        connection = Caller("127.0.0.1", port, {})
        while waiting:
            cookie, path, form = waiting.pop()
            token = secrets.token_hex(16)
            connection.cookies = f"ih_session={cookie}; csrftoken={token}"
            begun = time.perf_counter()
            given.append(await connection.post(path, form | {"csrfmiddlewaretoken": token}))
            seconds.append(time.perf_counter() - begun)
        await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return given, seconds, time.perf_counter() - started


def rate(port: int, jobs: Sequence[Job], callers: int) -> tuple[float, list[float], Counter[str]]:
    """Places held per second, seconds of each request, and how often each status was answered."""
    given, seconds, took = asyncio.run(through_http(port, jobs, callers))
    return sum(one.status == 302 for one in given) / took, seconds, Counter(str(one.status) for one in given)


class Town:
    """Patients with sessions of their own, and a doctor with as many days as a benchmark asks for."""

    def __init__(self) -> None:
        from hospital.kit import clock
        from tests.appointments.conftest import Clinic, prices
        from tests.cast import build, client_for

        self.cast = build(clock.now())
        prices(self.cast)
        self.clinic = Clinic(self.cast, self.cast.at)
        self.patients = [self.cast.new_patient(f"赵{number}") for number in range(PATIENTS)]
        self.cookies = [client_for(person).cookies["ih_session"].value for person in self.patients]
        self.day = 0

    def session(self, places: int = 50, ends: str = "12:00") -> Any:
        """A morning of its own, half an hour a period."""
        self.day += 1
        slot = self.clinic.roster(self.cast.doctor_li, self.clinic.day + timedelta(days=self.day), "09:00", ends,
                                  period_minutes=30, places_per_period=places)  # fmt: skip
        return self.clinic.open(slot)

    def wishes(self) -> Iterator[tuple[Any, str, Any, int]]:
        """(person, cookie, session, period) of one morning that has room for everybody."""
        session = self.session()
        yield from self.wishes_of(session)

    def wishes_of(self, session: Any) -> Iterator[tuple[Any, str, Any, int]]:
        periods = list(session.periods.order_by("pk").values_list("pk", flat=True))
        for turn, (person, cookie) in enumerate(zip(self.patients, self.cookies, strict=True)):
            yield person, cookie, session, periods[turn % len(periods)]

    def jobs(self, session: Any | None = None) -> list[Job]:
        """The form that each patient sends."""
        wishes = self.wishes() if session is None else self.wishes_of(session)
        return [
            (cookie, f"/book/{chosen.pk}/", {"patient": str(person.patient_id), "period": str(period)})
            for person, cookie, chosen, period in wishes
        ]

    def recorded(self) -> list[Hold]:
        """The SQL of each patient's request."""
        from tests.cast import actor_of_person, client_for

        return [
            recorded_hold(
                client_for(person, HTTP_HOST="127.0.0.1"),
                actor_of_person(person),
                person.patient_id,
                session.pk,
                period,
            )
            for person, _, session, period in self.wishes()
        ]


# --- What is measured ------------------------------------------------------------------------------------------
def rush(town: Town, port: int) -> dict[str, Any]:
    """All callers at the same instant for few places."""
    from appointments.models import Booking
    from appointments.states import ACTIVE_BOOKING

    wanted = town.session(PLACES, "09:30")
    given, waits, _ = asyncio.run(through_http(port, town.jobs(wanted)[:CROWD], CROWD))
    sold = Booking.objects.filter(session=wanted, status__in=ACTIVE_BOOKING).count()
    return {
        "callers": CROWD, "places": PLACES, "sold": sold, "oversold": max(0, sold - PLACES),
        "unsold": max(0, PLACES - sold), "answers": dict(Counter(str(one.status) for one in given)),
        "slowest_ms": round(max(waits) * 1000),
    }  # fmt: skip


def control(port: int) -> int:
    """The race is real: under the same gunicorn, who counts and then writes without a lock sells this many too many."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive (patient bigint)")
        cursor.execute("GRANT SELECT, INSERT ON naive TO hospital_app")
    jobs = [("", f"/naive/{number}/", {"places": str(PLACES)}) for number in range(CROWD)]
    asyncio.run(through_http(port, jobs, CROWD))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM naive")
        return int(cursor.fetchone()[0]) - PLACES


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    return {"median": round(statistics.median(values), digits), "least": round(min(values), digits),
            "most": round(max(values), digits)}  # fmt: skip


def measure(house: House, holds_file: Path, callers: int, rounds: int) -> dict[str, Any]:
    from tests.appointments.conftest import broken_invariants

    web, bare = (house.layout.ports[name] for name in ("WEB_PORT", BARE))
    town = Town()
    number_from_afar()
    busy = machine()
    rate(web, town.jobs()[:60], callers)  # warm: imports, plans, connections
    product, waits, statuses = [], [], Counter[str]()
    for _ in range(rounds):
        held, seconds, given = rate(web, town.jobs(), callers)
        product.append(held)
        waits += seconds
        statuses += given
    crowd = rush(town, web)
    broken = sorted(broken_invariants())  # asked before the replays, whose rows are only like the product's

    recorded = [town.recorded() for _ in range(2 * rounds + 1)]
    holds_file.write_bytes(pickle.dumps([hold for turn in recorded[rounds:] for hold in turn]))
    asked = [("", f"/hold/{number}/", {}) for number in range((rounds + 1) * PATIENTS)]
    rate(bare, asked[:PATIENTS], callers)
    psycopg, django = [], []
    for turn in range(rounds):
        psycopg.append(bare_rate(house.env["DATABASE_URL"], recorded[turn], callers))
        held, _, given = rate(bare, asked[(turn + 1) * PATIENTS : (turn + 2) * PATIENTS], callers)
        if set(given) != {"302"}:
            raise SystemExit(f"The bare Django answered {dict(given)}: {last_lines(house.layout.logs / 'bare.log')}")
        django.append(held)
    of_psycopg, of_django = (statistics.median(product) / statistics.median(other) for other in (psycopg, django))
    return {
        "machine": busy,
        "holds_per_second": spread(product),
        "bare_statements_per_hold": len(recorded[0][0]),
        "bare_holds_per_second": spread(psycopg),
        "bare_django_holds_per_second": spread(django),
        "ratio": round(of_psycopg, 3),
        "ratio_to_bare_django": round(of_django, 3),
        "p50_ms": round(statistics.median(waits) * 1000),
        "p99_ms": round(statistics.quantiles(waits, n=100)[98] * 1000),
        "answers": dict(statuses),
        "rush": crowd,
        "control_oversold": control(bare),
        "broken_invariants": broken,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--callers", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5, help="of 300 holds each, for each way of holding")
    options = parser.parse_args()
    with house_of_its_own() as house:
        holds_file = house.layout.var / "holds.pickle"
        with served(house, holds_file):
            result = measure(house, holds_file, options.callers, options.rounds)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    good = not result["rush"]["oversold"] and not result["rush"]["unsold"] and result["control_oversold"] > 0
    calm = not any(status.startswith("5") for status in [*result["answers"], *result["rush"]["answers"]])
    return 0 if good and calm and not result["broken_invariants"] else 1


if __name__ == "__main__":
    sys.exit(main())
