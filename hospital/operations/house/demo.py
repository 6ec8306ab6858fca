"""`make run`, `make reset`: the whole demo hospital on this machine."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from .environment import demo_environment, owner_environment, python
from .keys import Keys
from .layout import PORTS, PROJECT, Layout, demand_free, demand_room, demo_layout
from .services import Postgres, Redis, stop_all
from .speech import Trouble, say, step
from .supervisor import Child, Supervisor, answers, listens, logs

_ROOM = 1500  # megabytes: virtual environment aside, the demo's data and logs


class House:
    def __init__(self, layout: Layout, *, durable: bool = True) -> None:
        self.layout = layout
        layout.var.mkdir(parents=True, exist_ok=True)
        layout.var.chmod(0o755)  # `postgres` walks through it to its cluster; secrets/ is closed
        (layout.var / "static").mkdir(exist_ok=True)  # empty here: the demo serves from the sources
        self.keys = Keys(layout.secrets)
        self.keys.make()
        self.postgres = Postgres(layout, self.keys.passwords(), durable=durable)
        self.redis = Redis(layout, durable=durable)
        self.env = demo_environment(layout, self.keys, self.postgres, self.redis)
        self.owner_env = owner_environment(self.env, self.postgres)

    def start_services(self) -> None:
        self.postgres.start()
        self.redis.start()
        say(f"✓ PostgreSQL on port {self.postgres.port} ({self.postgres.data}), Redis on port {self.redis.port}")

    def stop_services(self) -> None:
        stop_all([self.redis, self.postgres])

    def manage(self, title: str, *words: str, as_owner: bool = False) -> None:
        env = self.owner_env if as_owner else self.env
        step(title, [python(), "manage.py", *words], log=self.layout.logs / f"{words[0]}.log", env=env, cwd=PROJECT)

    def prepare(self, size: str) -> None:
        """Schema, rights, code tables, and the demo's data when there is none."""
        compile_catalogues(self.layout.logs, self.env)
        self.manage("Migrating the database", "migrate", "--no-input", "-v1", as_owner=True)
        self.manage("Granting rights", "db_grants", as_owner=True)
        seeded = self.layout.var / "seeded"
        if not seeded.exists():
            self.manage("Loading the code tables (diagnoses, drugs, items, regions)", "load_catalogues")
            self.manage(f"Seeding the demo hospital ({size})", "seed", "--size", size)
            seeded.write_text(size + "\n", encoding="utf-8")

    def children(self) -> list[Child]:
        ports, run = self.layout.ports, self.layout.var / "run"
        run.mkdir(exist_ok=True)
        python_, bin_ = str(python()), str(python().parent)
        sandbox, web, realtime = (ports[name] for name in ("SANDBOX_PORT", "WEB_PORT", "REALTIME_PORT"))

        def child(name: str, ready: object, *command: str) -> Child:
            assert callable(ready)
            return Child(name, command, ready, self.layout.logs / f"{name}.log")

        children = [
            child("sandbox", answers(f"http://127.0.0.1:{sandbox}/readyz"), python_, "manage.py", "sandbox",
                  "--port", str(sandbox), "--state-dir", str(self.layout.var / "sandbox")),
            child("web", answers(f"http://127.0.0.1:{web}/readyz?for=serving"), f"{bin_}/gunicorn", "-c", "deploy/gunicorn.conf.py",
                  "--bind", f"{self.layout.host}:{web}", "hospital.wsgi:application"),
            child("realtime", answers(f"http://127.0.0.1:{realtime}/readyz?for=serving"), f"{bin_}/uvicorn", "--host",
                  self.layout.host, "--port", str(realtime), "--no-access-log", "--no-proxy-headers", "hospital.asgi:application"),
            child("worker", logs(r"celery@\S+ ready"), f"{bin_}/celery", "-A", "hospital", "worker", "-c", "2", "-l",
                  "INFO", "--without-gossip", "--without-mingle"),
            child("beat", logs(r"beat: Starting"), f"{bin_}/celery", "-A", "hospital", "beat", "-l", "INFO", "-s",
                  str(run / "beat"), "--pidfile", ""),
        ]  # fmt: skip
        if self.has_command("mllp"):
            children.append(
                child(
                    "mllp", listens(ports["MLLP_PORT"]), python_, "manage.py", "mllp", "--port", str(ports["MLLP_PORT"])
                )
            )
        return children

    def has_command(self, name: str) -> bool:
        return any(PROJECT.glob(f"*/management/commands/{name}.py")) or any(
            PROJECT.glob(f"hospital/*/management/commands/{name}.py")
        )


def compile_catalogues(log_folder: Path, env: dict[str, str]) -> None:
    """Each .po whose .mo is missing or older: people would read English otherwise."""
    for source in sorted((PROJECT / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            step(f"Compiling the texts of {source.parent.parent.name}", ["msgfmt", "--check-format", "-o", compiled, source],
                 log=log_folder / "msgfmt.log", env=env, cwd=PROJECT)  # fmt: skip


@contextlib.contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """One `make run` for one var/: two would fight for the ports and the cluster."""
    with (layout.var / "run.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise Trouble(
                f"This hospital already runs (process {lock.read().strip() or 'unknown'}); stop it first with Ctrl-C there."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class _Stop(BaseException):
    """Ctrl-C or SIGTERM, wherever the house is at the moment."""


def _raise_stop(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stop


def run(size: str) -> int:
    layout = demo_layout()
    demand_room(layout.var, _ROOM)
    demand_room(layout.cluster, _ROOM)
    house = House(layout)
    with only_one(layout):
        for name in (
            "SANDBOX_PORT",
            "WEB_PORT",
            "REALTIME_PORT",
            *(["MLLP_PORT"] if house.has_command("mllp") else []),
        ):
            demand_free(name, layout.ports[name])
        signal.signal(signal.SIGINT, _raise_stop)
        signal.signal(signal.SIGTERM, _raise_stop)
        supervisor: Supervisor | None = None
        try:
            house.start_services()
            house.prepare(size)
            supervisor = Supervisor(house.children(), house.env, PROJECT)
            supervisor.start()
            _welcome(house)
            supervisor.watch()
        except _Stop:
            say("\nStopping the hospital ...")
        finally:
            if supervisor is not None:
                supervisor.stop()
            house.stop_services()
            say(
                "Stopped. The data is kept in "
                + str(layout.var)
                + "; `make run` starts it again, `make reset` clears it."
            )
    return 0


def _welcome(house: House) -> None:
    accounts = subprocess.run(
        [python(), "manage.py", "demo_accounts"],
        env=house.env,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if accounts.returncode:
        raise Trouble(f"demo_accounts failed: {accounts.stderr.strip()}")
    layout = house.layout
    say()
    say(f"  The hospital is open:  {layout.url}/          for staff:  {layout.url}/staff/")
    say(f"  Outside channels:      http://127.0.0.1:{layout.ports['SANDBOX_PORT']}/")
    say(f"  Logs:                  {layout.logs}/")
    say()
    say(accounts.stdout.rstrip())
    say()
    say("  Ctrl-C stops everything.")


def reset() -> int:
    """Forget the demo: its data, its keys, its logs."""
    layout = demo_layout()
    if not layout.var.exists():
        say("There is nothing to clear.")
        return 0
    with only_one(layout):
        house = House(layout)
        house.redis.stop()
        house.postgres.remove()
        for path in layout.var.iterdir():
            if path.name == "run.lock":
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    say(f"Cleared {layout.var}. `make run` makes a new hospital.")
    return 0


def stop() -> int:
    """Stop services that a killed `make run` left behind."""
    layout = demo_layout()
    with only_one(layout):
        House(layout).stop_services()
    say("Stopped.")
    return 0


def manage(words: Sequence[str]) -> int:
    """A management command inside the demo; the services run while it does, and afterwards only if they did before."""
    layout = demo_layout()
    house = House(layout)
    was_running = house.postgres.is_running()
    if not was_running:
        house.postgres.start()
        house.redis.start()
    env = house.owner_env if words and words[0] in {"migrate", "db_grants"} else house.env
    try:
        return subprocess.run([python(), "manage.py", *words], env=env, cwd=PROJECT, check=False).returncode
    finally:
        if not was_running:
            house.stop_services()


def ports_help() -> str:
    return "\n".join(f"  {name:14} {default:6}  {what}" for name, (default, what) in PORTS.items())
