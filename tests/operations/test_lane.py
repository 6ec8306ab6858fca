"""The lane of the release minute, killed in the rush, without Redis, and with its database connections cut (G04, G05, G30).

Forty patients ask for thirty places. Whoever hears nothing, or that the database is away, asks again with the same key, as
a phone does. Every yes that anybody heard must be in the database, and the same key must get the same answer for ever.
"""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection

from appointments.models import Booking
from appointments.states import ACTIVE_BOOKING
from hospital.kit import clock
from tests.appointments.conftest import Clinic, broken_invariants, prices
from tests.cast import Cast, Person, client_for
from tests.drill import Drill
from tests.waiting import wait_until

PATIENTS, PLACES, AT_ONCE = 40, 30, 10

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services"), pytest.mark.django_db(transaction=True)]


class LaneDrill(Drill):
    """The process of the lane alone; its Redis is never there."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        self.supervisor.children = [self.child("realtime")]
        self.url = f"http://127.0.0.1:{self.house.layout.ports['REALTIME_PORT']}/api/v1/bookings/"

    def start(self) -> None:
        self.supervisor.start()
        self.watching.start()

    def stop(self) -> None:
        self.supervisor.stop()
        self.watching.join()


class Phone:
    """A patient's phone: it asks until it is told yes or no, always with the same key."""

    def __init__(self, drill: LaneDrill, person: Person, period_id: int) -> None:
        self.drill, self.person = drill, person
        self.said = json.dumps({"patient_id": person.patient_id, "period_id": period_id})
        self.cookies = {"ih_session": client_for(person).cookies["ih_session"].value, "csrftoken": "c" * 32}
        self.heard: list[tuple[int, Any]] = []  # every word that reached it
        self.silences = 0

    def ask(self) -> tuple[int, Any]:
        headers = {
            "Content-Type": "application/json", "X-CSRFToken": "c" * 32, "Idempotency-Key": f"of {self.person.patient_id}",
            "User-Agent": f"phone {self.person.patient_id}",
        }  # fmt: skip
        answer = requests.post(self.drill.url, self.said, headers=headers, cookies=self.cookies, timeout=60)
        self.heard.append((answer.status_code, answer.json()))
        return self.heard[-1]

    def until_told(self) -> tuple[int, Any]:
        def told() -> tuple[int, Any] | None:
            try:
                status, said = self.ask()
            except (requests.ConnectionError, requests.Timeout):
                self.silences += 1
                return None
            return None if status == 503 else (status, said)

        found: tuple[int, Any] = wait_until(told, f"an answer to {self.person.name}")
        return found


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[LaneDrill]:
    made = LaneDrill(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def connections_cut() -> int:
    """As when PostgreSQL is stopped at once: whatever a transaction had not committed is gone, with its connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("harm", ["the lane is killed", "the database is cut off"])
def test_every_yes_that_was_heard_is_kept_and_said_again_g05_g30(drill: LaneDrill, cast: Cast, harm: str) -> None:
    prices(cast)
    clinic = Clinic(cast, clock.now())
    slot = clinic.roster(cast.doctor_li, clinic.day, "09:00", "09:30", period_minutes=30, places_per_period=PLACES)
    period = clinic.period(0, clinic.open(slot))
    phones = [Phone(drill, cast.new_patient(f"赵{n}"), period.pk) for n in range(PATIENTS)]
    told: dict[int, tuple[int, Any]] = {}
    over = threading.Event()

    def asks(phone: Phone) -> None:
        told[phone.person.patient_id] = phone.until_told()

    def harms() -> int:
        if harm == "the lane is killed":
            drill.kill("realtime")
            return 1
        cut = 0
        for _ in range(20):  # in the middle of some crowd or other
            cut += connections_cut()
            if over.wait(0.02):
                break
        return cut

    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(asks, phone) for phone in phones]
        wait_until(lambda: len(told) >= AT_ONCE // 2, "the first answers")
        harmed = harms()
        for job in jobs:
            job.result()
        over.set()
    assert harmed

    yes = {patient_id: said for patient_id, (status, said) in told.items() if status == 201}
    assert len(yes) == PLACES and {status for status, _ in told.values()} == {201, 409}
    sold = Booking.objects.filter(period=period, status__in=ACTIVE_BOOKING)
    assert {booking.pk: booking.patient_id for booking in sold} == {
        said["id"]: patient_id for patient_id, said in yes.items()
    }
    for phone in phones:
        if phone.person.patient_id in yes:
            assert phone.ask() == told[phone.person.patient_id]
            assert {said["id"] for status, said in phone.heard if status == 201} == {yes[phone.person.patient_id]["id"]}
    assert not broken_invariants()
