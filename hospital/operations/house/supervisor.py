"""Keeps the processes of the house alive: waits until each is ready, says which died, stops all together."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .speech import Trouble, last_lines, say

Ready = Callable[["Child"], bool]

_PATIENCE = 90.0  # seconds until a process must be ready
_FAREWELL = 25.0  # seconds for a process to end its work after SIGTERM
_DEATHS = 5  # within a minute; more means that starting again helps nobody
_PR_SET_PDEATHSIG = 1


def answers(url: str) -> Ready:
    """Ready when this URL answers 200."""

    def ready(child: "Child") -> bool:
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - our own http URL
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return ready


def listens(port: int) -> Ready:
    def ready(child: "Child") -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return ready


def logs(pattern: str) -> Ready:
    """Ready when its log of this run has a line like `pattern`: for processes that listen on nothing."""
    wanted = re.compile(pattern)

    def ready(child: "Child") -> bool:
        with child.log.open("rb") as file:
            file.seek(child.log_start)
            return wanted.search(file.read().decode(errors="replace")) is not None

    return ready


@dataclass
class Child:
    name: str
    command: Sequence[str]
    ready: Ready
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    log_start: int = 0
    deaths: list[float] = field(default_factory=list)

    def start(self, env: Mapping[str, str], cwd: Path) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.log_start = output.tell()
            self.process = subprocess.Popen(
                list(self.command), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(env),
                cwd=cwd, preexec_fn=_follow_parent,
            )  # fmt: skip

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.is_alive:
            os.killpg(self.process.pid, number) if number == signal.SIGKILL else self.process.send_signal(number)

    def fate(self) -> str:
        assert self.process is not None
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _follow_parent() -> None:
    """Runs in the child: a session of its own, so that Ctrl-C reaches us alone, and an end when we are killed."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    def __init__(self, children: Sequence[Child], env: Mapping[str, str], cwd: Path) -> None:
        self.children, self.env, self.cwd = list(children), dict(env), cwd
        self.stopping = False

    def start(self) -> None:
        """Start them all, then wait until each is ready."""
        for child in self.children:
            child.start(self.env, self.cwd)
        for child in self.children:
            self._wait_for(child)

    def _wait_for(self, child: Child) -> None:
        until = time.monotonic() + _PATIENCE
        while not self.stopping:
            if not child.is_alive:
                raise Trouble(f"{child.name} did not start ({child.fate()}). The end of {child.log}:\n"
                              f"{last_lines(child.log)}")  # fmt: skip
            if child.ready(child):
                say(f"✓ {child.name} is ready")
                return
            if time.monotonic() > until:
                raise Trouble(f"{child.name} was not ready after {_PATIENCE:.0f} s. The end of {child.log}:\n"
                              f"{last_lines(child.log)}")  # fmt: skip
            time.sleep(0.1)

    def watch(self) -> None:
        """Until told to stop: start again what died, and say so."""
        while not self.stopping:
            for child in self.children:
                if not child.is_alive and not self.stopping:
                    self._start_again(child)
            time.sleep(0.3)

    def _start_again(self, child: Child) -> None:
        now = time.monotonic()
        child.deaths = [death for death in child.deaths if now - death < 60] + [now]
        if len(child.deaths) > _DEATHS:
            raise Trouble(f"{child.name} died {len(child.deaths)} times within a minute (last: {child.fate()}). "
                          f"The end of {child.log}:\n{last_lines(child.log)}")  # fmt: skip
        say(f"! {child.name} died ({child.fate()}); starting it again. Its log: {child.log}")
        child.start(self.env, self.cwd)

    def stop(self) -> None:
        """Ask all to end, from the last started to the first; kill those that don't, and name them."""
        self.stopping = True
        for child in reversed(self.children):
            child.send(signal.SIGTERM)
        until = time.monotonic() + _FAREWELL
        for child in reversed(self.children):
            if child.process is None:
                continue
            try:
                child.process.wait(timeout=max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"! {child.name} did not end within {_FAREWELL:.0f} s and was killed")
                child.send(signal.SIGKILL)
                child.process.wait()
