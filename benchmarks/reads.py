"""What do the reads of booking cost in a hospital of 900,000 places, beside the same SQL in a bare Django view?

    .venv/bin/python -m benchmarks.reads [--doctors 40] [--patients 20] [--callers 8] [--rounds 5] [--size large] [--keep DIR]

Seeds a PostgreSQL of its own (fsync on), starts the product's web process and the bare Django under the same gunicorn
configuration (bare_django.py), and reads through HTTP, turn by turn in one run: by the API the free periods of a session and the
coming sessions of a doctor, as a signed-in patient, and the doctor's day list as the doctor; and the same day as the doctor's page.
The bare view sends the very same SQL, recorded from each answer with the line in the audit trail and its transaction, and turns the
rows into JSON. Prints one JSON object. `cpu_ms` is what the serving processes computed for a request, whoever else was busy. The
exit code is 0 when every answer was 200 and each kind of read asked the database equally often for every doctor. `--keep` leaves
the seeded hospital in a folder for the next run.
"""

import argparse
import asyncio
import json
import pickle
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.house import BARE, cpu_seconds, house_of_its_own, machine, seeded_once, served, spread
from benchmarks.http import Caller
from benchmarks.large import rows
from benchmarks.replay import Recording, recorded_read


@dataclass
class Read:
    """One kind of read: where it is for each doctor, whose cookie it needs, and the SQL that it sends."""

    name: str
    paths: list[tuple[str, Any]]  # path, who reads
    cookies: list[str] = field(default_factory=list)
    recorded: list[Recording] = field(default_factory=list)

    def record(self) -> None:
        """The cookies of fresh sessions, and all the SQL of each answer, the second time it is given."""
        from tests.cast import client_for

        for path, person in self.paths:
            client = client_for(person, HTTP_HOST="127.0.0.1")
            self.cookies.append(client.cookies["ih_session"].value)
            client.get(path)  # once a while this writes the session too
            self.recorded.append(recorded_read(lambda client=client, path=path: client.get(path)))  # type: ignore[misc]


def reads(doctors: int, patients: int) -> list[Read]:
    import random

    from appointments.models import Session
    from hospital.kit import clock
    from hospital.people.models import FamilyLink, Relation
    from tests.cast import Person

    link = FamilyLink.objects.filter(relation=Relation.SELF, revoked_at=None).select_related("account").earliest("pk")
    patient = Person(name="", account=link.account)
    coming = Session.objects.filter(date__gt=clock.today(), kind="clinic").select_related("doctor__account")
    first_of_each = list(coming.order_by("doctor_id", "during").distinct("doctor_id"))
    chosen: Sequence[Session] = random.Random(7).sample(first_of_each, min(doctors, len(first_of_each)))
    book(chosen, patients)
    return [
        Read("free periods", [(f"/api/v1/sessions/{one.pk}/periods/", patient) for one in chosen]),
        Read("sessions of a doctor", [(f"/api/v1/doctors/{one.doctor_id}/sessions/", patient) for one in chosen]),
        Read(
            "a doctor's day",
            [(f"/api/v1/doctors/{one.doctor_id}/day/?date={one.date}", _doctor(one.doctor)) for one in chosen],
        ),
        Read("a doctor's day, its page", [(f"/staff/queue/{one.pk}/", _doctor(one.doctor)) for one in chosen]),
    ]


def book(sessions: Sequence[Any], patients: int) -> None:
    """So many people have booked each session: a day without anybody says nothing about a day."""
    from appointments.models import Booking, Place
    from appointments.states import BookingStatus
    from hospital.kit import clock
    from hospital.people.models import Patient

    people = list(Patient.objects.order_by("pk").values_list("pk", flat=True)[: len(sessions) * patients])
    at = clock.now()
    for turn, session in enumerate(sessions):
        places = Place.objects.filter(session=session, booking=None).select_related("period").order_by("number")
        missing = patients - session.bookings.filter(status=BookingStatus.BOOKED).count()
        for number, place in enumerate(places[: max(0, missing)]):
            made = Booking.objects.create(
                patient_id=people[turn * patients + number], place=place, period=place.period, session=session,
                doctor_id=session.doctor_id, department_id=session.department_id, date=session.date,
                half_day=session.half_day, during=(place.period.starts_at, place.period.ends_at), kind=session.kind,
                channel="desk", number=place.number, status=BookingStatus.BOOKED, created_at=at, booked_at=at,
            )  # fmt: skip
            Place.objects.filter(pk=place.pk).update(booking=made)


def _doctor(staff: Any) -> Any:
    """The doctor as one who has just signed in with a second factor."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from tests.cast import Person

    device = TOTPDevice.objects.get_or_create(user=staff.account, defaults={"name": "benchmark", "confirmed": True})[0]
    return Person(name="", account=staff.account, staff=staff, device=device)


async def _through_http(
    port: int, jobs: Sequence[tuple[str, str]], callers: int
) -> tuple[set[int], list[float], float]:
    """Every job (cookie, path) once, by so many callers at a time; statuses, seconds of each, seconds of all."""
    waiting, statuses, seconds = list(reversed(jobs)), set[int](), list[float]()

    async def caller() -> None:
        connection = Caller("127.0.0.1", port, {})
        while waiting:
            cookie, path = waiting.pop()
            connection.cookies = f"ih_session={cookie}"
            begun = time.perf_counter()
            statuses.add((await connection.get(path)).status)
            seconds.append(time.perf_counter() - begun)
        await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return statuses, seconds, time.perf_counter() - started


def compare(read: Read, first: int, ports: tuple[int, int], callers: int, rounds: int, times: int) -> dict[str, Any]:
    """The product and the bare view, turn by turn; `first` is the number of the first recorded read of this kind."""
    web, bare = ports
    ours = [(cookie, path) for cookie, (path, _) in zip(read.cookies, read.paths, strict=True)] * times
    theirs = [("", f"/read/{first + number}/") for number in range(len(read.paths))] * times
    rates: dict[str, list[float]] = {"product": [], "bare": []}
    computed = {"product": 0.0, "bare": 0.0}
    statuses, waits = set[int](), list[float]()
    for turn in range(rounds + 1):
        before = cpu_seconds(web), cpu_seconds(bare)
        given, seconds, took = uvloop.run(_through_http(web, ours, callers))
        bare_given, _, bare_took = uvloop.run(_through_http(bare, theirs, callers))
        if bare_given != {200}:
            raise SystemExit(f"The bare Django answered {sorted(bare_given)}.")
        if turn:  # the first is for imports, plans and connections
            rates["product"].append(len(ours) / took)
            rates["bare"].append(len(theirs) / bare_took)
            computed["product"] += cpu_seconds(web) - before[0]
            computed["bare"] += cpu_seconds(bare) - before[1]
            statuses |= given
            waits += seconds
    return {
        "statuses": sorted(statuses),
        "queries": sorted({len(one) for one in read.recorded}),
        "per_second": spread(rates["product"]),
        "bare_per_second": spread(rates["bare"]),
        "ratio": round(statistics.median(rates["product"]) / statistics.median(rates["bare"]), 3),
        "cpu_ms": {name: round(seconds / rounds / len(ours) * 1000, 2) for name, seconds in computed.items()},
        "p50_ms": round(statistics.median(waits) * 1000, 1),
        "p99_ms": round(statistics.quantiles(waits, n=100)[98] * 1000, 1),
    }


def measure(house: Any, recorded_file: Path, options: argparse.Namespace) -> dict[str, Any]:
    found = reads(options.doctors, options.patients)
    for read in found:
        read.record()
    recorded_file.write_bytes(pickle.dumps([one for read in found for one in read.recorded]))
    ports = house.layout.ports["WEB_PORT"], house.layout.ports[BARE]
    result: dict[str, Any] = {"machine": machine(), "rows": rows(), "reads": {}}
    first = 0
    for read in found:
        result["reads"][read.name] = compare(read, first, ports, options.callers, options.rounds, options.times)
        first += len(read.paths)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--doctors", type=int, default=40)
    parser.add_argument("--patients", type=int, default=20, help="of each doctor's day")
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=5, help="that each doctor is read in a round")
    parser.add_argument("--size", default="large")
    parser.add_argument("--keep", type=Path, help="a folder where the seeded hospital stays for the next run")
    options = parser.parse_args()
    with house_of_its_own(options.keep) as house:
        hours = seeded_once(house, options.size)
        recorded_file = house.layout.var / "reads.pickle"
        with served(house, recorded_file):
            result = {"seeded_hours_ago": hours} | measure(house, recorded_file, options)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    good = all(read["statuses"] == [200] and len(read["queries"]) == 1 for read in result["reads"].values())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
