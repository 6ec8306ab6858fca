"""What /readyz asks: database, schema, disk, Redis, background work, outbox (G31)."""

import os
import select
import tempfile
import time
from datetime import datetime, timedelta

import psycopg2
import psycopg2.extensions
import redis
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from hospital.kit import health
from hospital.messaging.selectors import outbox_oldest

from .models import Heartbeat

_SECONDS = 2.0
_LATE = timedelta(minutes=5)  # of the outbox, and of a message that is due
_SILENT = timedelta(seconds=90)  # since the last heartbeat of beat and worker


def database(at: datetime) -> str:
    """A connection of its own, asked without blocking: a server that hangs would hold Django's for ever."""
    try:
        return "" if _answers_in_time() else f"PostgreSQL does not answer within {_SECONDS:.0f} s"
    except psycopg2.Error as error:
        return f"PostgreSQL: {str(error).strip().splitlines()[0]}"


def _answers_in_time() -> bool:
    until = time.monotonic() + _SECONDS
    asked = psycopg2.connect(**connection.get_connection_params() | {"async_": True, "cursor_factory": None})
    try:
        if not _wait(asked, until):
            return False
        with asked.cursor() as cursor:
            cursor.execute("SELECT 1")
            return _wait(asked, until)
    finally:
        asked.close()


def _wait(asked: "psycopg2.extensions.connection", until: float) -> bool:
    while True:
        state = asked.poll()
        if state == psycopg2.extensions.POLL_OK:
            return True
        left = until - time.monotonic()
        if left <= 0:
            return False
        reading = [asked] if state == psycopg2.extensions.POLL_READ else []
        writing = [asked] if state == psycopg2.extensions.POLL_WRITE else []
        select.select(reading, writing, [], left)


class _Schema:
    """Migrations of this code that the database lacks. Once none is missing, none will be for the life of the process."""

    is_whole = False

    def __call__(self, at: datetime) -> str:
        if not self.is_whole:
            loader = MigrationLoader(connection)
            assert loader.graph is not None and loader.applied_migrations is not None
            missing = sorted(set(loader.graph.nodes) - set(loader.applied_migrations))
            if missing:
                return f"{len(missing)} migrations are missing, the first is {'.'.join(missing[0])}"
            self.is_whole = True
        return ""


def disk(at: datetime) -> str:
    """What people upload must find room."""
    try:
        os.makedirs(settings.MEDIA_ROOT, exist_ok=True)  # noqa: PTH103 - MEDIA_ROOT may be a text
        with tempfile.NamedTemporaryFile(dir=settings.MEDIA_ROOT, prefix=".probe-") as file:
            file.write(b"\0" * 65_536)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"MEDIA_ROOT: {error.strerror}"
    return ""


def redis_answers(at: datetime) -> str:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None)
    try:
        client.ping()
    except redis.RedisError as error:
        return f"Redis: {type(error).__name__}"
    finally:
        client.close()
    return ""


def background(at: datetime) -> str:
    """Beat wakes the heartbeat's sweep and a worker runs it: when either is away, it stands still."""
    last = Heartbeat.objects.order_by("-at").values_list("at", flat=True).first()
    if last is None or at - last <= _SILENT:
        return ""
    return f"beat or worker: no heartbeat for {int((at - last).total_seconds())} s"


def outbox(at: datetime) -> str:
    oldest = outbox_oldest(at)
    if oldest is None or at - oldest <= _LATE:
        return ""
    return f"outbox: something is due for {int((at - oldest).total_seconds())} s"


def heartbeat(*, at: datetime) -> int:
    """The sweep. It counts as no work, or `tick` would never find the house at rest."""
    Heartbeat.objects.update_or_create(name="background", defaults={"at": at})
    return 0


def register_all() -> None:
    """Called once, from AppConfig.ready."""
    assert apps.models_ready
    health.register("database", database, serves=True)
    health.register("schema", _Schema(), serves=True)
    health.register("disk", disk, serves=True)
    health.register("redis", redis_answers, serves=False)
    health.register("background", background, serves=False)
    health.register("outbox", outbox, serves=False)
