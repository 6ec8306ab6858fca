"""The running house while what it leans on hangs, is full or is gone (G05, G30, G31, G32). One house, one fault at a time.

Each fault is healed and the house must be whole again: every visit that was paid is booked and told, no invariant broken.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from django.db import connection, transaction

from appointments.models import Booking, Period, Session
from appointments.states import BookingStatus
from hospital.kit import clock
from hospital.messaging.models import Message
from hospital.people.models import OutgoingCode
from tests.appointments.conftest import Clinic, broken_invariants, prices
from tests.cast import Cast, Person
from tests.drill import Drill
from tests.operations.phones import Phone
from tests.waiting import wait_until

SLOWEST = 10.0  # seconds that a page may take while a helper hangs
IN_FLIGHT = 6  # requests that wait for one row; one worker has as many threads
PRESSING = 16  # patients who press "pay" at a gateway that hangs; the web process has 12 threads

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    made = Drill(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Witness(Phone):
    """A phone that answers for what it saw: no 5xx, nothing slower than a person bears."""

    def post_once(self, url: str, **data: Any) -> requests.Response:
        began = time.monotonic()
        answer = super().post_once(url, **data)
        took = time.monotonic() - began
        assert answer.status_code < 500, f"{url}: {answer.status_code}"
        assert took < SLOWEST, f"{url}: {took:.1f} s"
        return answer


class Faults:
    """Redis in all the ways in which it fails."""

    def __init__(self, drill: Drill) -> None:
        self.redis = drill.house.redis
        self.client = redis.Redis(port=self.redis.port, socket_timeout=5)

    def _pid(self) -> int:
        pid = self.redis._pid()
        assert pid is not None
        return pid

    def emptied(self) -> Callable[[], object]:
        self.client.flushall()
        return lambda: None

    def full(self) -> Callable[[], object]:
        """`noeviction` with no memory left: reads go on, every write is refused."""
        self.client.config_set("maxmemory", 1)
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            self.client.set("x", "y")
        return lambda: self.client.config_set("maxmemory", 0)

    def hanging(self) -> Callable[[], object]:
        pid = self._pid()
        os.kill(pid, signal.SIGSTOP)
        return lambda: os.kill(pid, signal.SIGCONT)

    def killed(self) -> Callable[[], object]:
        os.kill(self._pid(), signal.SIGKILL)
        wait_until(lambda: self.redis._pid() is None, "Redis is dead")
        return self.redis.start


def test_the_house_bears_every_fault_and_is_whole_again(drill: Drill, cast: Cast) -> None:
    prices(cast)
    clinic = Clinic(cast, clock.now())
    session = clinic.open(
        clinic.roster(cast.doctor_li, clinic.day, "09:00", "12:00", period_minutes=30, places_per_period=20)
    )
    periods = list(session.periods.order_by("starts_at").values_list("pk", flat=True))

    def witness(name: str) -> Witness:
        return Witness(cast.new_patient(name), web=drill.web, channel=drill.channel)

    paid = 0
    faults = Faults(drill)
    for turn, fault in enumerate([faults.emptied, faults.full, faults.hanging, faults.killed]):
        heal = fault()
        try:
            witness(f"赵{turn}").book_and_pay(session, periods[turn])
            paid += 1
            _codes_stay_limited(drill, f"1380013800{turn}")
            if fault in (faults.hanging, faults.killed):
                _only_readiness_says_so(drill)
        finally:
            heal()
        wait_until(lambda: _ready(drill), f"ready again after {fault.__name__}")
        _every_visit_is_booked_and_told(session, paid)

    _a_hanging_gateway_starves_nobody_else(
        drill, [witness(f"钱{number}") for number in range(PRESSING)], session, periods
    )
    _sigterm_loses_no_request(drill, [witness(f"孙{number}") for number in range(IN_FLIGHT)], session, periods[5])
    assert not broken_invariants()


def _ready(drill: Drill) -> bool:
    return requests.get(f"{drill.web}/readyz", timeout=20).status_code == 200


def _only_readiness_says_so(drill: Drill) -> None:
    """G31: 503 within five seconds and no cause for a stranger; alive all the same, and still sent requests."""
    answer = requests.get(f"{drill.web}/readyz", timeout=5)
    assert (answer.status_code, answer.json()) == (503, {"ready": False})
    assert requests.get(f"{drill.web}/livez", timeout=5).status_code == 200
    assert requests.get(f"{drill.web}/readyz?for=serving", timeout=5).status_code == 200


def _codes_stay_limited(drill: Drill, phone: str) -> None:
    """G20, G21: what counts is in PostgreSQL, so a limit closes whatever Redis does."""
    before = OutgoingCode.objects.count()
    asks = [Witness(Person(name=""), web=drill.web, channel="") for _ in range(2)]
    assert [ask.post_once("/sign-in/code/", phone=phone).status_code for ask in asks] == [200, 429]
    assert OutgoingCode.objects.count() == before + 1


def _every_visit_is_booked_and_told(session: Session, paid: int) -> None:
    booked = Booking.objects.filter(session=session, status=BookingStatus.BOOKED)
    wait_until(lambda: booked.count() == paid, f"{paid} paid visits are booked")
    told = Message.objects.filter(kind="booking.booked", status="done")
    wait_until(lambda: told.count() == paid, f"{paid} patients are told")


def _a_hanging_gateway_starves_nobody_else(
    drill: Drill, phones: list[Witness], session: Session, periods: list[int]
) -> None:
    """G32. Without room of its own the gateway would hold every thread for its seven seconds, and a page would wait as long."""
    charges = [phone.book(session, periods[turn % 4]) for turn, phone in enumerate(phones)]
    sandbox = next(child for child in drill.supervisor.children if child.name == "sandbox")
    assert sandbox.process is not None
    os.kill(sandbox.process.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(PRESSING) as callers:
            pressed = [
                callers.submit(phone.post_once, "/pay/", charge=charge, method="native")
                for phone, charge in zip(phones, charges, strict=True)
            ]
            slowest, reader = 0.0, phones[0]
            while not all(one.done() for one in pressed):
                began = time.monotonic()
                assert reader.get("/doctors/").status_code == 200
                slowest = max(slowest, time.monotonic() - began)
            assert {one.result().status_code for one in pressed} == {302}
    finally:
        os.kill(sandbox.process.pid, signal.SIGCONT)
    assert slowest < 5, f"somebody who wanted no payment waited {slowest:.1f} s"


def _sigterm_loses_no_request(drill: Drill, phones: list[Witness], session: Session, period_id: int) -> None:
    """G30: requests wait for a row when the web process is told to end; each is answered, and the place is theirs."""
    web = next(child for child in drill.supervisor.children if child.name == "web")
    first = web.process
    assert first is not None
    with ThreadPoolExecutor(IN_FLIGHT) as callers:
        with transaction.atomic():
            Period.objects.select_for_update().get(pk=period_id)
            asked = [
                callers.submit(
                    phone.post_once, f"/book/{session.pk}/", patient=phone.person.patient_id, period=period_id
                )
                for phone in phones
            ]
            wait_until(lambda: _waiting_for_locks() == IN_FLIGHT, "all requests are in flight")
            first.send_signal(signal.SIGTERM)
            wait_until(lambda: not _listens(drill), "the door is closed")
        assert [one.result().status_code for one in asked] == [302] * IN_FLIGHT
    held = Booking.objects.filter(period_id=period_id, status=BookingStatus.HELD)
    assert held.count() == IN_FLIGHT
    wait_until(lambda: web.process is not first and _listens(drill), "the web process is back")


def _waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees the activity of its first look
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def _listens(drill: Drill) -> bool:
    try:
        return requests.get(f"{drill.web}/livez", timeout=5).status_code == 200
    except requests.RequestException:
        return False
