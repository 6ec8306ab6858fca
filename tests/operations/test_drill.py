"""The drill: the house's own processes, killed in the middle of the work, and Redis emptied (G04, G05, G30).

Thirty patients book and pay over HTTP, by way of WeChat Pay's wire format, while web, realtime, worker and beat are each
killed with SIGKILL and Redis is emptied three times. What the channel took must end as a booked visit, told once.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from appointments.models import Booking
from appointments.states import BookingStatus
from billing.models import Payment
from hospital.kit import clock
from hospital.messaging.models import Message
from tests.appointments.conftest import Clinic, broken_invariants, prices
from tests.cast import Cast
from tests.drill import Drill
from tests.operations.phones import Phone
from tests.waiting import wait_until

PATIENTS = 30
VICTIMS = ["web", "worker", "beat", "realtime", "worker", "web"]

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    made = Drill(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_what_was_acknowledged_survives_every_kill_g04_g05_g30(drill: Drill, cast: Cast) -> None:
    prices(cast)
    clinic = Clinic(cast, clock.now())
    session = clinic.open(clinic.roster(cast.doctor_li, clinic.day, "09:00", "12:00"))
    periods = list(session.periods.order_by("starts_at").values_list("pk", flat=True))[:PATIENTS]
    phones = [Phone(cast.new_patient(f"赵{n}"), web=drill.web, channel=drill.channel) for n in range(PATIENTS)]
    taken: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(lambda phone=phone, period=period: taken.append(phone.book_and_pay(session, period)))
            for phone, period in zip(phones, periods, strict=True)
        ]
        for turn, victim in enumerate(VICTIMS):
            wait_until(lambda so_far=turn * 4 + 2: len(taken) >= so_far or all(job.done() for job in jobs), "work")
            drill.kill(victim)
            if turn % 2:
                drill.empty_redis()
        for job in jobs:
            job.result()

    assert len(taken) == PATIENTS
    booked = Booking.objects.filter(session=session, status=BookingStatus.BOOKED)
    wait_until(lambda: booked.count() == PATIENTS, "every paid visit is booked")
    now = clock.now()
    due = Message.objects.filter(status__in=["waiting", "sending"], not_before__lte=now)
    wait_until(lambda: not due.exists(), "the outbox has drained")

    told = Message.objects.filter(kind="booking.booked")
    assert set(told.values_list("account_id", flat=True)) == {phone.person.account.pk for phone in phones}
    assert told.count() == PATIENTS and not told.exclude(status="done").exists()
    assert Payment.objects.count() == PATIENTS, "a payment was lost, or counted twice"
    assert sorted(booked.values_list("number", flat=True)) == sorted(set(booked.values_list("number", flat=True)))
    assert not broken_invariants()
    for name in ("WEB_PORT", "REALTIME_PORT"):
        assert requests.get(f"http://127.0.0.1:{drill.house.layout.ports[name]}/readyz", timeout=10).json() == {
            "ready": True
        }
