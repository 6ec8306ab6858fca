"""A hospital of a benchmark's own: PostgreSQL (fsync on), Redis, schema and rights; nothing of it is left behind."""

import contextlib
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hospital.operations.house.demo import House
from hospital.operations.house.environment import python
from hospital.operations.house.layout import PROJECT, scratch_layout
from hospital.operations.house.speech import step
from hospital.operations.house.supervisor import Child, Supervisor, answers

BARE = "SANDBOX_PORT"  # nothing is paid in a benchmark, so the port of the sandbox is free


@contextlib.contextmanager
def house_of_its_own() -> Iterator[House]:
    """A migrated, empty house; this process's Django is set up on its database, as the role that owns it.

    Its progress goes to stderr: stdout is for the result alone.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        Path(place).chmod(0o755)
        house = House(scratch_layout(Path(place)), durable=True)
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
            house.postgres.remove()


def owner_step(house: House, title: str, *words: str) -> Path:
    """A management command as the owning role; answers the file that holds what it printed."""
    log = house.layout.logs / f"{words[0]}.log"
    with contextlib.redirect_stdout(sys.stderr):
        step(title, [python(), "manage.py", *words], log=log, env=house.owner_env, cwd=PROJECT)
    return log


@contextlib.contextmanager
def served(house: House, recorded_file: Path) -> Iterator[None]:
    """The product's web process, and the bare Django beside it under the same configuration."""
    port = house.layout.ports[BARE]
    bare = Child(
        "bare Django",
        [f"{python().parent}/gunicorn", "-c", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}",
         "benchmarks.bare_django:application"],
        answers(f"http://127.0.0.1:{port}/readyz"), house.layout.logs / "bare.log",
    )  # fmt: skip
    web = [child for child in house.children() if child.name == "web"]
    crew = Supervisor([*web, bare], house.env | {"RECORDED_FILE": str(recorded_file)}, PROJECT)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            crew.start()
        yield
    finally:
        with contextlib.redirect_stdout(sys.stderr):
            crew.stop()


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
