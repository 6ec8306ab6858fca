"""Compare one day on one channel: hospital = platform = channel, or the differences by class (PAY-03..PAY-06)."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.models import Channel, ReconCase
from billing.services import bills, recon
from hospital.kit import clock
from hospital.kit.actor import system
from hospital.kit.money import format_yuan


class Command(BaseCommand):
    help = "Reconcile a day. With --file the bill is imported first; run again, the result is the same."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--date", required=True, type=date.fromisoformat)
        parser.add_argument("--channel", default=Channel.WECHAT.value, choices=sorted(bills.READERS))
        parser.add_argument("--file", type=Path)
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        day, channel, at, robot = options["date"], options["channel"], clock.now(), system("billing.reconcile")
        file_id = None
        if options["file"]:
            try:
                with options["file"].open("rb") as raw:
                    file, _new = bills.bill_import(
                        actor=robot, channel=channel, raw=raw, name=options["file"].name, at=at, day=day
                    )
            except OSError as error:
                raise CommandError(f"{options['file']}: {error.strerror}") from error
            except bills.FileRefused as refusal:
                if options["json"]:
                    said = {"accepted": False, "reason": refusal.context["reason"]}
                    self.stdout.write(json.dumps(said, ensure_ascii=False))
                    raise SystemExit(1) from refusal
                raise CommandError(f"refused whole: {refusal.context['reason']}") from refusal
            file_id = file.pk
        try:
            run = recon.recon_run(actor=robot, channel=channel, day=day, at=at, file_id=file_id)
        except recon.BillAwaited as problem:
            raise CommandError(f"{day} {channel}: {problem.reason}") from problem
        cases = list(
            ReconCase.objects.filter(channel=channel, day=day)
            .order_by("difference", "key")
            .values("key", "difference", "reason", "status", "hospital", "platform", "channel_amount")
        )
        result = {
            "date": str(day), "channel": channel, "file": run.file.sha256 if run.file else None,
            "rows": run.file.row_count if run.file else 0, "matched": run.matched, "differences": run.differences,
            "totals": run.totals, "balanced": not run.differences, "cases": cases, "digest": run.digest,
        }  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        self.stdout.write(f"{day} {channel}: {run.matched} agree, differences {run.differences or 'none'}")
        for side in ("hospital", "platform", "channel"):
            figures = (format_yuan(run.totals[f"{side}_{what}"]) for what in ("paid", "refunded", "net"))
            self.stdout.write("{:>9}: paid {}, refunded {}, net {}".format(side, *figures))
        for case in cases:
            self.stdout.write(f"  {case['difference']:>3} {case['reason']:<28} {case['key']}")
