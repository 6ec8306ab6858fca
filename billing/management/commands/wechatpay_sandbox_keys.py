"""Make the keys of the demo's own WeChat Pay: a merchant's and a platform's, that exist nowhere else."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing.channels.wechat.sandbox import make_keys


class Command(BaseCommand):
    help = "Write WECHATPAY_* and WECHATPAY_SANDBOX_* into a directory, one file a setting, for use by <NAME>_FILE."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dir", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["dir"]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = make_keys()
        if all((folder / name).exists() for name in keys):
            self.stdout.write(f"{folder} has its keys already")
            return
        for name, value in keys.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")
        self.stdout.write(f"{len(keys)} files in {folder}")
