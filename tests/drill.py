"""The running house for tests: its own processes on the test's database, to be killed, emptied and moved in time."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from hospital.kit import clock
from hospital.operations.house.demo import House
from hospital.operations.house.layout import PROJECT, scratch_layout
from hospital.operations.house.supervisor import Supervisor

_OURS = ["SECRET_KEY", "BLIND_INDEX_KEY", "SIGNING_KEY"]
_FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def wait_until(true: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Wait for a condition and answer its value; fail with its name when it doesn't come."""
    limit, tick = time.monotonic() + seconds, threading.Event()
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < limit, f"{what} did not come true within {seconds:.0f} s"
        tick.wait(0.1)


class Clock:
    """The house's wall clock, which a test may set forward (libfaketime reads the file at every look at the clock)."""

    def __init__(self, file: Path) -> None:
        if not _FAKETIME:
            pytest.fail("libfaketime isn't installed; `./dev setup test` installs it (Debian package: faketime)")
        self.file, self.ahead = file, timedelta(0)
        self.move_to(clock.now())

    @property
    def env(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(_FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # timeouts and sleeps go on as they are
        }

    def now(self) -> datetime:
        return clock.now() + self.ahead

    def move_to(self, at: datetime) -> None:
        """Set the clock; it goes on from there at its usual pace."""
        self.ahead = timedelta(seconds=int((at - clock.now()).total_seconds()))
        draft = self.file.with_suffix(".new")
        draft.write_text(f"+{int(self.ahead.total_seconds())}s\n", encoding="ascii")
        draft.replace(self.file)


class Drill:
    """The running house on the test's database, with a Redis of its own that may be emptied."""

    def __init__(self, tmp_path: Path, time: Clock | None = None) -> None:
        self.house = House(scratch_layout(tmp_path), durable=False)
        database = connection.settings_dict
        login = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
        env = {
            name: value
            for name, value in self.house.env.items()
            if name.removesuffix("_FILE") not in {*_OURS, "FIELD_KEYS"}
        }
        env |= {name: getattr(settings, name) for name in _OURS}  # as the test wrote names and sessions
        env |= {
            "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
            "DATABASE_URL": f"postgres://{login}@{database['HOST']}:{database['PORT']}/{database['NAME']}",
            "WEB_WORKERS": "2",
        } | (time.env if time else {})
        self.supervisor = Supervisor(self.house.children(), env, PROJECT)
        ports = self.house.layout.ports
        self.web = self.house.layout.url
        self.sandbox = f"http://127.0.0.1:{ports['SANDBOX_PORT']}"
        self.channel = f"{self.sandbox}/wechatpay"
        self.mllp_port = ports["MLLP_PORT"]
        self.watching = threading.Thread(target=self.supervisor.watch, daemon=True)

    def start(self) -> None:
        self.house.redis.start()
        self.supervisor.start()
        self.watching.start()

    def stop(self) -> None:
        self.supervisor.stop()
        if self.watching.is_alive():
            self.watching.join()
        self.house.redis.stop()

    def kill(self, name: str) -> None:
        """SIGKILL to the process and all that it started: nobody gets to say goodbye."""
        child = next(child for child in self.supervisor.children if child.name == name)
        assert child.process is not None
        before = child.process
        os.killpg(before.pid, signal.SIGKILL)
        wait_until(lambda: child.process is not before and child.is_alive, f"{name} started again", 30)

    def empty_redis(self) -> None:
        with socket.create_connection(("127.0.0.1", self.house.redis.port), timeout=5) as line:
            line.sendall(b"FLUSHALL\r\n")
            assert line.recv(64).startswith(b"+OK")
