"""The static checks of the house, run with the tests so that one command says whether the work is whole."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TYPED = ["hospital", "appointments", "billing", "consult", "emr", "treatment"]

CHECKS = {
    "types": [BIN / "mypy", *TYPED],
    "lint": [BIN / "ruff", "check", "."],
    "format": [BIN / "ruff", "format", "--check", "."],
    "layers": [BIN / "lint-imports"],
    "system checks": [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_static_check(name: str) -> None:
    done = subprocess.run(CHECKS[name], cwd=PROJECT, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"


@pytest.mark.django_db
def test_migrations_say_what_the_models_say(capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management import call_command

    try:
        call_command("makemigrations", "--check", "--dry-run")
    except SystemExit as left:
        pytest.fail(f"a migration is missing ({left.code}):\n{capsys.readouterr().out}")


def test_every_token_that_is_used_is_defined() -> None:
    """A misspelt token is no error to the browser: the corner is square, the text has no colour."""
    sheets = {path.name: path.read_text() for path in (PROJECT / "static" / "css").glob("*.css")}
    assert len(sheets) > 4
    defined = set(re.findall(r"(--[a-z0-9-]+)\s*:", "".join(sheets.values())))
    lost = {name: sorted(set(re.findall(r"var\((--[a-z0-9-]+)", text)) - defined) for name, text in sheets.items()}
    assert {name: tokens for name, tokens in lost.items() if tokens} == {}
