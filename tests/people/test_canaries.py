"""G27, SEC-13: after a day of requests no name, number or code stands in a log line, a URL, a wake-up or in Redis."""

import logging
import re
from datetime import date

import pytest
import redis
from django.conf import settings
from django.test import Client

from hospital import celery
from hospital.kit import clock, sweeps
from hospital.log_lines import LineFormatter
from hospital.people import identity
from tests.cast import client_for

PHONE, HER_PHONE = "13977665544", "13988776655"
NAME = "金丝雀"
NUMBER = identity.compose("120103", date(1961, 7, 9), 137)
LINKS = re.compile(r"""(?:href|src|action|hx-get|hx-post)=["']([^"']+)""")


class Ears(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def heard(monkeypatch):
    """Everything that is logged, and the arguments of every task."""
    ears, tasks = Ears(), []
    logging.getLogger().addHandler(ears)
    send = celery.sweep_run.apply_async
    monkeypatch.setattr(celery.sweep_run, "apply_async", lambda *a, **k: (tasks.append(str((a, k))), send(*a, **k))[1])
    yield ears.lines, tasks
    logging.getLogger().removeHandler(ears)


def _in_redis() -> list[str]:
    """Every key of this run's corner of Redis with what it holds, whatever its kind."""
    line = redis.Redis.from_url(settings.REDIS_URL)
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"].rstrip(":")
    found = []
    for key in line.scan_iter(f"{prefix}*"):
        read = {b"string": line.get, b"set": line.smembers, b"hash": line.hgetall,
                b"list": lambda k: line.lrange(k, 0, -1), b"zset": lambda k: line.zrange(k, 0, -1)}  # fmt: skip
        kind = line.type(key)
        found.append(f"{key!r} {read[kind](key) if kind in read else ''!r}")
    return found


class Browser:
    """A client that remembers each URL that it asked for, was sent to, or was shown."""

    def __init__(self, client: Client, urls: list[str]) -> None:
        self.client, self.urls = client, urls
        client.raise_request_exception = False

    def _seen(self, path: str, answer):
        self.urls += [path, answer.headers.get("location", ""), *LINKS.findall(answer.content.decode(errors="ignore"))]
        return answer

    def get(self, path: str, *args):
        return self._seen(path, self.client.get(path, *args))

    def post(self, path: str, *args, **kwargs):
        return self._seen(path, self.client.post(path, *args, **kwargs))


def test_a_day_of_requests_leaves_no_trace_of_people(
    cast, outside, heard, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    lines, tasks = heard
    urls: list[str] = []
    with django_capture_on_commit_callbacks(execute=True):
        me = Browser(Client(), urls)
        me.get("/family/")
        me.post("/sign-in/code/", {"phone": PHONE, "next": "/family/"})
        me.post("/sign-in/", {"phone": PHONE, "code": "000000"})
        code = outside.code_for(PHONE)
        assert me.post("/sign-in/", {"phone": PHONE, "code": code}).status_code == 302
        member = {"relation": "parent", "name": NAME, "document_type": "01", "document_no": NUMBER, "phone": HER_PHONE,
                  "consent": "on"}  # fmt: skip
        me.post("/family/add/", member | {"document_no": NUMBER[:-1] + "0"})
        me.post("/family/add/", member)
        her_code = outside.code_for(HER_PHONE)
        me.post("/family/add/", member | {"code": her_code})
        for path in ("/", "/family/", "/card/", "/me/", "/record-access/", "/messages/", "/nothing/", "/security/"):
            me.get(path)
        doctor = Browser(client_for(cast.doctor_li), urls)
        cashier = Browser(client_for(cast.cashier), urls)
        for text in (NAME, PHONE, NUMBER, HER_PHONE):
            doctor.post("/staff/command/", {"q": text})
            doctor.post("/staff/emergency/", {"text": text})
            cashier.post("/staff/cash/find/", {"code": text})
            cashier.post("/staff/identity/", {"record_no": text, "document_no": NUMBER})
        Browser(Client(), urls).post("/staff/sign-in/", {"name": PHONE, "password": NUMBER})
        monkeypatch.setattr("hospital.people.selectors.family_links_for", _broken)
        assert me.get("/family/").status_code == 500
        for sweep in ("people.codes", "messaging.deliveries", "audit.seal"):
            sweeps.run(sweep, at=clock.now())
    assert len(urls) > 100 and any("Internal Server Error" in line for line in lines), "the ears hear nothing"
    for secret in (PHONE, HER_PHONE, NAME, NUMBER, code, her_code):
        alone = re.compile(rf"(?<!\d){re.escape(secret)}(?!\d)")
        for place, texts in {"log": lines, "URL": urls, "task": tasks, "Redis": _in_redis()}.items():
            assert [text for text in texts if alone.search(text)] == [], f"{secret} in {place}"


def _broken(actor):
    raise RuntimeError("a fault of the program")


def test_the_database_logs_no_statement_that_failed() -> None:
    """Statements carry their values: what a failing or slow one said must not reach the server's log."""
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    for place in ("docker-compose.yml", "hospital/operations/house/services.py"):
        text = (root / place).read_text(encoding="utf-8")
        assert re.search(r"log_min_error_statement ?= ?panic", text), place
        assert re.search(r"log_error_verbosity ?= ?terse", text), place
        assert not re.search(r"log_min_duration_statement ?= ?\d", text), place
