"""manage.py outbox_status [--json]: is everything that people were to be told on its way?"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hospital.kit import clock
from hospital.messaging import selectors


class Command(BaseCommand):
    help = "Counts of messages and deliveries by state; exits with 1 when something due is older than 5 minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        status = selectors.outbox_status(clock.now())
        if options["json"]:
            self.stdout.write(json.dumps(status, ensure_ascii=False))
        else:
            for name, value in status.items():
                self.stdout.write(f"{name}: {value}")
        if status["oldest_due_seconds"] > 300:
            raise SystemExit(1)
