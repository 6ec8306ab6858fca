"""A hospital of a benchmark's own: PostgreSQL (fsync on), Redis, schema and rights; nothing of it is left behind."""

import contextlib
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hospital.operations.house.demo import House
from hospital.operations.house.environment import python
from hospital.operations.house.layout import PROJECT, scratch_layout
from hospital.operations.house.speech import step
from hospital.operations.house.supervisor import Child, Supervisor, answers

BARE = "SANDBOX_PORT"  # nothing is paid in a benchmark, so the port of the sandbox is free


@contextlib.contextmanager
def house_of_its_own(kept: Path | None = None) -> Iterator[House]:
    """A migrated house, empty at first; this process's Django is set up on its database, as the role that owns it.

    Its progress goes to stderr: stdout is for the result alone. Nothing of it is left behind, unless it is to be `kept`
    in a folder: the next run finds there what this one seeded.
    """
    with contextlib.ExitStack() as stack:
        place = kept.resolve() if kept else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o755)
        house = House(scratch_layout(place), durable=True)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                house.start_services()
                owner_step(house, "Migrating", "migrate", "--no-input")
                owner_step(house, "Granting rights", "db_grants")
            os.environ.update(house.owner_env)
            import django

            django.setup()
            yield house
        finally:
            house.redis.stop()
            house.postgres.stop() if kept else house.postgres.remove()


def seeded_once(house: House, size: str) -> float | None:
    """Code tables and demo data, unless a run before this one kept them here; hours since then, for whoever reads the result."""
    done = house.layout.var / "seeded"
    if done.exists():
        if (found := done.read_text(encoding="utf-8").strip()) != size:
            raise SystemExit(f"{house.layout.var} holds a hospital of size {found}, not {size}.")
        return round((time.time() - done.stat().st_mtime) / 3600, 1)
    owner_step(house, "Loading the code tables", "load_catalogues")
    owner_step(house, f"Seeding a hospital of size {size}", "seed", "--size", size)
    done.write_text(size + "\n", encoding="utf-8")
    return None


def owner_step(house: House, title: str, *words: str) -> Path:
    """A management command as the owning role; answers the file that holds what it printed."""
    log = house.layout.logs / f"{words[0]}.log"
    with contextlib.redirect_stdout(sys.stderr):
        step(title, [python(), "manage.py", *words], log=log, env=house.owner_env, cwd=PROJECT)
    return log


@contextlib.contextmanager
def served(house: House, recorded_file: Path, names: Sequence[str] = ("web",)) -> Iterator[None]:
    """These processes of the product, and the bare Django beside the web process under the same configuration."""
    port = house.layout.ports[BARE]
    bare = Child(
        "bare Django",
        [f"{python().parent}/gunicorn", "-c", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}",
         "benchmarks.bare_django:application"],
        answers(f"http://127.0.0.1:{port}/readyz"), house.layout.logs / "bare.log",
    )  # fmt: skip
    web = [child for child in house.children() if child.name in names]
    crew = Supervisor([*web, bare], house.env | {"RECORDED_FILE": str(recorded_file)}, PROJECT)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            crew.start()
        yield
    finally:
        with contextlib.redirect_stdout(sys.stderr):
            crew.stop()


def cpu_seconds(port: int) -> float:
    """What the processes that serve this port have computed so far: it says the same on a busy machine as on an idle one."""
    ticks, address = 0, f"127.0.0.1:{port}"
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if address in (folder / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0"):
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()
                ticks += int(stat[11]) + int(stat[12])
        except OSError:
            continue  # it has just ended
    return ticks / os.sysconf("SC_CLK_TCK")


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    return {"median": round(statistics.median(values), digits), "least": round(min(values), digits),
            "most": round(max(values), digits)}  # fmt: skip


def machine() -> dict[str, object]:
    """What the numbers were measured on, and how busy it was: a number without that says nothing."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) // 1024 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "model": model,
        "memory_mb": memory,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()
