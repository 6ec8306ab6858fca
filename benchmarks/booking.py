"""How many places a second are held, beside bare psycopg2, and is any of 20 sold twice to 300 callers at the same instant?

    .venv/bin/python -m benchmarks.booking [--at-once 24] [--rounds 3]

300 signed-in callers hold a place each through HTTP; beside it, turn by turn in the same run, the very same statements (a
whole request, recorded once, with each caller's values) by as many psycopg2 connections and nothing else. Then all 300
ask at once for the 20 places of one period. The rush of a release, beside a bare Django view, is benchmarks/rush.py.
Starts a PostgreSQL (fsync on), a Redis and the web process of its own and leaves nothing behind. Prints one JSON object.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.house import BARE, house_of_its_own, machine, served, spread
from benchmarks.replay import Recording, number_from_afar, replay
from benchmarks.rush import Bare, Job, Run, answered, control, product_jobs
from benchmarks.town import Town, broken_invariants, sold
from hospital.operations.house.demo import House

CALLERS, PLACES = 300, 20
_ROOM = (60, 5)  # periods, places of each: one for every caller


def by_psycopg(url: str, recorded: Recording, jobs: Sequence[Job], at_once: int) -> float:
    """Holds a second by psycopg2 alone, over so many connections that stand before the clock starts."""
    import psycopg2

    connections = [psycopg2.connect(url) for _ in range(at_once)]
    for one in connections:
        one.autocommit = True  # BEGIN and COMMIT are among the recorded statements
    gate = threading.Barrier(at_once + 1)

    def work(turn: int) -> None:
        gate.wait()
        with connections[turn].cursor() as cursor:
            for job in jobs[turn::at_once]:
                replay(cursor, recorded, dict(json.loads(job.body)["given"]))

    with ThreadPoolExecutor(at_once) as pool:
        working = [pool.submit(work, turn) for turn in range(at_once)]
        gate.wait()
        started = time.perf_counter()
        for one in working:
            one.result()
        took = time.perf_counter() - started
    for one in connections:
        one.close()
    return len(jobs) / took


def crowd(town: Town, port: int) -> dict[str, Any]:
    """All callers at the same instant for few places."""
    run, periods = Run(), town.periods(1, PLACES)
    town.a_day_passes()
    answered(port, product_jobs(town, periods), CALLERS, run)
    held = sold(periods)
    return {
        "callers": CALLERS, "places": PLACES, "sold": held, "oversold": max(0, held - PLACES),
        "unsold": max(0, PLACES - held), **run.told(),
    }  # fmt: skip


def measure(house: House, recorded_file: Path, at_once: int, rounds: int) -> dict[str, Any]:
    web, bare_port = (house.layout.ports[name] for name in ("WEB_PORT", BARE))
    number_from_afar()
    town = Town(CALLERS)
    busy = machine()

    def held_by_the_product(run: Run) -> None:
        periods = town.periods(*_ROOM)
        town.a_day_passes()
        answered(web, product_jobs(town, periods), at_once, run)

    held_by_the_product(Run())  # imports, plans, connections
    at_the_same_instant = crowd(town, web)
    broken = broken_invariants()  # asked before the replays, whose rows are only like the product's
    bare, product, psycopg = Bare(town, recorded_file), Run(), list[float]()
    for _ in range(rounds):
        held_by_the_product(product)
        periods = town.periods(*_ROOM)
        town.a_day_passes()
        psycopg.append(by_psycopg(house.env["DATABASE_URL"], bare.held, bare.jobs(periods, _ROOM[1]), at_once))
        bare.another_year(periods)
    return {
        "machine": busy, "at_once": at_once, "rounds": rounds, "statements": len(bare.held),
        "product": product.told(), "psycopg2_per_second": spread(psycopg),
        "ratio": round(statistics.median(product.per_second) / statistics.median(psycopg), 3),
        "rush": at_the_same_instant, "control_oversold": control(bare_port, CALLERS), "broken_invariants": broken,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3, help="of 300 holds each, for each way of holding")
    options = parser.parse_args()
    with house_of_its_own() as house:
        recorded_file = house.layout.var / "recorded.pickle"
        with served(house, recorded_file):
            result = measure(house, recorded_file, options.at_once, options.rounds)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    rush, statuses = result["rush"], {*result["product"]["answers"], *result["rush"]["answers"]}
    exact = not rush["oversold"] and not rush["unsold"] and set(result["product"]["answers"]) == {201}
    calm = not any(status >= 500 for status in statuses)
    return 0 if exact and calm and result["control_oversold"] > 0 and not result["broken_invariants"] else 1


if __name__ == "__main__":
    sys.exit(main())
