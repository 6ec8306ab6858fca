"""manage.py import_catalogue SYSTEM FILE...: bring catalogue files in, each as a whole or not at all."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hospital.kit import clock
from hospital.kit.actor import system
from hospital.kit.problems import Problem
from hospital.organisation.errors import CatalogueRefused
from hospital.organisation.models import CodeSystem
from hospital.organisation.services import catalogue_import, catalogue_preview


class Command(BaseCommand):
    help = "Import files of a catalogue of codes. Importing the same file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("system", choices=CodeSystem.values)
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--source", default="", help="where the file is from; its name unless given")
        parser.add_argument("--partial", action="store_true", help="keep codes that the file doesn't name")
        parser.add_argument("--allow-retire", action="store_true", help="the file is complete although it is short")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--json", action="store_true", help="answer as JSON, one object a file")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for path in options["files"]:
            answer = self._import(path, options)
            failed += "refused" in answer
            self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else _spoken(answer))
        if failed:
            raise CommandError(f"{failed} of {len(options['files'])} files were refused; they changed nothing.")

    def _import(self, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        refused: dict[str, Any] = {"system": options["system"], "file": path.name}
        try:
            raw = path.read_bytes()
        except OSError as error:
            return refused | {"refused": "unreadable", "title": str(error)}
        if options["dry_run"]:
            result, reading = catalogue_preview(
                system=options["system"], file_name=path.name, raw=raw, partial=options["partial"]
            )
            errors = [{"line": error.line, "reason": error.reason} for error in reading.errors]
            return result.as_dict() | ({"refused": "catalogue-refused", "errors": errors} if errors else {})
        try:
            return catalogue_import(
                actor=system("organisation.import"), system=options["system"], file_name=path.name, raw=raw,
                source=options["source"] or path.name, at=clock.now(), partial=options["partial"],
                allow_retire=options["allow_retire"],
            ).as_dict()  # fmt: skip
        except CatalogueRefused as problem:
            return refused | {"refused": problem.code, "title": problem.reason, "errors": problem.as_dict()["errors"]}
        except Problem as problem:
            return refused | {"refused": problem.code, "title": problem.reason}


def _spoken(answer: dict[str, Any]) -> str:
    if "refused" not in answer:
        counts = ", ".join(f"{answer[name]} {name}" for name in ("new", "changed", "same", "retired"))
        return f"{answer['system']} {answer['file']} ({answer['encoding']}): {counts}"
    lines = [f"{answer['system']} {answer['file']}: refused: {answer.get('title', answer['refused'])}"]
    return "\n".join([*lines, *(f"  line {error['line']}: {error['reason']}" for error in answer.get("errors", []))])
