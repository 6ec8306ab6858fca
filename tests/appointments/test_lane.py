"""The lane answers as the API does: the same status, body and headers, and the same rows left behind (appointments/lane)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session as StoredSession
from django.test import Client
from django.urls import reverse

from appointments.lane import answers, asked, crowd
from appointments.lane.answers import Answer
from appointments.models import Ban, BanCause, Booking, Channel, Session
from appointments.services import Undone
from appointments.states import SessionStatus
from hospital.organisation.models import PolicyParameter
from hospital.people.models import Account, FamilyLink, Patient
from tests.appointments.conftest import FREE, Clinic
from tests.appointments.rows import left_behind
from tests.cast import Person, client_for

TOKEN = "a" * 32


def scope_of(client: Client, headers: dict[str, str], path: str = asked.PATH, query: str = "") -> dict[str, Any]:
    """The request of this browser as uvicorn hands it over."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"csrftoken": TOKEN}
    sent = {
        "Host": "testserver", "Content-Type": "application/json", "X-CSRFToken": TOKEN, "User-Agent": "a browser",
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
    } | headers  # fmt: skip
    return {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "scheme": "http", "client": ("127.0.0.1", 1), "server": ("testserver", 80), "http_version": "1.1",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items() if value],
    }  # fmt: skip


class Told:
    """An answer without what differs by nature: the id of the request and the instant at which a cookie ends."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.body = status, body
        self.headers = sorted(
            (name.lower(), value) for name, value in headers if name.lower() not in {"x-request-id", "set-cookie"}
        )
        self.cookies = sorted(
            value.partition(";")[0] + value.lower().partition("expires=")[2][29:]
            for name, value in headers if name.lower() == "set-cookie"
        )  # fmt: skip
        self.has_id = any(name.lower() == "x-request-id" for name, _ in headers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return repr(vars(self))


def by_lane(scope: dict[str, Any], body: bytes) -> Told | None:
    """None: the lane hands it to Django."""
    if not asked.is_asking(scope):
        return None
    one = asked.read(scope, body)
    (outcome,) = [Undone.ALONE] if one is None else crowd.answered([one])
    if not isinstance(outcome, Answer):
        return None
    return Told(outcome.status, [(name.decode(), value.decode()) for name, value in outcome.headers], outcome.body)


def by_django(scope: dict[str, Any], body: bytes) -> Told:
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    client = Client(enforce_csrf_checks=True)
    path = scope["path"] + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
    response = client.generic("POST", path, body, headers.pop("content-type", ""), headers=headers)
    cookies = [("Set-Cookie", morsel.OutputString()) for morsel in response.cookies.values()]
    return Told(response.status_code, [*response.items(), *cookies], response.content)


# --- Scenes: what makes the world so, and whether the lane answers by itself -------------------------------------
class Scene:
    """One request: by whom, for whom, for which period, with which headers and body; the world is changed by `sets`."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.cast, self.at = clinic, clinic.cast, clinic.at
        self.client = client_for(self.cast.wang_fang)
        self.patient_id, self.period_id = self.cast.wang_fang.patient_id, clinic.period(0).pk
        self.headers: dict[str, str] = {"Idempotency-Key": "k1"}
        self.body: bytes | None = None
        self.query = ""

    def sent(self) -> tuple[dict[str, Any], bytes]:
        said = {"patient_id": self.patient_id, "period_id": self.period_id}
        return scope_of(self.client, self.headers, query=self.query), self.body or json.dumps(said).encode()

    def says(self, **changes: Any) -> None:
        self.body = json.dumps({"patient_id": self.patient_id, "period_id": self.period_id} | changes).encode()

    def other_session(self, starts: str, ends: str, doctor: Person | None = None, **columns: Any) -> Session:
        return self.clinic.open(
            self.clinic.roster(doctor or self.cast.other_doctor, self.clinic.day, starts, ends, **columns)
        )

    def session_becomes(self, **changes: Any) -> None:
        row = StoredSession.objects.get(session_key=self.client.cookies["ih_session"].value)
        row.session_data = StoredSession.objects.encode(row.get_decoded() | changes)
        row.save()

    def limit(self, name: str, value: int) -> None:
        PolicyParameter.objects.create(
            name=f"appointments.{name}", value=value, effective_from=self.at - timedelta(days=1), source="t"
        )

    def hold(self, person: Person, period: Any = None) -> Booking:
        return self.clinic.hold(person, period)


Sets = Callable[[Scene], Any]


def seen(seconds: int) -> Sets:
    return lambda s: s.session_becomes(**{"people.seen_at": s.at.timestamp() - seconds})


def header(name: str, value: str) -> Sets:
    return lambda s: s.headers.update({name: value})


def for_mother(s: Scene) -> None:
    s.patient_id = s.cast.mother.patient_id


def for_stranger(s: Scene) -> None:
    s.patient_id = s.cast.stranger.patient_id


def by_unverified(s: Scene) -> None:
    s.client, s.patient_id = client_for(s.cast.unverified), s.cast.unverified.patient_id


def by_staff(s: Scene) -> None:
    s.client = client_for(s.cast.doctor_li)


def signed_out(s: Scene) -> None:
    s.client = Client()


def full(s: Scene) -> None:
    s.hold(s.cast.stranger)


def full_in_english(s: Scene) -> None:
    full(s)
    s.headers["Accept-Language"] = "en-GB,en;q=0.8"


def full_in_english_by_cookie(s: Scene) -> None:
    full(s)
    s.client.cookies["ih_language"] = "en"


def full_and_in_the_way(s: Scene) -> None:
    full(s)
    s.hold(s.cast.wang_fang, s.clinic.period(1))


def held_already(s: Scene) -> None:
    s.hold(s.cast.wang_fang)


def same_half_day(s: Scene) -> None:
    s.hold(s.cast.wang_fang, s.clinic.period(1))


def same_time(s: Scene) -> None:
    s.hold(s.cast.wang_fang, s.clinic.period(0, s.other_session("09:00", "09:10", department=s.cast.radiotherapy)))


def departments(s: Scene) -> None:
    s.limit("departments_per_day", 1)
    s.hold(s.cast.wang_fang, s.clinic.period(0, s.other_session("14:00", "14:10", department=s.cast.radiotherapy)))


def first_by(way: Callable[..., Any]) -> Sets:
    def sets(s: Scene) -> None:
        told = way(*s.sent())
        assert told.status == 201

    return sets


def first_and_now_another(s: Scene) -> None:
    by_django(*s.sent())
    s.period_id = s.clinic.period(3).pk


def unproved_mother(s: Scene) -> None:
    for_mother(s)
    Patient.objects.filter(pk=s.patient_id).update(verified_at=None)


def consent_revoked(s: Scene) -> None:
    for_mother(s)
    FamilyLink.objects.filter(patient_id=s.patient_id).update(revoked_at=s.at)


def banned(s: Scene) -> None:
    Ban.objects.create(
        patient_id=s.patient_id,
        cause=BanCause.NO_SHOW,
        starts_at=s.at - timedelta(days=1),
        ends_at=s.at + timedelta(days=9),
    )


def asked_first(s: Scene) -> None:
    s.limit("holds_suspect", 1)
    s.hold(s.cast.wang_fang, s.clinic.period(1))
    s.patient_id = s.cast.mother.patient_id


def too_fast(s: Scene) -> None:
    s.limit("holds_per_hour", 1)
    s.hold(s.cast.wang_fang, s.clinic.period(1))
    s.patient_id = s.cast.mother.patient_id


def free_visit(s: Scene) -> None:
    s.period_id = s.clinic.period(0, s.other_session("14:00", "14:10", fee_item=FREE)).pk


def without_price(s: Scene) -> None:
    s.period_id = s.clinic.period(0, s.other_session("14:00", "14:10", fee_item="REG-NONE")).pk


def online(s: Scene) -> None:
    s.period_id = s.clinic.period(0, s.other_session("14:00", "14:10", kind="online")).pk


def session(**changes: Any) -> Sets:
    return lambda s: Session.objects.filter(pk=s.clinic.session.pk).update(**changes)


def account(**changes: Any) -> Sets:
    return lambda s: Account.objects.filter(pk=s.cast.wang_fang.account.pk).update(**changes)


def expired(s: Scene) -> None:
    StoredSession.objects.update(expire_date=s.at - timedelta(seconds=1))


def spoilt(s: Scene) -> None:
    StoredSession.objects.update(session_data="x" * 60)


def no_such_period(s: Scene) -> None:
    s.period_id = 10**9


def not_released(s: Scene) -> None:
    Session.objects.filter(pk=s.clinic.session.pk).update(releases_at=s.at + timedelta(minutes=1))


def released_now(s: Scene) -> None:
    Session.objects.filter(pk=s.clinic.session.pk).update(releases_at=s.at)


def over(s: Scene) -> None:
    first = s.clinic.session.periods.filter(pk=s.period_id)
    first.update(starts_at=s.at - timedelta(minutes=1), ends_at=s.at + timedelta(minutes=4))


def queried(s: Scene) -> None:
    s.query = "format=json"


def said(body: bytes) -> Sets:
    return lambda s: setattr(s, "body", body)


def says(**changes: Any) -> Sets:
    return lambda s: s.says(**changes)


LANE = [lambda s: None, for_mother, full, full_in_english, full_in_english_by_cookie, full_and_in_the_way, not_released, released_now,
        first_by(by_django), seen(0), seen(19), seen(20), seen(300), header("X-Background", "1"),
        header("Accept", "application/json, text/plain, */*"), header("Content-Type", "application/json; charset=UTF-8"),
        header("X-Forwarded-For", "203.0.113.7"), header("Origin", "http://testserver")]  # fmt: skip
DJANGO = [for_stranger, by_unverified, by_staff, signed_out, held_already, same_half_day, same_time, departments,
          first_and_now_another, unproved_mother, consent_revoked, banned, asked_first, too_fast, free_visit, without_price,
          online, session(status=SessionStatus.STOPPED), over, account(is_active=False), account(password="another"),
          account(epoch=9), expired, spoilt, seen(60 * 60 * 24), no_such_period, queried, header("Idempotency-Key", ""),
          header("Idempotency-Key", "k" * 81), header("X-CSRFToken", "b" * 32), header("X-CSRFToken", ""),
          header("Origin", "https://elsewhere.example"), header("Host", "elsewhere.example"), header("Authorization", "Bearer x"),
          header("Content-Type", "text/plain"), header("Content-Type", "application/json; charset=gbk"),
          header("Accept", "application/json; indent=2"), header("Accept", "text/html"), said(b"{"), said(b"[1]"),
          said(b"\xff"), said(b"[" * 1500), says(patient_id=True), says(patient_id="1"), says(period_id=-1), says(period_id=1.0),
          says(period_id=2**70), says(question="x", answer="7"), says(note="x"), says(patient_id=None),
          said(b'{"patient_id": 1, "period_id": 1}' + b" " * 3000)]  # fmt: skip


@pytest.fixture
def scene(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Time stands still, so that two ways to ask write the same instants."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: clinic.at)
    return Scene(clinic)


@pytest.mark.parametrize("sets", LANE)
def test_the_lane_says_and_leaves_what_the_api_says_and_leaves(scene: Scene, sets: Sets) -> None:
    sets(scene)
    request = scene.sent()
    lane, rows = left_behind(lambda: by_lane(*request))
    django, rows_of_django = left_behind(lambda: by_django(*request))
    assert lane is not None and vars(lane) == vars(django)
    assert rows == rows_of_django


@pytest.mark.parametrize("sets", DJANGO)
def test_what_is_not_plain_goes_to_django_and_leaves_nothing_of_the_lane(scene: Scene, sets: Sets) -> None:
    sets(scene)
    before = left_behind(lambda: None)[1]
    lane, rows = left_behind(lambda: by_lane(*scene.sent()))
    assert lane is None
    assert rows == before


def test_the_key_of_an_answer_of_the_lane_gets_it_again_from_both_g06(scene: Scene) -> None:
    request = scene.sent()
    first = by_lane(*request)
    assert first is not None and first.status == 201 and Booking.objects.get().channel == Channel.API
    again, by_lane_again = by_django(*request), by_lane(*request)
    assert again == by_lane_again and again.body == first.body and Booking.objects.count() == 1


def test_every_middleware_is_either_asked_or_worn() -> None:
    """Who adds one decides what it means for the lane."""
    assert set(settings.MIDDLEWARE) == answers.DRESSES | answers.ANSWERED and not answers.DRESSES & answers.ANSWERED
    assert reverse("appointments_api:bookings") == asked.PATH
