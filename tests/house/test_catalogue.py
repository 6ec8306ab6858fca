"""Every text of the house is translated: none missing, none guessed, none left over."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LANGUAGE = "zh_Hans"
IGNORED = shutil.ignore_patterns(".*", "var", "node_modules", "__pycache__", "*.mo", "tests", "benchmarks", "vendor")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue as makemessages writes it now, made in a copy: the working tree stays as it is."""
    copy = tmp_path_factory.mktemp("house") / "project"
    shutil.copytree(PROJECT, copy, ignore=IGNORED)
    done = subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", LANGUAGE, "--no-location", "--no-wrap"],
        cwd=copy, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return copy / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


@pytest.mark.parametrize("flaw", ["--untranslated", "--only-fuzzy", "--only-obsolete"])
def test_no_text_is_flawed(catalogue: Path, flaw: str) -> None:
    done = subprocess.run(["msgattrib", "--no-wrap", flaw, catalogue], capture_output=True, text=True, check=True)
    texts = [line for line in done.stdout.splitlines() if "msgid " in line and not line.endswith('msgid ""')]
    assert not texts, f"{len(texts)} texts {flaw}:\n" + "\n".join(texts[:200])


def test_placeholders_survive_translation(catalogue: Path) -> None:
    """A translation that loses its %(name)s says nothing, or stops the page."""
    done = subprocess.run(
        ["msgfmt", "--check-format", "-o", "/dev/null", catalogue], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_chinese_is_set_with_chinese_marks(catalogue: Path) -> None:
    """A half-width comma between two characters looks like a machine wrote it."""
    flawed = re.findall(
        r"[\u4e00-\u9fff][,;?!][\u4e00-\u9fff]|[\u4e00-\u9fff]:[\u4e00-\u9fff%]", catalogue.read_text("utf-8")
    )
    assert not flawed, flawed
