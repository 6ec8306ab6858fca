"""Recompute the audit chain and say what was tampered with; exit code 1 when anything was."""

import dataclasses
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hospital.audit import sealing


class Command(BaseCommand):
    help = "Verify the audit trail: edits, deletions, insertions, swaps, and (by the anchors) a tail cut off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        report = sealing.verify()
        if options["json"]:
            self.stdout.write(json.dumps(dataclasses.asdict(report), ensure_ascii=False))
        else:
            self.stdout.write(
                f"{report.seals} seals over {report.lines} lines, {report.unsealed} not sealed yet, {report.anchors} anchors"
            )
            for fault in report.faults:
                self.stdout.write(f"FAULT {fault}")
        if report.faults:
            raise CommandError(f"{len(report.faults)} faults")
