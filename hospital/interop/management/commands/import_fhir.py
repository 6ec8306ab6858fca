"""manage.py import_fhir: a patient's record of another institution as earlier history."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hospital.interop.fhir_import import bundle_import
from hospital.kit import clock
from hospital.kit.actor import system
from hospital.kit.problems import Problem
from hospital.organisation.catalogues.text import Unreadable, unpack


class Command(BaseCommand):
    help = "Import a FHIR R4 bundle (JSON, also .gz) as the earlier history of a patient. Twice adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--record-no", required=True, help="medical record number of the patient")
        parser.add_argument(
            "--source", default="", help="the institution that exported it; the file's name unless given"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            counts = bundle_import(
                actor=system("interop.fhir"), record_no=options["record_no"], raw=unpack(path.read_bytes()),
                source=options["source"] or path.name, at=clock.now(),
            )  # fmt: skip
        except (OSError, Unreadable) as error:
            raise CommandError(str(error)) from error
        except Problem as problem:
            raise CommandError(f"{problem.code}: {problem.reason}") from problem
        if options["json"]:
            self.stdout.write(json.dumps(counts.as_dict(), ensure_ascii=False))
            return
        self.stdout.write(f"{sum(counts.new.values())} new, {sum(counts.known.values())} known before")
        for name, number in sorted(counts.left_out.items()):
            self.stdout.write(f"  left out: {number} {name}")
