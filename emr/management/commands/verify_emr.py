"""Verify every signed record. Exit code 1 when something doesn't verify (G10)."""

import json
import sys
import time
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand

from emr import verification
from emr.models import SignedVersion

_SHOWN = 200


class Command(BaseCommand):
    help = "Verify the chain of signed records, its anchors, and the tables that people read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        found = list(islice(verification.faults(), _SHOWN))
        result = {
            "ok": not found, "signed": SignedVersion.objects.count(),
            "faults": [{"what": fault.what, "where": fault.where} for fault in found],
            "seconds": round(time.monotonic() - started, 2),
        }  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for fault in found:
                self.stdout.write(f"{fault.what:10} {fault.where}")
            self.stdout.write(f"{result['signed']} signed versions, {len(found)} faults, {result['seconds']} s")
        if found:
            sys.exit(1)
