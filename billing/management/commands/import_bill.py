"""Take in the bill of a channel from a file, whole or not at all."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.models import Channel
from billing.services import bills
from hospital.kit import clock
from hospital.kit.actor import system


class Command(BaseCommand):
    help = "Import a bill or fund flow of a channel (plain, gzip or zip). Its footer must add up, else the whole file is refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--channel", default=Channel.WECHAT.value, choices=sorted(bills.READERS))
        parser.add_argument("--date", type=date.fromisoformat, help="the bill's day; default: that of its lines")
        parser.add_argument("--sha1", default="", help="the SHA1 that the channel promised, of the unpacked bytes")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as raw:
                file, new = bills.bill_import(
                    actor=system("billing.import_bill"), channel=options["channel"], raw=raw, name=path.name,
                    at=clock.now(), day=options["date"], sha1=options["sha1"],
                )  # fmt: skip
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        except bills.FileRefused as refusal:
            if options["json"]:
                said = {"accepted": False, "reason": refusal.context["reason"], "file": path.name}
                self.stdout.write(json.dumps(said, ensure_ascii=False))
                raise SystemExit(1) from refusal
            raise CommandError(f"{path.name} was refused whole: {refusal.context['reason']}") from refusal
        result = {
            "accepted": True, "new": new, "channel": file.channel, "day": str(file.day), "sha256": file.sha256,
            "sha1": file.sha1, "rows": file.row_count, "totals": file.totals, "footer_equal": True,
        }  # fmt: skip
        text = f"{path.name}: {file.row_count} lines of {file.day}, footer proved, SHA-256 {file.sha256}"
        self.stdout.write(json.dumps(result, ensure_ascii=False) if options["json"] else text)
