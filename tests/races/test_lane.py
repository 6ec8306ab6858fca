"""The lane of the release minute beside callers of the ordinary verb, through real transactions (G01, G36)."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from appointments import errors, services
from appointments.lane import Lane
from appointments.models import Booking, Period, Session
from appointments.states import ACTIVE_BOOKING
from hospital.kit import clock
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants, prices
from tests.appointments.test_lane import Told, by_django, scope_of
from tests.cast import Cast, Person, client_for
from tests.races.crowd import Outcome, crowd
from tests.races.test_booking import deadlocks

CALLERS, ROUNDS, PLACES = 60, 3, 20  # half of the callers by the lane

pytestmark = pytest.mark.django_db(transaction=True)


class Lined:
    """Callers of the lane, all at once in one process as uvicorn has them; what it hands over goes to Django."""

    def __init__(self) -> None:
        self.handed_over = 0

    def ask(self, requests: Sequence[tuple[dict[str, Any], bytes]]) -> list[Told]:
        return asyncio.run(self._ask(requests))

    async def _ask(self, requests: Sequence[tuple[dict[str, Any], bytes]]) -> list[Told]:
        lane = Lane(self._django)
        try:
            return await asyncio.gather(*(self._one(lane, *request) for request in requests))
        finally:
            await lane.stop()

    async def _one(self, lane: Lane, scope: dict[str, Any], body: bytes) -> Told:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await lane(scope, receive, send)
        start, content = sent
        return Told(
            start["status"], [(name.decode(), value.decode()) for name, value in start["headers"]], content["body"]
        )

    async def _django(self, scope: Any, receive: Any, send: Any) -> None:
        self.handed_over += 1
        body = (await receive())["body"]

        def told() -> Told:
            try:
                return by_django(scope, body)
            finally:
                connection.close()

        answer = await asyncio.to_thread(told)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


@pytest.fixture
def people(cast: Cast) -> list[Person]:
    return [cast.new_patient(f"赵{number}") for number in range(CALLERS)]


@pytest.fixture
def days(cast: Cast) -> Iterator[tuple[Clinic, list[Session]]]:
    prices(cast)
    clinic = Clinic(cast, clock.now())
    slots = [
        clinic.roster(
            cast.doctor_li,
            clinic.day + timedelta(days=number),
            "09:00",
            "10:00",
            period_minutes=30,
            places_per_period=PLACES,
        )
        for number in range(ROUNDS + 2)
    ]
    yield clinic, [clinic.open(slot) for slot in slots]
    assert not broken_invariants()


def by_lane(people: Sequence[Person], periods: Sequence[Period], key: str) -> list[tuple[dict[str, Any], bytes]]:
    made = []
    for turn, person in enumerate(people):
        headers = {"Idempotency-Key": f"{key}-{person.patient_id}", "User-Agent": f"browser {person.patient_id}"}
        said = {"patient_id": person.patient_id, "period_id": periods[turn % len(periods)].pk}
        made.append((scope_of(client_for(person), headers), json.dumps(said).encode()))
    return made


def both_ways(
    clinic: Clinic, people: Sequence[Person], periods: Sequence[Period], *more: Any
) -> tuple[Lined, list[Told], Outcome]:
    """Half of the crowd by the lane, half by the ordinary verb, and whatever else happens at that moment."""
    lined, half = Lined(), len(people) // 2
    requests = by_lane(people[:half], periods, "lane")
    calls = [partial(clinic.hold, person, periods[turn % len(periods)]) for turn, person in enumerate(people[half:])]
    outcome = crowd([partial(lined.ask, requests), *calls, *more])
    assert not outcome.errors, outcome.errors
    (told,) = [value for value in outcome.values if isinstance(value, list)]
    return lined, told, outcome


def test_lane_and_verb_together_sell_exactly_what_there_is_g01(
    days: tuple[Clinic, list[Session]], people: list[Person]
) -> None:
    clinic, sessions = days
    before = deadlocks()
    for session in sessions[:ROUNDS]:
        period = clinic.period(0, session)
        lined, told, outcome = both_ways(clinic, people, [period])
        yes = [json.loads(answer.body) for answer in told if answer.status == 201]
        booked = [value.pk for value in outcome.values if isinstance(value, Booking)]
        assert len(yes) + len(booked) == PLACES
        sold = Booking.objects.filter(period=period, status__in=ACTIVE_BOOKING)
        assert set(sold.values_list("pk", flat=True)) == {answer["id"] for answer in yes} | set(booked)
        assert sorted(sold.values_list("number", flat=True)) == list(range(1, PLACES + 1))
        no = {json.loads(answer.body)["code"] for answer in told if answer.status != 201}
        assert no <= {errors.PeriodFull.code} and set(outcome.refusals) <= {errors.PeriodFull.code}
        assert lined.handed_over == 0, "the plain case is the lane's own"
    assert deadlocks() == before


def test_a_stop_in_the_middle_of_a_crowd_leaves_the_house_in_order_ap_08(
    days: tuple[Clinic, list[Session]], people: list[Person]
) -> None:
    clinic, sessions = days
    before = deadlocks()
    periods = [clinic.period(number, session) for session in sessions[-2:] for number in (0, 1)]
    stop = partial(services.session_stop, actor=HOUSE, session_id=sessions[-1].pk, reason="停诊", at=clinic.at)
    _, told, _ = both_ways(clinic, people, periods, stop)
    assert {answer.status for answer in told} <= {201, 409}
    for answer in told:
        said = json.loads(answer.body)
        if answer.status == 201:
            assert Booking.objects.filter(
                pk=said["id"], patient_id=said["patient_id"], status__in=ACTIVE_BOOKING
            ).exists()
        else:
            assert said["code"] == errors.SessionClosed.code
    assert deadlocks() == before


def test_one_patient_asking_by_both_ways_from_many_windows_has_one_booking_ap_04(
    days: tuple[Clinic, list[Session]], people: list[Person]
) -> None:
    clinic, sessions = days
    person, period = people[0], clinic.period(0, sessions[0])
    lined = Lined()
    requests = [by_lane([person], [period], f"window {number}")[0] for number in range(30)]
    calls = [partial(clinic.hold, person, period) for _ in range(30)]
    outcome = crowd([partial(lined.ask, requests), *calls])
    assert not outcome.errors, outcome.errors
    (told,) = [value for value in outcome.values if isinstance(value, list)]
    (booking,) = Booking.objects.filter(patient_id=person.patient_id)
    assert {(answer.status, json.loads(answer.body)["id"]) for answer in told} == {(201, booking.pk)}
