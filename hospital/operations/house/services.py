"""A PostgreSQL cluster and a Redis of our own, never the system's."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from .layout import Layout, database_user, demand_free, demand_user
from .speech import Trouble, last_lines

SUPERUSER = "hospital_cluster"
OWNER = "hospital_owner"
APP = "hospital_app"
DATABASE = "hospital"


def postgres_programs() -> Path:
    """The newest PostgreSQL server of the machine (Debian keeps several side by side)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    if initdb := shutil.which("initdb"):
        return Path(initdb).parent
    raise Trouble("PostgreSQL is not installed: apt-get install postgresql.")


class Postgres:
    """`durable=False` is for tests: their data may die with the machine, and they are faster so."""

    def __init__(self, layout: Layout, passwords: Mapping[str, str], *, durable: bool = True) -> None:
        self.data, self.port, self.log = layout.cluster, layout.ports["POSTGRES_PORT"], layout.logs / "postgres.log"
        self.passwords, self.durable = passwords, durable
        self.bin = postgres_programs()

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgres://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def is_running(self) -> bool:
        return self.data.exists() and self._as_owner("pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def start(self) -> None:
        """Make the cluster when there is none, start it, and see that its roles and database are there."""
        if self.is_running():
            if not self._answers():
                raise Trouble(
                    f"Our PostgreSQL already runs on another port than {self.port}; stop it first: ./dev stop."
                )
        else:
            demand_free("POSTGRES_PORT", self.port)
            if not (self.data / "PG_VERSION").exists():
                self._make()
            self._start()
        self._make_roles()

    def stop(self) -> None:
        if self.is_running():
            self._as_owner("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop", check=False)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _make(self) -> None:
        user = database_user()
        self.data.mkdir(parents=True, exist_ok=True)
        if user:
            demand_user(user)
            if self.data.parent == Path("/var/lib/internet-hospital"):
                self.data.parent.chmod(0o755)
            shutil.chown(self.data, user, user)
        # Only PostgreSQL's own user can open the password file, and only for the moment of initdb.
        handover = self.data.parent / f".initdb-{secrets.token_hex(4)}"
        handover.touch(mode=0o600)
        handover.write_text(self.passwords[SUPERUSER], encoding="utf-8")
        if user:
            shutil.chown(handover, user, user)
        try:
            self._as_owner("initdb", "-D", self.data, "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={handover}",
                           "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
                           *([] if self.durable else ["--no-sync"]))  # fmt: skip
        finally:
            handover.unlink()
        lines = [
            "max_connections = 200",
            "shared_buffers = 256MB",
            "log_min_error_statement = panic",
            "log_error_verbosity = terse",
        ]
        if not self.durable:
            lines += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]
            # A test's rows are never committed: what autovacuum would count of them is an empty table, at whatever
            # moment it comes by, and the planner would believe it.
            lines += ["autovacuum = off"]
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n# the house\n" + "\n".join(lines) + "\n")

    def _start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        if user := database_user():
            shutil.chown(self.log, user, user)
        # A log inside a private project can't be opened by `postgres`: it is handed over open, as stdout.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        command = self._command("pg_ctl", "-D", self.data, "-w", "-t", "60", "-o", options, "start")
        with self.log.open("ab") as output:
            done = subprocess.run(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", check=False)
        if done.returncode:
            raise Trouble(f"PostgreSQL did not start. The end of {self.log}:\n{last_lines(self.log)}")

    def _make_roles(self) -> None:
        """The owner migrates; the application's role reads and writes. The owner may act as it, to see what it sees."""
        for role in (OWNER, APP):
            self.sql(
                f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
                f"THEN CREATE ROLE {role} LOGIN; END IF; END $$;"
                f"ALTER ROLE {role} PASSWORD '{self.passwords[role]}'"
            )
        # CREATEDB is for the test database; the demo's owner needs none, and has none.
        self.sql(f"GRANT {APP} TO {OWNER}; ALTER ROLE {OWNER} {'NOCREATEDB' if self.durable else 'CREATEDB'}")
        if DATABASE not in self.sql("SELECT datname FROM pg_database").splitlines():
            self.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def sql(self, statement: str) -> str:
        """Run a statement as the cluster's superuser."""
        env = {**os.environ, "PGPASSWORD": self.passwords[SUPERUSER]}
        done = subprocess.run(
            [self.bin / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
             "-U", SUPERUSER, "-d", "postgres", "-c", statement],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Trouble(f"PostgreSQL refused us: {done.stderr.strip()}")
        return done.stdout.strip()

    def _command(self, program: str, *words: str | Path) -> list[str]:
        command = [str(self.bin / program), *map(str, words)]
        user = database_user()
        return ["runuser", "-u", user, "--", *command] if user else command

    def _as_owner(self, program: str, *words: str | Path, check: bool = True) -> "subprocess.CompletedProcess[str]":
        # From `/`, because the postgres user can't read a private working directory.
        done = subprocess.run(
            self._command(program, *words),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode:
            raise Trouble(f"{program} failed: {(done.stderr or done.stdout).strip()}")
        return done


class Redis:
    def __init__(self, layout: Layout, *, durable: bool = True) -> None:
        self.dir, self.port, self.log = layout.var / "redis", layout.ports["REDIS_PORT"], layout.logs / "redis.log"
        self.pidfile, self.durable = self.dir / "redis.pid", durable

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise Trouble("Redis is not installed: apt-get install redis-server.")
        if self._pid() is None:
            demand_free("REDIS_PORT", self.port)
            self.dir.mkdir(parents=True, exist_ok=True)
            self.log.parent.mkdir(parents=True, exist_ok=True)
            command: list[str | Path] = [
                program, "--port", str(self.port), "--bind", "127.0.0.1", "--daemonize", "yes", "--dir", self.dir,
                "--pidfile", self.pidfile, "--logfile", self.log, "--maxmemory-policy", "noeviction",
                "--save", "", "--appendonly", "yes" if self.durable else "no",
            ]  # fmt: skip
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self._wait()

    def stop(self) -> None:
        pid = self._pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 10
        while self._pid() is not None and time.monotonic() < until:
            time.sleep(0.02)

    def _pid(self) -> int | None:
        """The living process of our own Redis.

        A number left in the file by a crash may be anybody's, so its name is read; and one that was killed keeps name and
        number until its parent has looked (state Z): it serves nobody.
        """
        try:
            pid = int(self.pidfile.read_text(encoding="ascii"))
            name, state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split("(", 1)[1].rsplit(") ", 1)
        except (OSError, ValueError):
            return None
        return pid if name == "redis-server" and state[0] not in "ZX" else None

    def _wait(self) -> None:
        until = time.monotonic() + 15
        while time.monotonic() < until:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                    line.sendall(b"PING\r\n")
                    if line.recv(64).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise Trouble(f"Redis does not answer on port {self.port}. The end of {self.log}:\n{last_lines(self.log)}")


def stop_all(services: Iterable[Postgres | Redis]) -> None:
    for service in services:
        service.stop()
