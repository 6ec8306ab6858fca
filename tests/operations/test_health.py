"""Live is not ready, and only staff read why (G31)."""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from hospital.kit import clock, health
from hospital.operations import probes
from hospital.operations.models import Heartbeat
from tests.cast import Cast, client_for


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never answers: what a stopped process looks like from outside."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


@pytest.fixture
def ill(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = health.Probe("outbox", lambda at: "outbox: something is due for 301 s", serves=False)
    monkeypatch.setitem(health._probes, "outbox", bad)


def test_the_whole_house_is_ready(db: None) -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


def test_strangers_and_patients_read_no_cause_and_staff_do(cast: Cast, ill: None) -> None:
    for person in (None, cast.wang_fang):
        answer = client_for(person).get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ready": False})
    answer = client_for(cast.admin).get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "ill": {"outbox": "outbox: something is due for 301 s"}}


def test_a_process_is_sent_requests_while_only_helpers_are_ill(db: None, ill: None) -> None:
    assert Client().get("/readyz?for=serving").status_code == 200


def test_live_asks_nobody(cast: Cast, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for probe in health.registered():
        monkeypatch.setitem(health._probes, probe.name, health.Probe(probe.name, lambda at: "ill", probe.serves))
    client = client_for(cast.wang_fang)
    with django_assert_num_queries(0):
        assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_database_that_hangs_is_named_within_seconds(
    cast: Cast, silent_port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, signed_in: bool
) -> None:
    client = client_for(cast.admin) if signed_in else Client()
    params = connection.get_connection_params() | {"host": "127.0.0.1", "port": silent_port}
    monkeypatch.setattr(connection, "get_connection_params", lambda: params)
    began = time.monotonic()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False})
    assert time.monotonic() - began < 4
    assert "PostgreSQL does not answer within 2 s" in caplog.text


def test_a_database_that_refuses_is_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        params = connection.get_connection_params() | {"host": "127.0.0.1", "port": nobody.getsockname()[1]}
        monkeypatch.setattr(connection, "get_connection_params", lambda: params)
        assert "refused" in probes.database(clock.now())


def test_a_migration_that_is_missing_is_named(db: None) -> None:
    last = MigrationRecorder.Migration.objects.filter(app="operations").latest("pk")
    last.delete()
    assert "operations.0001_heartbeat" in probes._Schema()(clock.now())


def test_a_disk_that_takes_nothing_is_named(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    assert probes.disk(clock.now()) == ""
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    assert probes.disk(clock.now()).startswith("MEDIA_ROOT: ")
    settings.MEDIA_ROOT = Path("/dev/full")
    assert probes.disk(clock.now()).startswith("MEDIA_ROOT: ")


def test_a_redis_that_hangs_is_named_within_seconds(settings: Any, silent_port: int) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port}/0"
    began = time.monotonic()
    assert probes.redis_answers(clock.now()) == "Redis: TimeoutError"
    assert time.monotonic() - began < 3


def test_background_work_that_stands_still_is_named(db: None) -> None:
    at = clock.now()
    assert probes.background(at) == "", "a house that was never started has no beat to miss"
    probes.heartbeat(at=at)
    assert probes.background(at + timedelta(seconds=60)) == ""
    assert probes.background(at + timedelta(seconds=120)) == "beat or worker: no heartbeat for 120 s"
    probes.heartbeat(at=at + timedelta(seconds=120))
    assert probes.background(at + timedelta(seconds=121)) == ""
    assert Heartbeat.objects.count() == 1


def test_a_database_that_goes_away_is_503_and_anything_else_500(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from hospital.portal import selectors

    client = client_for(cast.wang_fang, raise_request_exception=False)
    for error, status in ((OperationalError("gone"), 503), (RuntimeError("broken"), 500)):

        def fail(*args: Any, error: Exception = error, **kwargs: Any) -> Any:
            raise error

        monkeypatch.setattr(selectors, "todos_for", fail)
        answer = client.get("/")
        assert answer.status_code == status
        assert answer.headers.get("Retry-After") == ("10" if status == 503 else None)
        assert "已经确认" in answer.content.decode() or "gone" not in answer.content.decode()
