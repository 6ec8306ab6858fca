"""`make test`: a PostgreSQL and a Redis of its own on free ports, every check of the house, then nothing left behind."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .demo import House, compile_catalogues
from .environment import python
from .layout import PROJECT, demand_room, scratch_layout
from .services import APP
from .speech import say

_ROOM = 2000  # megabytes


def run(words: Sequence[str]) -> int:
    """Run pytest with `words` (all tests and all static checks when none are given); answers its exit code."""
    var = Path(os.environ.get("VAR_DIR") or PROJECT / "var").resolve()
    demand_room(var, _ROOM)
    (var / "test").mkdir(parents=True, exist_ok=True)
    for folder in (var, var / "test"):
        folder.chmod(0o755)
    run_dir = Path(tempfile.mkdtemp(dir=var / "test"))
    run_dir.chmod(0o755)
    house = House(scratch_layout(run_dir), durable=False)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        house.start_services()
        compile_catalogues(house.layout.logs, house.env)
        workers = min(4, len(os.sched_getaffinity(0)))
        chosen = list(words) or ["-n", str(workers), "--dist", "loadgroup"]
        env = house.owner_env | {"TEST_DATABASE_NAME": "test_hospital", "REDIS_PREFIX": "test"}
        env["APP_DATABASE_URL"] = house.postgres.url(APP)  # for tests of what the application's own role may do
        return subprocess.run([python(), "-m", "pytest", *chosen], env=env, cwd=PROJECT, check=False).returncode
    except KeyboardInterrupt:
        say("Stopping ...")
        return 130
    finally:
        house.redis.stop()
        house.postgres.remove()
        shutil.rmtree(run_dir, ignore_errors=True)
