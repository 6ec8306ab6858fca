"""Dealers in places: rates, one device for many accounts, one account for many people; a question for people (AP-07)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing

from appointments import errors, services
from appointments.models import Booking
from hospital.audit.models import Entry
from hospital.kit.problems import TooMany
from hospital.organisation.models import PolicyParameter
from tests.appointments.conftest import Clinic
from tests.cast import Person, actor_of_person, client_for

pytestmark = pytest.mark.django_db


def limit(clinic: Clinic, name: str, value: int) -> None:
    PolicyParameter.objects.create(
        name=f"appointments.{name}", value=value, effective_from=clinic.at - timedelta(days=1), source="t"
    )


def begin(
    clinic: Clinic, person: Person, period: int, *, browser: str = "A", patient: Person | None = None, **more: Any
) -> Any:
    client = client_for(person, headers={"user-agent": browser})
    data = {"patient": (patient or person).patient_id, "period": clinic.period(period).pk} | more
    return client.post(f"/book/{clinic.session.pk}/", data)


def answer_to(page: Any) -> dict[str, str]:
    """What a person answers, and the page's token."""
    token = re.search(r'name="question" value="([^"]+)"', page.content.decode())
    assert token is not None
    return {"question": token[1], "answer": sum_of(page.content.decode())}


def sum_of(text: str) -> str:
    """As people do it: the numbers are words."""
    numbers = re.search(r"([零一二三四五六七八九])加([零一二三四五六七八九])等于几", text)
    assert numbers is not None, text
    return str(sum("零一二三四五六七八九".index(word) for word in numbers.groups()))


def test_one_device_of_many_accounts_is_asked_and_a_person_goes_on(clinic: Clinic) -> None:
    limit(clinic, "device_accounts", 2)
    people = [clinic.cast.new_patient(f"钱{number}") for number in range(4)]
    assert [begin(clinic, person, n).status_code for n, person in enumerate(people[:2])] == [302, 302]
    assert begin(clinic, people[3], 7, browser="B").status_code == 302, "another device is asked nothing"
    asked = begin(clinic, people[2], 2)
    assert asked.status_code == 422 and Booking.objects.count() == 3
    said = answer_to(asked)
    assert begin(clinic, people[2], 2, **(said | {"answer": "99"})).status_code == 422
    assert begin(clinic, people[2], 2, **said).status_code == 422, "each question counts once"
    asked = begin(clinic, people[2], 2)
    assert begin(clinic, people[2], 2, **answer_to(asked)).status_code == 302
    outcomes = Entry.objects.filter(action="booking.question").order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["wrong", "ok"]
    devices = set(Booking.objects.values_list("device", flat=True))
    assert len(devices) == 2 and not any("127.0.0.1" in device for device in devices)


def test_the_token_does_not_tell_the_answer(clinic: Clinic) -> None:
    text, token = services.question_new(actor_of_person(clinic.cast.stranger))
    _account, digest, nonce = signing.loads(token, salt="appointments.question")
    assert sum_of(text) not in (digest, nonce) and len(digest) >= 32
    others = {services.question_new(actor_of_person(clinic.cast.stranger))[1].split(":")[0] for _ in range(40)}
    assert len(others) == 40, "equal sums look different"


def test_one_account_for_many_people_is_asked(clinic: Clinic) -> None:
    limit(clinic, "people_suspect", 1)
    cast = clinic.cast
    assert begin(clinic, cast.wang_fang, 0).status_code == 302
    assert begin(clinic, cast.wang_fang, 1, patient=cast.mother).status_code == 422


def test_nobody_answers_for_another_account_nor_later(clinic: Clinic) -> None:
    limit(clinic, "device_accounts", 1)
    cast = clinic.cast
    begin(clinic, cast.new_patient("钱一"), 5)
    said = answer_to(begin(clinic, cast.stranger, 0))
    assert begin(clinic, cast.wang_fang, 0, **said).status_code == 422
    assert not services.question_answer(actor=actor_of_person(cast.stranger), token="forged", answer="9", at=clinic.at)
    assert begin(clinic, cast.stranger, 0, **said).status_code == 302


def test_the_hard_rate_refuses_whatever_was_answered_and_says_when_to_come_again(clinic: Clinic) -> None:
    limit(clinic, "holds_per_hour", 1)
    cast = clinic.cast
    clinic.hold(cast.wang_fang)
    with pytest.raises(TooMany):
        services.booking_hold(
            actor=actor_of_person(cast.wang_fang), patient_id=cast.mother.patient_id, period_id=clinic.period(1).pk,
            at=clinic.at, proved=True,
        )  # fmt: skip
    answer = client_for(cast.wang_fang).post(
        "/api/v1/bookings/", {"patient_id": cast.mother.patient_id, "period_id": clinic.period(1).pk},
        content_type="application/json", headers={"Idempotency-Key": "k1"},
    )  # fmt: skip
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0


def test_another_program_gets_the_question_with_the_refusal(clinic: Clinic) -> None:
    limit(clinic, "device_accounts", 1)
    person = clinic.cast.stranger
    begin(clinic, clinic.cast.new_patient("钱一"), 5)
    asked = {"patient_id": person.patient_id, "period_id": clinic.period().pk}
    client = client_for(person, headers={"user-agent": "A"})
    refused = client.post("/api/v1/bookings/", asked, content_type="application/json", headers={"Idempotency-Key": "a"})
    assert (refused.status_code, refused.json()["code"]) == (422, errors.QuestionFirst.code)
    token = refused.json()["errors"]["question"]
    again = asked | {"question": token, "answer": sum_of(refused.json()["errors"]["answer"])}
    made = client.post("/api/v1/bookings/", again, content_type="application/json", headers={"Idempotency-Key": "b"})
    assert made.status_code == 201
