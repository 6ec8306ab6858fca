"""The outside world of a demo: WeChat Pay, SMS and WeChat on one port, each under its prefix.

Each sandbox is written by the owner of its channel: a module with `make_app(state_dir: Path)` that answers a WSGI
application and keeps what it must remember in `state_dir`.
"""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.management.base import BaseCommand

# prefix -> module. A module may serve several prefixes; its application sees the prefix in SCRIPT_NAME.
SANDBOXES = {
    "/wechatpay": "billing.channels.wechat.sandbox",
    "/sms": "hospital.messaging.sandbox",
    "/wechat": "hospital.messaging.sandbox",
}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: URLs of the outside world carry codes and phone numbers."""


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class Mounts:
    """The longest prefix that fits answers; `/` lists them and `/readyz` says that we listen."""

    def __init__(self, state_dir: Path) -> None:
        self.apps: dict[str, WSGIApplication] = {}
        made: dict[str, WSGIApplication] = {}
        for prefix, module in SANDBOXES.items():
            if not _exists(module):
                continue
            if module not in made:
                folder = state_dir / module.replace(".", "-")
                folder.mkdir(parents=True, exist_ok=True)
                made[module] = import_module(module).make_app(folder)
            self.apps[prefix] = made[module]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        for prefix in sorted(self.apps, key=len, reverse=True):
            if path == prefix or path.startswith(f"{prefix}/"):
                environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
                environ["PATH_INFO"] = path[len(prefix) :]
                return self.apps[prefix](environ, start_response)
        if path in {"/", "/readyz"}:
            return _plain(
                start_response, "200 OK", "".join(f"{prefix}/\n" for prefix in self.apps) or "nothing mounted\n"
            )
        return _plain(start_response, "404 Not Found", "no such channel\n")


def _plain(start_response: StartResponse, status: str, text: str) -> list[bytes]:
    body = text.encode()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


class Command(BaseCommand):
    help = "Serve the sandbox of the outside channels (never in production)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8002)
        parser.add_argument("--state-dir", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        mounts = Mounts(options["state_dir"])
        server = make_server(options["host"], options["port"], mounts, server_class=_Server, handler_class=_Quiet)
        signal.signal(signal.SIGTERM, _leave)
        self.stdout.write(f"sandbox on port {options['port']}: {', '.join(mounts.apps) or 'nothing mounted'}")
        self.stdout.flush()
        with server:
            server.serve_forever()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
