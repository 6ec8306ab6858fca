"""Play a day of visits through check-in and queue, in a database of its own that is dropped afterwards."""

import json
import os
import random
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from appointments.day_played import Day
from hospital.kit import clock


class Command(BaseCommand):
    help = "Play a day of visits through the queue; exit code 1 when a ticket is stuck or an invariant is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
        parser.add_argument("--visits", type=int, default=4000)
        parser.add_argument("--seed", type=int, default=1, help="the same number plays the same day")

    def handle(self, *args: Any, **options: Any) -> None:
        connection.settings_dict["TEST"]["NAME"] = f"queue_day_{os.getpid()}"
        own = connection.settings_dict["NAME"]
        try:
            connection.creation.create_test_db(verbosity=0, autoclobber=False, serialize=False)
        except (DatabaseError, SystemExit) as error:
            raise CommandError("This needs a role that may create databases, as the tests do.") from error
        try:
            result = self._play(options)
        finally:
            connection.creation.destroy_test_db(own, verbosity=0)
        text = "\n".join(f"{name}: {value}" for name, value in result.items())
        self.stdout.write(json.dumps(result, ensure_ascii=False) if options["json"] else text)
        if result["stuck"] or result["broken_invariants"] or result["open_sessions"]:
            raise CommandError("Somebody was left behind.", returncode=1)

    def _play(self, options: dict[str, Any]) -> dict[str, Any]:
        begun = time.perf_counter()
        day = Day(options["visits"], clock.now(), random.Random(options["seed"]))  # noqa: S311 - a play, no secret
        self._say(options, f"Booking {day.visits} visits")
        sessions = day.build()
        self._say(options, f"Playing {len(sessions)} sessions")
        day.play(sessions, lambda text: self._say(options, text))
        return {**day.result(), "sessions": len(sessions), "seconds": round(time.perf_counter() - begun, 1)}

    def _say(self, options: dict[str, Any], text: str) -> None:
        """A line while it runs, for people."""
        if not options["json"]:
            self.stdout.write(text)
            self.stdout.flush()
