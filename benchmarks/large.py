"""How long does a large hospital take to make, is it whole, and does a doctor's page cost there what it costs anywhere?

    .venv/bin/python -m benchmarks.large [--doctors 40]

Seeds 500 doctors, 30 days and 100,000 patients into a PostgreSQL of its own (fsync on), seeds again (which must change
nothing), asks every invariant, then reads what a patient reads on the way to a place, for so many doctors. One JSON
object. The exit code is 0 when the second seed changed nothing, no invariant is broken, and every page asked the
database equally often for every doctor.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.house import house_of_its_own, machine, owner_step

_COUNTED = (
    "people_patient", "organisation_staff", "appointments_session", "appointments_period", "appointments_place",
)  # fmt: skip


def rows() -> dict[str, int]:
    from django.db import connection

    counted = {}
    with connection.cursor() as cursor:
        for table in _COUNTED:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counted[table] = int(cursor.fetchone()[0])
    return counted


def seeded(log: Path) -> dict[str, Any]:
    """What the command answered: its last line, after any warning."""
    answer: dict[str, Any] = json.loads(log.read_text(encoding="utf-8").strip().splitlines()[-1])
    return answer


def seed(house: Any) -> tuple[float, dict[str, float], dict[str, int]]:
    started = time.perf_counter()
    log = owner_step(house, "Seeding the large hospital", "seed", "--size", "large", "--json")
    return round(time.perf_counter() - started, 1), seeded(log)["seconds"], rows()


def size_of_the_database() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def invariants() -> tuple[float, list[str]]:
    from hospital.kit import invariants as known

    started = time.perf_counter()
    broken = [one.name for one in known.registered() if known.offenders(one)]
    return round(time.perf_counter() - started, 1), broken


def reader() -> Callable[[str], Any]:
    """A signed-in patient's browser: answers the status, the queries and the milliseconds of a page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from hospital.people.models import FamilyLink, Relation
    from tests.cast import Person, client_for

    link = FamilyLink.objects.filter(relation=Relation.SELF, revoked_at=None).select_related("account").earliest("pk")
    client = client_for(Person(name="", account=link.account), HTTP_HOST="127.0.0.1")

    def read(url: str) -> tuple[int, int, float]:
        with CaptureQueriesContext(connection) as asked:
            started = time.perf_counter()
            answer = client.get(url)
            took = (time.perf_counter() - started) * 1000
        # Not the session's own: once a minute it is written too, whatever page is read.
        reads = [one for one in asked.captured_queries if one["sql"].lstrip().startswith("SELECT")]
        return answer.status_code, sum("django_session" not in one["sql"] for one in reads), took

    return read


def pages(session: Any) -> dict[str, str]:
    """On the way to a place: from the search to the periods of one session, as pages and as API."""
    doctor = session.doctor
    return {
        "search by name": f"/doctors/?q={doctor.pinyin.replace(' ', '')}",
        "search by department": f"/doctors/?department={session.department_id}",
        "doctor": f"/doctors/{doctor.pk}/",
        "choose a time": f"/book/{session.pk}/",
        "api doctors": f"/api/v1/doctors/?q={doctor.number}",
        "api sessions": f"/api/v1/doctors/{doctor.pk}/sessions/",
        "api periods": f"/api/v1/sessions/{session.pk}/periods/",
    }


def read_pages(how_many: int) -> dict[str, dict[str, Any]]:
    from appointments.models import Session
    from hospital.kit import clock

    coming = Session.objects.filter(date__gt=clock.today(), kind="clinic").select_related("doctor")
    first_of_each = coming.order_by("doctor_id", "during").distinct("doctor_id")
    chosen: Sequence[Session] = random.Random(7).sample(list(first_of_each), how_many)
    read = reader()
    for url in pages(chosen[0]).values():
        read(url)  # warm: templates, content types, plans
    found: dict[str, dict[str, Any]] = {}
    for session in chosen:
        for name, url in pages(session).items():
            status, queries, took = read(url)
            seen = found.setdefault(name, {"statuses": set(), "queries": set(), "ms": []})
            seen["statuses"].add(status)
            seen["queries"].add(queries)
            seen["ms"].append(took)
    return {
        name: {
            "statuses": sorted(seen["statuses"]),
            "queries": sorted(seen["queries"]),
            "p50_ms": round(statistics.median(seen["ms"]), 1),
            "p95_ms": round(statistics.quantiles(seen["ms"], n=20)[18], 1),
        }
        for name, seen in found.items()
    }


def measure(house: Any, doctors: int) -> dict[str, Any]:
    owner_step(house, "Loading the code tables", "load_catalogues")
    took, by_app, made = seed(house)
    again, _, after = seed(house)
    asked, broken = invariants()
    return {
        "machine": machine(),
        "seed_seconds": took,
        "seconds_by_app": by_app,
        "rows": made,
        "database_mb": size_of_the_database() // 1024**2,
        "again_seconds": again,
        "again_added": {table: after[table] - count for table, count in made.items() if after[table] != count},
        "invariants_seconds": asked,
        "broken_invariants": broken,
        "pages": read_pages(doctors),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--doctors", type=int, default=40)
    options = parser.parse_args()
    with house_of_its_own() as house:
        result = measure(house, options.doctors)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    steady = all(page["statuses"] == [200] and len(page["queries"]) == 1 for page in result["pages"].values())
    return 0 if steady and not result["again_added"] and not result["broken_invariants"] else 1


if __name__ == "__main__":
    sys.exit(main())
