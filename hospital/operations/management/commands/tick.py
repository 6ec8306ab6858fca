"""Run every sweep of the house until none finds work: what the worker and beat do, in one process."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from hospital.kit import clock, sweeps
from hospital.operations.commands import HouseCommand, instant


class Command(HouseCommand):
    help = "Run all background work that is due, at a given instant or now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--at", type=instant, help="the instant to pretend, ISO 8601; default: now")

    def handle(self, *args: Any, **options: Any) -> None:
        at = options["at"] or clock.now()
        done: Counter[str] = Counter({sweep.name: 0 for sweep in sweeps.registered()})
        total = sweeps.run_all(at=at, report=lambda name, count: done.update({name: count}))
        lines = [f"{count:8}  {name}" for name, count in sorted(done.items())]
        self.answer(
            options,
            {"at": at.isoformat(), "rows": total, "sweeps": dict(done)},
            "\n".join([*lines, f"{total:8}  rows"]),
        )
