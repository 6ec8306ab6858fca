"""manage.py load_catalogues: bring in the catalogues that the product carries."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hospital.kit import clock
from hospital.kit.actor import system
from hospital.organisation.models import CodeSystem
from hospital.organisation.services import carried_load


class Command(BaseCommand):
    help = "Load the catalogues carried under hospital/organisation/data (licences: SOURCES.md there)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", nargs="*", choices=CodeSystem.values, default=None)
        parser.add_argument("--again", action="store_true", help="also files that came in before: undoes own changes")
        parser.add_argument("--json", action="store_true", help="answer as JSON, one object a catalogue")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        load = carried_load(
            actor=system("organisation.load"), at=clock.now(), systems=options["only"], again=options["again"]
        )
        for answer in load:
            words = ", ".join(f"{name} {value}" for name, value in answer.items())
            self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else words)
        if not options["json"]:
            self.stdout.write(f"{time.monotonic() - began:.1f} s")
