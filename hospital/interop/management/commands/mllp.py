"""manage.py mllp: listen for HL7 v2 messages."""

import asyncio
import ipaddress
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hospital import env
from hospital.interop.listener import Limits, Listener


class Command(BaseCommand):
    help = "Listen for HL7 v2 messages by MLLP (ORU^R01). Each frame is answered AA, AE or AR with its MSH-10."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=2575)
        parser.add_argument(
            "--allow", nargs="*", default=env.words("MLLP_ALLOW"), help="networks that may connect, e.g. 10.2.0.0/16"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            allow = [ipaddress.ip_network(text) for text in options["allow"]]
        except ValueError as error:
            raise CommandError(str(error)) from error
        asyncio.run(self._run(options["host"], options["port"], allow))

    async def _run(self, host: str, port: int, allow: list[Any]) -> None:
        listener = Listener(Limits(), allow)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            real = await listener.start(host, port)
        except OSError as error:
            raise CommandError(f"can't listen on {host}:{port}: {error}") from error
        self.stdout.write(f"HL7 v2 on {host}:{real}")
        self.stdout.flush()
        await stop.wait()
        await listener.stop()
