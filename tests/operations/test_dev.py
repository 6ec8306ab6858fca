"""`./dev` on a machine that lacks something: one clear sentence, and the way out (no root, no sudo, no room, old Python)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = [
    "bash",
    "dirname",
    "readlink",
    "df",
    "awk",
    "grep",
    "mkdir",
    "cut",
    "tee",
    "sha256sum",
    "env",
    "tail",
    "cat",
    "touch",
    "sort",
]


class Machine:
    """A directory with `dev` and the programs that this machine has."""

    def __init__(self, place: Path) -> None:
        self.place, self.bin = place, place / "bin"
        self.bin.mkdir()
        shutil.copy(PROJECT / "dev", place)
        for name in TOOLS:
            found = shutil.which(name)
            assert found is not None, name
            (self.bin / name).symlink_to(found)
        self.has("dpkg-query", "echo 'install ok installed'")
        self.has("id", "echo 1000")
        self.has("python3", f'exec {sys.executable} "$@"')
        for name in ("requirements.txt", "requirements-dev.txt"):
            (place / name).write_text("# none\n", encoding="utf-8")

    def has(self, name: str, script: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def dev(self, *words: str) -> tuple[int, str]:
        env = {"PATH": str(self.bin), "HOME": str(self.place)}
        done = subprocess.run([self.place / "dev", *words], env=env, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def sentence(said: str) -> str:
    """The one line that begins with the cross."""
    (line,) = [line for line in said.splitlines() if line.startswith("✗")]
    return line


def test_without_root_and_sudo_the_administrator_is_told_what_to_install(machine: Machine) -> None:
    machine.has("dpkg-query", "exit 1")
    code, said = machine.dev("setup")
    assert code == 1
    assert sentence(said).startswith("✗ Missing: postgresql redis-server ")
    assert "Ask an administrator: apt-get install postgresql redis-server " in sentence(said)


def test_a_package_that_cannot_be_installed_is_named_with_its_log(machine: Machine) -> None:
    machine.has("dpkg-query", "exit 1")
    machine.has("id", "echo 0")
    machine.has("apt-get", "echo 'E: no such mirror'; exit 100")
    code, said = machine.dev("setup")
    assert code == 1
    assert sentence(said) == "✗ Could not install postgresql; the reasons are in var/log/setup.log."
    assert "no such mirror" in (machine.place / "var/log/setup.log").read_text(encoding="utf-8")


def test_a_python_that_is_too_old_is_named(machine: Machine) -> None:
    machine.has("python3", 'case "$*" in *version_info*) exit 1 ;; --version) echo "Python 3.9.2" ;; esac')
    code, said = machine.dev("setup")
    assert code == 1 and sentence(said) == "✗ Python 3.11 or newer is needed; this is Python 3.9.2."


def test_a_full_disk_is_named_before_anything_is_written(machine: Machine) -> None:
    machine.has("df", "printf 'head\\n/dev/vda 1 1 12 99%% /\\n'")
    code, said = machine.dev("setup")
    assert code == 1 and sentence(said).startswith("✗ Only 12 MB are free under ")
    assert not (machine.place / ".venv").exists()


def test_a_word_that_is_no_command_is_answered_with_those_that_are(machine: Machine) -> None:
    code, said = machine.dev("rum")
    assert code == 1 and "./dev run" in said and sentence(said) == "✗ There is no command rum."


def house(*words: str, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "hospital.operations.house", *words],
        cwd=PROJECT, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("command", ["run", "reset", "stop"])
def test_a_place_that_is_none_is_one_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    code, said = house(command, VAR_DIR=str(tmp_path / "file" / "var"))
    if command == "reset":
        assert (code, said) == (0, "There is nothing to clear.\n")
    else:
        assert code == 1 and "Not a directory. Choose another place with VAR_DIR=" in sentence(said)
