"""The demo on one machine: ports, keys, places, processes that die. Real processes, no sleeping: each test waits on a condition."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from hospital.operations.house import layout as layouts
from hospital.operations.house import supervisor as supervisors
from hospital.operations.house.environment import _cleaned, demo_environment
from hospital.operations.house.keys import Keys
from hospital.operations.house.layout import (
    Layout,
    cluster_place,
    demand_free,
    demand_room,
    demo_layout,
    free_ports,
    scratch_layout,
)
from hospital.operations.house.services import APP, OWNER, Postgres, Redis
from hospital.operations.house.speech import Trouble, step
from hospital.operations.house.supervisor import Child, Supervisor, logs
from hospital.operations.management.commands import sandbox
from tests.waiting import wait_until


# --- Ports and places -----------------------------------------------------------------------------------------
def test_a_taken_port_is_one_sentence_that_names_the_way_out() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Trouble, match=rf"Port {port} \(pages and API\) is taken.*WEB_PORT="):
            demand_free("WEB_PORT", port)


@pytest.mark.parametrize("port", ["eighty", "0", "70000", ""])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("WEB_PORT", port)
    with pytest.raises(Trouble, match="WEB_PORT"):
        demo_layout()


def test_two_parts_on_one_port_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", "9000")
    monkeypatch.setenv("REALTIME_PORT", "9000")
    with pytest.raises(Trouble, match="the same"):
        demo_layout()


def test_no_room_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"Only \d+ MB are free"):
        demand_room(tmp_path / "not" / "yet", 10**9)


def test_a_cluster_that_postgres_cannot_reach_is_put_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "database_user", lambda: "postgres")
    monkeypatch.setattr(layouts, "_others_can_walk", lambda path: True)
    assert cluster_place(tmp_path / "postgres") == tmp_path / "postgres"
    monkeypatch.undo()
    monkeypatch.setattr(layouts, "database_user", lambda: "postgres")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert cluster_place(closed / "postgres").parent == Path("/var/lib/internet-hospital")


# --- Keys and environment -------------------------------------------------------------------------------------
def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "secrets")
    keys.make()
    before = {path.name: path.read_bytes() for path in keys.folder.iterdir()}
    Keys(keys.folder).make()
    assert {path.name: path.read_bytes() for path in keys.folder.iterdir()} == before
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.folder.iterdir()} == {0o600}
    assert len({keys.read(name) for name in ("secret_key", "blind_index_key", "signing_key")}) == 3


def test_a_stray_setting_of_the_shell_reaches_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/etc/passwd")
    monkeypatch.setenv("SMS_BASE_URL", "https://sms.example.org")
    layout = Layout(tmp_path, tmp_path / "postgres", dict(zip(layouts.PORTS, free_ports(6), strict=True)))
    keys = Keys(layout.secrets)
    keys.make()
    env = demo_environment(layout, keys, Postgres(layout, keys.passwords()), Redis(layout))
    assert "DATABASE_URL_FILE" not in env
    assert env["SMS_BASE_URL"].startswith("http://127.0.0.1:")
    assert f"{APP}:" in env["DATABASE_URL"] and OWNER not in env["DATABASE_URL"]
    assert _cleaned({"EDITOR": "ed"})["EDITOR"] == "ed"


# --- Steps and processes --------------------------------------------------------------------------------------
def test_a_step_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"Counting failed(.|\n)*the reason"):
        step(
            "Counting",
            ["sh", "-c", "echo the reason; exit 3"],
            log=tmp_path / "log",
            env=dict(os.environ),
            cwd=tmp_path,
        )


def child(tmp_path: Path, code: str, ready: Any = None) -> Child:
    return Child("part", [sys.executable, "-u", "-c", code], ready or logs("up"), tmp_path / "part.log")


def crew(tmp_path: Path, *children: Child) -> Supervisor:
    return Supervisor(children, dict(os.environ), tmp_path)


def test_a_part_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"part did not start \(exit code 7\)(.|\n)*no such thing"):
        crew(tmp_path, child(tmp_path, "print('no such thing'); raise SystemExit(7)")).start()


def test_a_part_that_dies_is_named_and_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = child(tmp_path, "import time; print('up'); time.sleep(600)")
    house = crew(tmp_path, part)
    house.start()
    watching = threading.Thread(target=house.watch)
    watching.start()
    try:
        assert part.process is not None
        first = part.process.pid
        part.process.kill()
        wait_until(lambda: part.process is not None and part.process.pid != first, "the part is started again")
    finally:
        house.stop()
        watching.join()
    assert "part died (killed by SIGKILL); starting it again" in capsys.readouterr().out
    assert not part.is_alive


def test_a_part_that_dies_again_and_again_stops_the_house(tmp_path: Path) -> None:
    house = crew(tmp_path, child(tmp_path, "print('up')", ready=lambda part: True))
    house.start()
    with pytest.raises(Trouble, match="died 6 times within a minute"):
        house.watch()


def test_a_part_that_will_not_end_is_killed_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisors, "_FAREWELL", 0.3)
    part = child(
        tmp_path,
        "import signal, time; signal.signal(signal.SIGTERM, lambda *_: None); print('up')\nwhile 1: time.sleep(1)",
    )
    house = crew(tmp_path, part)
    house.start()
    house.stop()
    assert part.process is not None and part.process.returncode == -signal.SIGKILL
    assert "part did not end within" in capsys.readouterr().out


# --- The sandbox's door ---------------------------------------------------------------------------------------
def test_the_sandbox_leads_each_prefix_to_its_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make_app(state_dir: Path) -> Any:
        def app(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]

        return app

    module = type("Module", (), {"make_app": staticmethod(make_app)})
    monkeypatch.setattr(sandbox, "SANDBOXES", {"/pay": "channel.pay", "/pay-more": "channel.more", "/none": "no.such"})
    monkeypatch.setattr(sandbox, "_exists", lambda name: name.startswith("channel."))
    monkeypatch.setattr(sandbox, "import_module", lambda name: module)
    mounts = sandbox.Mounts(tmp_path)

    def get(path: str) -> tuple[str, str]:
        said: list[str] = []
        body = b"".join(mounts({"PATH_INFO": path, "REQUEST_METHOD": "GET"}, lambda status, *_: said.append(status)))  # type: ignore[arg-type]
        return said[0], body.decode()

    assert get("/pay/v3/x") == ("200 OK", "/pay|/v3/x")
    assert get("/pay-more") == ("200 OK", "/pay-more|")
    assert get("/payments")[0] == "404 Not Found"
    assert get("/none/x")[0] == "404 Not Found"
    assert get("/readyz")[0] == "200 OK"


def test_a_killed_redis_that_nobody_has_buried_is_not_taken_for_alive(tmp_path: Path) -> None:
    """Its name and number are still there (a zombie): who believed in it would wait for an answer instead of starting one."""
    program = tmp_path / "redis-server"
    shutil.copy(shutil.which("sleep") or "", program)
    redis = Redis(scratch_layout(tmp_path))
    redis.dir.mkdir(parents=True)
    with subprocess.Popen([program, "600"]) as dead:
        redis.pidfile.write_text(str(dead.pid), encoding="ascii")
        wait_until(lambda: redis._pid() == dead.pid, "the pid of the dead one")
        dead.kill()
        wait_until(lambda: redis._pid() is None, "nothing is taken for alive")
        assert Path(f"/proc/{dead.pid}/comm").read_text(encoding="utf-8").strip() == "redis-server"
