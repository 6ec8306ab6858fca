"""The minute in which a doctor's places are released: how many booking requests are answered a second, and is any place sold twice?

    .venv/bin/python -m benchmarks.rush [--callers 3000] [--rounds 3]

3,000 signed-in callers ask by the API, each with an Idempotency-Key, for the 100 places of one period (most are refused), and
for 60 periods of 50 (everybody gets one), 16 and 64 at once. Beside it, turn by turn in the same run, a bare Django view under
the same gunicorn configuration that sends the very same SQL by psycopg2 for as many callers in the same order
(benchmarks/replay.py), and, once, PostgreSQL itself: one statement that takes a place and writes a booking, by pgbench.
Starts a PostgreSQL (fsync on), a Redis and the web process of its own and leaves nothing behind. Prints one JSON object.
"""

import argparse
import asyncio
import json
import os
import pickle
import re
import secrets
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.house import BARE, house_of_its_own, machine, served, spread
from benchmarks.http import Caller
from benchmarks.replay import Recording, number_from_afar, recording
from benchmarks.town import Town, broken_invariants, sold
from hospital.operations.house.demo import House
from hospital.operations.house.services import DATABASE, OWNER
from hospital.operations.house.speech import last_lines

SCENES = {"one period": (1, 100), "60 periods": (60, 50)}  # periods, places of each
AT_ONCE = (16, 64)
CONTROL_PLACES = 20
API = "/api/v1/bookings/"


@dataclass(frozen=True)
class Job:
    """One request: of which browser, where, what."""

    cookie: str
    path: str
    body: bytes
    headers: str = ""


@dataclass
class Run:
    """What one way of booking answered, over all rounds."""

    per_second: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        return {
            "per_second": spread(self.per_second),
            "p50_ms": round(statistics.median(self.waits) * 1000, 1),
            "p99_ms": round(statistics.quantiles(self.waits, n=100)[98] * 1000, 1),
            "answers": dict(self.answers),
        }


async def _answered(port: int, jobs: Sequence[Job], at_once: int) -> tuple[Counter[int], list[float], float]:
    """Every job once, by so many connections; statuses, seconds of each, seconds of all."""
    waiting, statuses, seconds = list(reversed(jobs)), Counter[int](), list[float]()

    async def caller() -> None:
        connection = Caller("127.0.0.1", port, {})
        while waiting:
            job = waiting.pop()
            connection.cookies = job.cookie
            begun = time.perf_counter()
            statuses[(await connection.post_json(job.path, job.body, job.headers)).status] += 1
            seconds.append(time.perf_counter() - begun)
        await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return statuses, seconds, time.perf_counter() - started


def answered(port: int, jobs: Sequence[Job], at_once: int, run: Run) -> None:
    statuses, seconds, took = uvloop.run(_answered(port, jobs, at_once))
    run.per_second.append(len(jobs) / took)
    run.waits += seconds
    run.answers += statuses


# --- What the callers ask for ----------------------------------------------------------------------------------
def product_jobs(town: Town, periods: Sequence[int]) -> list[Job]:
    """Each caller asks once for a place for themselves."""
    made = []
    for turn, (person, cookie) in enumerate(zip(town.people, town.cookies, strict=True)):
        token = secrets.token_hex(16)
        body = json.dumps({"patient_id": person.patient_id, "period_id": periods[turn % len(periods)]}).encode()
        headers = f"X-CSRFToken: {token}\r\nIdempotency-Key: {secrets.token_hex(12)}\r\n"
        made.append(Job(f"ih_session={cookie}; csrftoken={token}", API, body, headers))
    return made


class Bare:
    """The same two requests, held and full, recorded once from the first caller and sent again for all."""

    def __init__(self, town: Town, recorded_file: Path) -> None:
        self.town = town
        self.free, full = town.periods(2, 1)
        self.keys, self.person = (secrets.token_hex(12), secrets.token_hex(12)), town.people[0]
        self._asked(1, full, 201, secrets.token_hex(12))  # by another, who has its only place now
        self._asked(0, self.free, 201, secrets.token_hex(12))  # imports and caches
        self.free = town.periods(1, 1)[0]
        self.held = self._asked(0, self.free, 201, self.keys[0])
        self.full = self._asked(0, full, 409, self.keys[1])
        self.another_year([self.free])
        self.old_periods = {201: self.free, 409: full}
        recorded_file.write_bytes(pickle.dumps({"held": self.held, "full": self.full}))
        texts = {
            value for sql, params, _ in self.held + self.full for value in _values(params) if isinstance(value, str)
        }
        own = (*self.keys, town.cookies[0], str(self.person.account.pk))
        self.texts = sorted(text for text in texts if any(one in text for one in own))

    def _asked(self, caller: int, period: int, status: int, key: str) -> Recording:
        self.town.a_day_passes()
        body = {"patient_id": self.town.people[caller].patient_id, "period_id": period}
        with recording() as made:
            answer = self.town.clients[caller].post(
                API, body, content_type="application/json", headers={"Idempotency-Key": key, "User-Agent": "a browser"}
            )
        if answer.status_code != status:
            raise SystemExit(f"recorded {answer.status_code} instead of {status}: {answer.content!r}")
        return made

    def jobs(self, periods: Sequence[int], places: int) -> list[Job]:
        """As many callers as of the product, in the same order; who comes after the last place is refused."""
        made = []
        for turn, (person, cookie) in enumerate(zip(self.town.people, self.town.cookies, strict=True)):
            status = 201 if turn // len(periods) < places else 409
            changes = dict.fromkeys(self.keys, secrets.token_hex(12)) | {self.town.cookies[0]: cookie,
                       str(self.person.account.pk): str(person.account.pk)}  # fmt: skip
            given: list[tuple[Any, Any]] = [
                (self.person.patient_id, person.patient_id), (self.person.account.pk, person.account.pk),
                (self.old_periods[status], periods[turn % len(periods)]),
            ]  # fmt: skip
            given += [(text, _changed(text, changes)) for text in self.texts]
            name = "held" if status == 201 else "full"
            made.append(Job("", f"/again/{name}/{status}/", json.dumps({"given": given}).encode()))
        return made

    def another_year(self, periods: Sequence[int]) -> None:
        """What it booked is put far away, so that the same day can be booked again (AP-04)."""
        from django.db import connection

        self.town.day += 1
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE appointments_booking SET date = date - %(days)s, during = tstzrange("
                "lower(during) - make_interval(days => %(days)s), upper(during) - make_interval(days => %(days)s)) "
                "WHERE period_id = ANY(%(periods)s)",
                {"days": 1000 + self.town.day, "periods": list(periods)},
            )


def _values(params: Any) -> list[Any]:
    return list(params.values()) if isinstance(params, dict) else list(params or ())


def _changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


# --- The yardsticks and the control -------------------------------------------------------------------------------
_PGBENCH_TABLES = """
CREATE TABLE rush_place (id int PRIMARY KEY, period_id int NOT NULL, booking_id bigint);
CREATE INDEX ON rush_place (period_id, id) WHERE booking_id IS NULL;
CREATE SEQUENCE rush_booking_id;
CREATE TABLE rush_booking (id bigint PRIMARY KEY, place_id int NOT NULL UNIQUE, patient_id int NOT NULL);
"""
_PGBENCH_ASKS = """\\set patient random(1, 1000000)
WITH taken AS (
    UPDATE rush_place SET booking_id = nextval('rush_booking_id')
    WHERE id = (SELECT id FROM rush_place WHERE period_id = 1 AND booking_id IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, booking_id
) INSERT INTO rush_booking SELECT booking_id, id, :patient FROM taken;
"""


def pgbench(house: House, at_once: int, bookings: int) -> float | None:
    """Bookings of one hot period a second by PostgreSQL itself, one statement each; None where pgbench isn't there."""
    program = house.postgres.bin / "pgbench"
    if not program.exists():
        return None
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS rush_place, rush_booking; DROP SEQUENCE IF EXISTS rush_booking_id")
        cursor.execute(_PGBENCH_TABLES)
        cursor.execute("INSERT INTO rush_place SELECT n, 1 FROM generate_series(1, %s) AS n", [bookings + at_once])
        cursor.execute("ANALYZE rush_place")
    script = house.layout.var / "pgbench.sql"
    script.write_text(_PGBENCH_ASKS, encoding="utf-8")
    command = [program, "-n", "-h", "127.0.0.1", "-p", house.postgres.port, "-U", OWNER, "-c", at_once, "-j", 2,
               "-t", max(1, bookings // at_once), "-f", script, DATABASE]  # fmt: skip
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=True,
        env=os.environ | {"PGPASSWORD": house.postgres.passwords[OWNER]},
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+) \(without", done.stdout)
    return round(float(found[1]), 1) if found else None


def control(port: int, callers: int) -> int:
    """The race is real: under the same gunicorn, who counts and then writes without a lock sells this many too many."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive (patient bigint)")
        cursor.execute("GRANT SELECT, INSERT ON naive TO hospital_app")
    body = [json.dumps({"places": CONTROL_PLACES, "patient": number}).encode() for number in range(min(callers, 300))]
    uvloop.run(_answered(port, [Job("", "/naive/", one) for one in body], AT_ONCE[-1]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM naive")
        return int(cursor.fetchone()[0]) - CONTROL_PLACES


# --- What is measured ------------------------------------------------------------------------------------------
@dataclass
class Scene:
    """One kind of rush at one width: the product's answers, the bare view's, and what was sold."""

    name: str
    at_once: int
    product: Run = field(default_factory=Run)
    lane: Run = field(default_factory=Run)
    bare: Run = field(default_factory=Run)
    oversold: int = 0
    unsold: int = 0

    def runs(self, town: Town, port: int, run: Run) -> None:
        """A turn of the product, by its ordinary way or by its lane."""
        count, places = SCENES[self.name]
        periods = town.periods(count, places)
        town.a_day_passes()
        answered(port, product_jobs(town, periods), self.at_once, run)
        wanted = min(count * places, len(town.people))
        self.oversold += max(0, sold(periods) - count * places)
        self.unsold += max(0, wanted - sold(periods))

    def runs_bare(self, bare: Bare, port: int) -> None:
        count, places = SCENES[self.name]
        periods = bare.town.periods(count, places)
        bare.town.a_day_passes()
        answered(port, bare.jobs(periods, places), self.at_once, self.bare)
        bare.another_year(periods)

    def told(self) -> dict[str, Any]:
        product, lane, bare = self.product.told(), self.lane.told(), self.bare.told()
        return {
            "scene": self.name, "at_once": self.at_once, "product": product, "lane": lane, "bare_django": bare,
            "ratio": round(product["per_second"]["median"] / bare["per_second"]["median"], 3),
            "p99_ratio": round(product["p99_ms"] / bare["p99_ms"], 2),
            "lane_ratio": round(lane["per_second"]["median"] / bare["per_second"]["median"], 2),
            "oversold": self.oversold, "unsold": self.unsold,
        }  # fmt: skip


def measure(house: House, recorded_file: Path, callers: int, rounds: int) -> dict[str, Any]:
    web, realtime, bare_port = (house.layout.ports[name] for name in ("WEB_PORT", "REALTIME_PORT", BARE))
    number_from_afar()
    town = Town(callers)
    busy = machine()
    warm = Scene("60 periods", AT_ONCE[0])
    for port in (web, realtime):
        warm.runs(town, port, Run())  # imports, plans, connections
    broken = broken_invariants()  # asked before the bare view's rows, which are only like the product's
    bare = Bare(town, recorded_file)
    scenes = [Scene(name, at_once) for name in SCENES for at_once in AT_ONCE]
    bare_warm = Scene("60 periods", AT_ONCE[0])
    bare_warm.runs_bare(bare, bare_port)
    for _ in range(rounds):
        for scene in scenes:
            scene.runs(town, web, scene.product)
            scene.runs(town, realtime, scene.lane)
            scene.runs_bare(bare, bare_port)
    if any(status >= 500 for scene in scenes for status in scene.bare.answers):
        raise SystemExit(f"The bare Django failed: {last_lines(house.layout.logs / 'bare.log')}")
    return {
        "machine": busy, "callers": callers, "rounds": rounds,
        "statements": {"held": len(bare.held), "full": len(bare.full)},
        "scenes": [scene.told() for scene in scenes],
        "pgbench_bookings_per_second": {at_once: pgbench(house, at_once, callers) for at_once in AT_ONCE},
        "control_oversold": control(bare_port, callers),
        "broken_invariants": broken,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--callers", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3, help="of each scene, for each way of booking")
    options = parser.parse_args()
    with house_of_its_own() as house:
        recorded_file = house.layout.var / "recorded.pickle"
        with served(house, recorded_file, ("web", "realtime")):
            result = measure(house, recorded_file, options.callers, options.rounds)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    exact = not any(scene["oversold"] or scene["unsold"] for scene in result["scenes"])
    ways = [scene[way] for scene in result["scenes"] for way in ("product", "lane")]
    calm = not any(status >= 500 for way in ways for status in way["answers"])
    return 0 if exact and calm and result["control_oversold"] > 0 and not result["broken_invariants"] else 1


if __name__ == "__main__":
    sys.exit(main())
