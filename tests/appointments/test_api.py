"""HTTP API of appointments."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from appointments.api import plain, serializers
from appointments.models import Booking
from appointments.selectors import doctor_days, periods_free, periods_shown
from appointments.states import BookingStatus
from tests.appointments.conftest import Clinic
from tests.cast import client_for


def hold(client: Client, clinic: Clinic, key: str = "k1", period: int = 0, **headers: str) -> Any:
    data = {"patient_id": clinic.cast.wang_fang.patient_id, "period_id": clinic.period(period).pk}
    options = {"Idempotency-Key": key, **headers} if key else headers
    return client.post("/api/v1/bookings/", data, content_type="application/json", headers=options)


def test_doctors_sessions_and_periods_are_open_to_programs_ih_14(clinic: Clinic) -> None:
    (doctor,) = Client().get("/api/v1/doctors/", {"q": "李建国"}).json()
    assert doctor["clinic"] == {
        "session_id": clinic.session.pk, "date": f"{clinic.day:%F}", "half_day": "am", "is_free": True, "fee": 5000,
    }  # fmt: skip
    (line,) = Client().get(f"/api/v1/doctors/{doctor['id']}/sessions/").json()
    assert (line["free"], line["fee"], line["session"]["kind"]) == (12, 5000, "clinic")
    periods = Client().get(f"/api/v1/sessions/{clinic.session.pk}/periods/").json()
    assert len(periods) == 12 and periods[0]["free"] == 1


def test_a_hold_by_program_and_its_cancellation(clinic: Clinic) -> None:
    client = client_for(clinic.cast.wang_fang)
    made = hold(client, clinic)
    assert made.status_code == 201 and made.json()["status"] == "held" and made.json()["charge_id"]
    assert client.get(made["Location"]).json() == made.json() | {"is_stopped": False}
    gone = client.post(f"{made['Location']}cancel/", {"reason": "x"}, content_type="application/json")
    assert gone.status_code == 200 and gone.json()["status"] == "cancelled"
    again = client.post(f"{made['Location']}cancel/", {}, content_type="application/json")
    assert again.status_code == 409 and again.json()["code"] == "AP-05-over"
    assert client_for(clinic.cast.stranger).get(made["Location"]).status_code == 404


def test_the_same_key_gets_the_first_answer_even_after_the_world_moved_on_g06(clinic: Clinic) -> None:
    client = client_for(clinic.cast.wang_fang)
    first = hold(client, clinic)
    Booking.objects.update(status=BookingStatus.EXPIRED, held_until=None)
    second = hold(client, clinic)
    assert (second.status_code, second.json()) == (201, first.json())
    assert Booking.objects.count() == 1


def test_a_key_is_needed_and_belongs_to_one_request(clinic: Clinic) -> None:
    client = client_for(clinic.cast.wang_fang)
    assert hold(client, clinic, key="").json()["code"] == "idempotency-key-needed"
    hold(client, clinic)
    reused = hold(client, clinic, period=3)
    assert reused.status_code == 422 and reused.json()["code"] == "idempotency-key-reused"


def test_a_refusal_is_a_problem_and_frees_the_key(clinic: Clinic) -> None:
    taken = clinic.hold(clinic.cast.stranger)
    client = client_for(clinic.cast.wang_fang)
    refused = hold(client, clinic)
    assert refused.status_code == 409 and refused.json()["code"] == "AP-02-full"
    assert refused["Content-Type"] == "application/problem+json" and refused.json()["next_step"]
    from appointments import services
    from tests.appointments.conftest import HOUSE

    services.booking_cancel(actor=HOUSE, booking_id=taken.pk, at=clinic.at)
    assert hold(client, clinic).status_code == 201


def test_input_that_is_no_input(clinic: Clinic) -> None:
    client = client_for(clinic.cast.wang_fang)
    for data in ({}, {"patient_id": "x", "period_id": 1}, {"patient_id": 1, "period_id": 10**30}, [1]):
        answer = client.post(
            "/api/v1/bookings/", data, content_type="application/json", headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code in {404, 422}, (data, answer.status_code)
    assert client.get("/api/v1/doctors/", {"department": 10**30}).status_code in {200, 422}


def test_a_hold_and_its_refusal_ask_the_database_little(clinic: Clinic, django_assert_num_queries: Any) -> None:
    """In the minute of release every statement counts (benchmarks/rush.py); two of each are the transaction's."""
    full, free = clinic.hold(clinic.cast.stranger).period_id, clinic.period(1).pk
    client, patient_id = client_for(clinic.cast.wang_fang), clinic.cast.wang_fang.patient_id
    for queries, period, key, status in ((18, free, "held", 201), (13, full, "full", 409)):
        data = {"patient_id": patient_id, "period_id": period}
        with django_assert_num_queries(queries):
            answer = client.post(
                "/api/v1/bookings/", data, content_type="application/json", headers={"Idempotency-Key": key}
            )
        assert answer.status_code == status


def test_the_free_places_cost_the_same_for_any_number(clinic: Clinic, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert len(Client().get(f"/api/v1/sessions/{clinic.session.pk}/periods/").json()) == 12
    clinic.hold(clinic.cast.wang_fang)
    with django_assert_num_queries(1):
        Client().get(f"/api/v1/sessions/{clinic.session.pk}/periods/")
    with django_assert_num_queries(3):
        Client().get(f"/api/v1/doctors/{clinic.session.doctor_id}/sessions/")


def test_a_session_that_is_over_has_no_times_and_none_is_not_found(clinic: Clinic) -> None:
    ends = clinic.session.ends_at
    assert periods_shown(clinic.session.pk, at=ends - timedelta(minutes=1)) == []  # the last time has begun
    assert periods_shown(clinic.session.pk, at=ends) is None and periods_shown(0, at=clinic.at) is None
    assert Client().get("/api/v1/sessions/0/periods/").status_code == 404


def test_plain_answers_say_what_the_serializers_say(clinic: Clinic) -> None:
    lines = [line for day in doctor_days(clinic.session.doctor_id, at=clinic.at) for line in day.lines]
    times = periods_free(clinic.session.pk, at=clinic.at)
    assert lines and times
    assert plain.session_lines(lines) == serializers.SessionLineOutput(lines, many=True).data
    assert plain.periods(times) == serializers.PeriodOutput(times, many=True).data
    booking = clinic.hold(clinic.cast.wang_fang)
    assert plain.booking(booking) == serializers.as_json(serializers.BookingOutput(), booking)


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [("*/*", "", 200), ("application/json", "", 200), ("text/html, application/json;q=0.9", "", 200),
     ("text/csv", "", 406), ("*/*", "?format=csv", 404), ("*/*", "?format=json", 200)],
)  # fmt: skip
def test_a_program_gets_json_or_is_told_that_there_is_nothing_else(
    clinic: Clinic, accept: str, query: str, status: int
) -> None:
    answer = client_for(clinic.cast.wang_fang).get(f"/api/v1/bookings/{query}", headers={"accept": accept})
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["Content-Type"] == "application/json"
