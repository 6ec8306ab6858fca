"""The running house for tests: its own processes on the test's database, to be killed, emptied and moved in time."""

import os
import signal
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
from django.conf import settings
from django.db import connection

from hospital.kit import clock
from hospital.operations.house.demo import House
from hospital.operations.house.layout import PROJECT, scratch_layout
from hospital.operations.house.supervisor import Child, Supervisor
from tests.waiting import wait_until

_OURS = ["SECRET_KEY", "BLIND_INDEX_KEY", "SIGNING_KEY"]


class WallClock:
    """The wall clock of the house's processes, which a test may set forward (tests/wall_clock/sitecustomize.py)."""

    def __init__(self, file: Path, at: datetime) -> None:
        self.file, self.ahead = file, timedelta(0)
        self.move_to(at)

    @property
    def env(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).parent / "wall_clock"), "WALL_CLOCK": str(self.file)}

    def now(self) -> datetime:
        return clock.now() + self.ahead

    def move_to(self, at: datetime) -> None:
        """Set the clock; it goes on from there at its usual pace."""
        self.ahead = at - clock.now()
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{self.ahead.total_seconds()}", encoding="ascii")
        draft.replace(self.file)


class Drill:
    """The running house on the test's database, with a Redis of its own that may be emptied."""

    def __init__(self, tmp_path: Path, wall_clock: WallClock | None = None) -> None:
        self.wall_clock = wall_clock
        self.house = House(scratch_layout(tmp_path), durable=False)
        self.anchors = self.house.layout.var / "audit-anchors.jsonl"  # of this run's audit trail alone
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
            "AUDIT_ANCHOR_FILE": str(self.anchors),
            "WEB_WORKERS": "2",
        } | (wall_clock.env if wall_clock else {})
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

    def set_clock(self, at: datetime) -> None:
        """The house's wall clock goes on from there; all web workers show it."""
        assert self.wall_clock is not None
        self.wall_clock.move_to(at)
        wait_until(lambda: all(self._time_of_web() >= at for _ in range(10)), f"{at} on every clock")

    def _time_of_web(self) -> datetime:
        """What one worker's clock says; the beginning of time from one that is down at this moment."""
        try:
            date = requests.get(f"{self.web}/livez", timeout=10).headers["Date"]
        except requests.RequestException:
            return datetime.fromtimestamp(0, UTC)
        return parsedate_to_datetime(date) + timedelta(seconds=1)

    def child(self, name: str) -> Child:
        return next(child for child in self.supervisor.children if child.name == name)

    def works(self, name: str) -> bool:
        """Alive, and past its start."""
        child = self.child(name)
        return child.is_alive and child.ready(child)

    def kill(self, name: str) -> None:
        """SIGKILL to the process and all that it started: nobody gets to say goodbye."""
        child = self.child(name)
        assert child.process is not None
        before = child.process
        os.killpg(before.pid, signal.SIGKILL)
        wait_until(lambda: child.process is not before and child.is_alive, f"{name} started again")

    def empty_redis(self) -> None:
        with socket.create_connection(("127.0.0.1", self.house.redis.port), timeout=5) as line:
            line.sendall(b"FLUSHALL\r\n")
            assert line.recv(64).startswith(b"+OK")
