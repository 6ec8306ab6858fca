"""The repository says nothing of the machines it was made on, and its documents speak of what is there."""

import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.in", "requirements-dev.in", "requirements.txt", "requirements-dev.txt", "pyproject.toml"]
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]
TEXT = {".py", ".md", ".txt", ".in", ".toml", ".yml", ".yaml", ".html", ".css", ".js", ".json", ".conf", ".ini", ".po",
        ".sh", ""}  # fmt: skip
LONGEST = 450  # lines: past that a file becomes a package of nouns (docs/architecture.md)


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [PROJECT / name for name in done.stdout.split("\0") if name and (PROJECT / name).is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_requirements_name_no_registry(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|://", text)


def test_requirements_are_pinned_by_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for entry in re.split(r"\n(?=\S)", (PROJECT / name).read_text(encoding="utf-8")):
            if entry.strip() and not entry.startswith("#"):
                assert "==" in entry and "--hash=sha256:" in entry, f"{name}: {entry.splitlines()[0]}"


def test_no_file_names_a_machine() -> None:
    places = ["work", "root", "home/[a-z]+", "Users/[A-Za-z]+"]
    machine = re.compile(r"(?<![\w.\-/}])/(?:" + "|".join(places) + r")/")
    found = []
    for path in tracked():
        if path.suffix in TEXT and path != Path(__file__).resolve() and "vendor" not in path.parts:
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if machine.search(line):
                    found.append(f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:120]}")
    assert not found, "\n".join(found)


def test_every_app_says_what_it_is() -> None:
    ours = [config for config in apps.get_app_configs() if Path(config.path).is_relative_to(PROJECT)
            and "site-packages" not in config.path and list(config.get_models())]  # fmt: skip
    assert ours
    missing = [config.name for config in ours if not (Path(config.path) / "README.md").exists()]
    assert not missing, f"no README.md in {missing}"


def test_no_file_is_too_long_to_read() -> None:
    long = {
        str(path.relative_to(PROJECT)): lines
        for path in tracked()
        if path.suffix == ".py" and "migrations" not in path.parts and "tests" not in path.parts
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }  # fmt: skip
    assert not long, long


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_documents_speak_of_commands_that_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"`[^`\n]+`|```.*?```|^ {4}.*$", text, re.S | re.M))
    makes = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.M))
    doors = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^  ([a-z |-]+)\)", (PROJECT / "dev").read_text(), re.M))))
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= makes
    assert set(re.findall(r"\./dev ([a-z]+)", code)) <= doors
    asked = set(re.findall(r"(?:manage\.py|\./dev manage) ([a-z_]+)", code))
    assert asked <= set(get_commands()), asked - set(get_commands())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_documents_link_to_files_that_exist(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if not (document.parent / link).exists()]
    assert not missing, missing


def test_the_map_names_models_where_they_are() -> None:
    rows = re.findall(
        r"^\| .+? \| `([\w.]+)` \| \[[^]]+\]\(\.\./([^)]+)\)", (PROJECT / "docs/map.md").read_text(), re.M
    )
    assert len(rows) > 30
    lost = [f"{name} in {path}" for name, path in rows if not (PROJECT / path).exists()
            or f"class {name.rpartition('.')[2]}(" not in (PROJECT / path).read_text(encoding="utf-8")]  # fmt: skip
    assert not lost


def test_every_field_of_a_date_writes_it_as_browsers_read_it() -> None:
    """Without a format Django writes a known date as the language does, and `<input type="date">` shows an empty field."""
    lost = [
        f"{path}: {call}"
        for path in tracked()
        if path.suffix == ".py" and "tests" not in path.parts
        for call in re.findall(r"(?:Date|Time)Input\([^)]*\)", path.read_text(encoding="utf-8"))
        if '"type"' in call and "format=" not in call
    ]
    assert not lost
