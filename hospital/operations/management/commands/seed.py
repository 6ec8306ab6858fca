"""Fill the house: each app's own `seeding.seed`, from the ground up."""

import random
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from hospital.kit import clock
from hospital.operations.commands import HouseCommand, instant

SIZES = ("tiny", "demo", "large")


def seeders() -> Iterator[tuple[str, Any]]:
    """(app, its `seed`) in house order, from the ground to the roof; an app without seeding.py has none."""
    for config in reversed(list(apps.get_app_configs())):
        if "site-packages" not in config.path and find_spec(f"{config.name}.seeding") is not None:
            yield config.name, import_module(f"{config.name}.seeding").seed


class Command(HouseCommand):
    help = "Seed the demo hospital (idempotent). large: 500 doctors, 30 days, 100,000 patients, for benchmarks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--seed", type=int, default=1, help="the same number makes the same hospital")
        parser.add_argument("--size", choices=SIZES, default="demo")
        parser.add_argument("--at", type=instant, help="the instant to pretend, ISO 8601; default: now")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"]:
            raise CommandError("Seed past PgBouncer (DATABASE_POOLED=0): it lifts the time limit of its connection.")
        at = options["at"] or clock.now()
        seconds: dict[str, float] = {}
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # the limit is for requests; COPY of a million rows is none
        for app, seed in seeders():
            self.progress(options, f"seeding {app} ...")
            started = time.monotonic()
            # Each app draws from its own stream, so that one app's change doesn't reshuffle the others.
            rng = random.Random(f"{options['seed']}:{app}")  # noqa: S311 - demo data, no secret
            seed(size=options["size"], rng=rng, at=at)
            seconds[app] = round(time.monotonic() - started, 2)
        result = {"seed": options["seed"], "size": options["size"], "at": at.isoformat(), "seconds": seconds}
        self.answer(options, result, f"seeded {len(seconds)} apps in {sum(seconds.values()):.1f} s")
