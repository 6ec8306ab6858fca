"""The house as it is deployed: nginx in front, PgBouncer in transaction mode behind, the application's own database role.

Configurations are those of deploy/, with ports and places of the test in them.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.db import connection

from hospital.operations.house.layout import PROJECT, free_ports
from tests.drill import Drill
from tests.waiting import wait_until

DEPLOY = PROJECT / "deploy"
POOL = 4  # server connections: fewer than callers, so that every connection serves many
APP = "hospital_app"


def program(name: str) -> str:
    """A Debian package's program; without it the test is skipped, saying what to install."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} isn't installed; `./dev setup test` installs it (Debian package: {name})")
    return found


def open_folder() -> Path:
    """A folder that the services' own users can walk into (pytest's are closed)."""
    place = Path(tempfile.mkdtemp(prefix="house-"))
    place.chmod(0o755)
    return place


def replaced(text: str, changes: dict[str, str]) -> str:
    """Each of these, which must be there: a test of a configuration that was never read would be none."""
    for old, new in changes.items():
        assert old in text, f"{old!r} isn't in the configuration any more"
        text = text.replace(old, new)
    return text


class Program:
    """One process, ended with its test."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


class Pool:
    """PgBouncer with deploy/pgbouncer.ini before the test's database."""

    def __init__(self, folder: Path) -> None:
        self.folder, (self.port,) = folder, free_ports(1)
        self.password = secrets.token_urlsafe(16)
        self.role = self._role()
        database = connection.settings_dict
        users = folder / "userlist.txt"
        users.write_text(f'"{self.role}" "{self.password}"\n', encoding="ascii")
        ini = replaced(
            (DEPLOY / "pgbouncer.ini").read_text(encoding="utf-8"),
            {
                "hospital = host=postgres port=5432 dbname=hospital":
                    f"hospital = host={database['HOST']} port={database['PORT']} dbname={database['NAME']}",
                "listen_addr = 0.0.0.0": "listen_addr = 127.0.0.1",
                "listen_port = 6432": f"listen_port = {self.port}",
                "auth_file = /tmp/userlist.txt": f"auth_file = {users}\nstats_users = {self.role}\nadmin_users = {self.role}",
                "default_pool_size = 40": f"default_pool_size = {POOL}",
                "reserve_pool_size = 10": "reserve_pool_size = 0",
            },
        )  # fmt: skip
        self.ini = folder / "pgbouncer.ini"
        self.ini.write_text(ini, encoding="utf-8")
        self.program: Program | None = None

    def _role(self) -> str:
        """The application's role with a password that we know, and its rights on the test's database."""
        given = os.environ.get("APP_DATABASE_URL", "")  # `make test` makes the role beside the owner, who may not
        if given:
            self.password = given.split("://")[1].split("@")[0].partition(":")[2]
        else:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE ROLE {APP} LOGIN")
                cursor.execute(f"ALTER ROLE {APP} LOGIN PASSWORD %s", [self.password])
        call_command("db_grants", role=APP, stdout=StringIO())
        return APP

    @property
    def url(self) -> str:
        return f"postgres://{self.role}:{self.password}@127.0.0.1:{self.port}/hospital"

    def start(self) -> None:
        command = [program("pgbouncer"), str(self.ini)]
        if os.geteuid() == 0:  # it refuses root
            command = ["runuser", "-u", "postgres", "--", *command]
        self.program = Program(command, self.folder / "pgbouncer.log")
        wait_until(self._answers, f"PgBouncer's answer ({self.folder / 'pgbouncer.log'})")

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self) -> None:
        if self.program is not None:
            self.program.stop()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database: str = "hospital") -> Any:
        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user=self.role, password=self.password, dbname=database, connect_timeout=5
        )

    def console(self, command: str) -> list[dict[str, Any]]:
        """One of PgBouncer's own commands: SHOW POOLS, PAUSE, RESUME."""
        admin = self.connect("pgbouncer")
        admin.autocommit = True
        try:
            with admin.cursor() as cursor:
                cursor.execute(command)
                names = [column[0] for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()] if names else []
        finally:
            admin.close()


def certificate(folder: Path) -> Path:
    """A certificate of our own for localhost; answers the file that a client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(made.public_bytes(pem))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "fullchain.pem"


class Nginx:
    """nginx with deploy/nginx.conf before two ports of ours."""

    def __init__(self, folder: Path, *, web: int, realtime: int) -> None:
        self.folder = folder
        self.plain, self.port, self.health = free_ports(3)
        self.trusted = certificate(folder)
        shutil.copy(DEPLOY / "unavailable.html", folder)
        temporary = "".join(
            f"  {what}_temp_path {folder}/{what};\n" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        text = replaced(
            (DEPLOY / "nginx.conf").read_text(encoding="utf-8"),
            {
                "listen 80 default_server": f"listen 127.0.0.1:{self.plain} default_server",
                "listen 443 ssl http2 default_server": f"listen 127.0.0.1:{self.port} ssl http2 default_server",
                "listen 127.0.0.1:8080": f"listen 127.0.0.1:{self.health}",
                "/etc/nginx/tls/": f"{folder}/",
                "root /etc/nginx;": f"root {folder};",
                "pid /tmp/nginx.pid": f"pid {folder}/nginx.pid",
                "realtime:8001": f"127.0.0.1:{realtime}",
                "web:8000": f"127.0.0.1:{web}",
                "access_log /dev/stdout lines;": f"access_log {folder}/access.log lines;\n{temporary}",
                "error_log /dev/stderr warn;": f"error_log {folder}/error.log warn;",
            },
        )  # fmt: skip
        self.conf = folder / "nginx.conf"
        self.conf.write_text(text, encoding="utf-8")
        self.program: Program | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def check(self) -> "subprocess.CompletedProcess[str]":
        command = [program("nginx"), "-t", "-c", str(self.conf), "-e", str(self.folder / "error.log")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def start(self) -> None:
        command = [program("nginx"), "-c", str(self.conf), "-e", str(self.folder / "error.log"), "-g", "daemon off;"]
        self.program = Program(command, self.folder / "nginx.log")
        wait_until(lambda: (self.folder / "nginx.pid").exists(), f"nginx ({self.folder / 'error.log'})")

    def stop(self) -> None:
        if self.program is not None:
            self.program.stop()


class Production(Drill):
    """web, realtime, worker, beat and the sandbox, behind nginx and before PgBouncer, as the application's role."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        self.folder = open_folder()
        ports = self.house.layout.ports
        self.pool = Pool(self.folder)
        self.nginx = Nginx(self.folder, web=ports["WEB_PORT"], realtime=ports["REALTIME_PORT"])
        self.supervisor.env |= {
            "DATABASE_URL": self.pool.url,
            "DATABASE_POOLED": "1",
            "BASE_URL": self.nginx.url,
            "CSRF_TRUSTED_ORIGINS": self.nginx.url,
            "TRUSTED_PROXIES": "1",
            "REALTIME_URL": "",
            "REQUESTS_CA_BUNDLE": str(self.nginx.trusted),  # the channel's stand-in rings at nginx's door
        }

    def start(self) -> None:
        self.pool.start()
        self.nginx.start()
        super().start()

    def stop(self) -> None:
        super().stop()
        self.nginx.stop()
        self.pool.stop()
        self.pool.remove()
