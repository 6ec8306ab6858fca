"""manage.py load_catalogues: bring in the catalogues that the product carries."""

import hashlib
import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hospital.kit import clock
from hospital.kit.actor import system
from hospital.organisation.catalogues.carried import CARRIED
from hospital.organisation.models import CatalogueImport, CodeSystem
from hospital.organisation.services import catalogue_import


class Command(BaseCommand):
    help = "Load the catalogues carried under hospital/organisation/data (licences: SOURCES.md there)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", nargs="*", choices=CodeSystem.values, default=None)
        parser.add_argument("--again", action="store_true", help="also files that came in before: undoes own changes")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        for carried in CARRIED:
            if options["only"] is not None and carried.system not in options["only"]:
                continue
            began = time.monotonic()
            raw = carried.path.read_bytes()
            # What the hospital changed since the file came in is the hospital's: don't bring the old text back.
            known = CatalogueImport.objects.filter(system=carried.system, sha256=hashlib.sha256(raw).hexdigest())
            if known.exists() and not options["again"]:
                answer: dict[str, Any] = {"system": carried.system, "file": carried.file_name, "loaded": "before"}
            else:
                answer = catalogue_import(
                    actor=system("organisation.load"), system=carried.system, file_name=carried.file_name, raw=raw,
                    source=carried.source, at=clock.now(),
                ).as_dict()  # fmt: skip
            answer["seconds"] = round(time.monotonic() - began, 2)
            words = ", ".join(f"{name} {value}" for name, value in answer.items())
            self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else words)
