"""Where the demo hospital keeps its things, and on which ports it listens."""

import hashlib
import os
import pwd
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from .speech import Trouble

PROJECT = Path(__file__).resolve().parents[3]
PORTS = {
    "WEB_PORT": (8000, "pages and API"),
    "REALTIME_PORT": (8001, "sockets"),
    "SANDBOX_PORT": (8002, "the sandbox of outside channels"),
    "MLLP_PORT": (2575, "HL7 messages"),
    "POSTGRES_PORT": (54380, "PostgreSQL"),
    "REDIS_PORT": (56380, "Redis"),
}
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Layout:
    var: Path  # everything that the house writes
    cluster: Path  # data of PostgreSQL: inside var, unless `postgres` can't reach it there
    ports: dict[str, int]
    host: str = "127.0.0.1"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.ports['WEB_PORT']}"


def demo_layout() -> Layout:
    """Ports come from the environment (WEB_PORT=9000 make run), the place from VAR_DIR or the project's var/."""
    var = Path(os.environ.get("VAR_DIR") or PROJECT / "var").resolve()
    ports = {}
    for name, (default, _) in PORTS.items():
        given = os.environ.get(name, str(default))
        if not given.isdigit() or not 0 < int(given) < 65536:
            raise Trouble(f"{name} is {given!r}; it must be a port number.")
        ports[name] = int(given)
    if len(set(ports.values())) != len(ports):
        raise Trouble("Two of the ports are the same: " + ", ".join(f"{k}={v}" for k, v in ports.items()) + ".")
    return Layout(var=var, cluster=cluster_place(var / "postgres"), ports=ports)


def scratch_layout(run_dir: Path) -> Layout:
    """A place of its own and free ports: a test run shares nothing with the demo or another run."""
    names = list(PORTS)
    return Layout(
        var=run_dir,
        cluster=cluster_place(run_dir / "postgres"),
        ports=dict(zip(names, free_ports(len(names)), strict=True)),
    )


def database_user() -> str | None:
    """The user who must own the cluster: PostgreSQL refuses root; None means oneself."""
    return "postgres" if os.geteuid() == 0 else None


def cluster_place(wanted: Path) -> Path:
    """`wanted`, or a place under /var/lib when `postgres` can't walk there (a project under /root, for example)."""
    if database_user() is None or _others_can_walk(wanted):
        return wanted
    name = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    return Path("/var/lib/internet-hospital") / name


def _others_can_walk(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents if parent.exists())


def free_ports(count: int) -> list[int]:
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def demand_free(name: str, port: int) -> None:
    if is_taken(port):
        what = PORTS[name][1]
        raise Trouble(
            f"Port {port} ({what}) is taken by another program; choose another one, e.g. {name}={port + 1000} make run."
        )


def demand_room(path: Path, megabytes: int) -> None:
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free // MEGABYTE
    if free < megabytes:
        raise Trouble(
            f"Only {free} MB are free where {path} lies, and {megabytes} MB are needed; free some and try again."
        )


def demand_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError as error:
        raise Trouble(f"There is no system user {name}; install PostgreSQL (apt-get install postgresql).") from error
