"""The commands of running the house answer programs with --json and people with a line each."""

import json
import random
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from hospital.kit import clock, invariants, sweeps
from hospital.operations.commands import instant
from hospital.operations.management.commands import seed as seed_command
from tests.house.test_layers import floors


def answer(*words: str) -> Any:
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.django_db
def test_tick_runs_every_sweep_at_the_instant_that_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[datetime] = []
    left = [2, 1]

    def work(*, at: datetime) -> int:
        seen.append(at)
        return left.pop() if left else 0

    monkeypatch.setattr(sweeps, "_sweeps", {"test.sweep": sweeps.Sweep("test.sweep", work, 60)})
    result = answer("tick", "--at", "2026-03-01T08:00")
    assert result == {"at": "2026-03-01T08:00:00+08:00", "rows": 3, "sweeps": {"test.sweep": 3}}
    assert set(seen) == {instant("2026-03-01T00:00+00:00")}


def test_an_instant_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(CommandError, match="no ISO 8601 instant"):
        instant("tomorrow")


@pytest.mark.django_db
def test_broken_invariants_are_shown_and_fail(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    planted = {
        "test.holds": invariants.Invariant("test.holds", "G09", "SELECT 1 WHERE false"),
        "test.broken": invariants.Invariant("test.broken", "G09", "SELECT 42 AS offender"),
    }
    monkeypatch.setattr(invariants, "_invariants", planted)
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("check_invariants", "--json", stdout=out)
    assert left.value.code == 1
    assert json.loads(out.getvalue()) == {"ok": False, "checked": 2, "broken": {"test.broken": [["42"]]}}


@pytest.mark.django_db
def test_the_empty_house_breaks_no_invariant() -> None:
    assert answer("check_invariants")["ok"] is True


@pytest.mark.django_db
def test_seeding_goes_up_the_house_and_gives_each_app_its_own_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, str, float]] = []

    def seeder(app: str) -> Any:
        def seed(*, size: str, rng: random.Random, at: datetime) -> None:
            drawn.append((app, size, rng.random()))

        return app, seed

    monkeypatch.setattr(seed_command, "seeders", lambda: iter([seeder("people"), seeder("billing")]))
    first = answer("seed", "--seed", "7", "--size", "tiny")
    answer("seed", "--seed", "7", "--size", "tiny")
    assert list(first["seconds"]) == ["people", "billing"]
    assert drawn[:2] == drawn[2:], "the same number must make the same hospital"
    assert drawn[0][2] != drawn[1][2]


def test_apps_are_seeded_from_the_ground_up() -> None:
    order = floors()
    walk = [order[app] for app, _ in seed_command.seeders()]
    assert walk == sorted(walk)


@pytest.mark.django_db
def test_demo_accounts_are_shown_in_a_demo_only(settings: Any) -> None:
    settings.DEMO = True
    shown = answer("demo_accounts")
    assert shown["patients"] == [] and shown["staff"] == [] and len(shown["totp_code"]) == 6
    settings.DEMO = False
    with pytest.raises(CommandError, match="no demo"):
        answer("demo_accounts")


def test_the_clock_of_a_command_is_the_kits() -> None:
    assert abs(clock.now() - instant(clock.now().isoformat())) < timedelta(seconds=5)
