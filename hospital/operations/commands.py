"""What the commands of running the house have in common: `--json`, and `--at` for an instant of one's own."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hospital.kit import clock


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is a wall clock in Shanghai."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no ISO 8601 instant, e.g. 2026-11-21T08:00+08:00.") from error
    return at if at.tzinfo else at.replace(tzinfo=clock.SHANGHAI)


class HouseCommand(BaseCommand):
    """`--json` prints one JSON object on stdout and nothing else there."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def answer(self, options: dict[str, Any], result: dict[str, Any], text: str) -> None:
        self.stdout.write(json.dumps(result, ensure_ascii=False, default=str) if options["json"] else text)

    def progress(self, options: dict[str, Any], text: str) -> None:
        """A line while it runs, for people."""
        if not options["json"]:
            self.stdout.write(text)
            self.stdout.flush()
