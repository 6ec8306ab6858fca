"""The outside world of a demo: WeChat Pay, SMS and WeChat on one port, each under its prefix.

Each sandbox is written by the owner of its channel: a module with `make_app(state_dir: Path)` that answers a WSGI
application and keeps what it must remember in `state_dir`.
"""

import json
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import setup_testing_defaults

from django.core.management.base import BaseCommand

from hospital.kit import clock

# prefix -> module. A module may serve several prefixes; its application sees the prefix in SCRIPT_NAME.
SANDBOXES = {
    "/wechatpay": "billing.channels.wechat.sandbox",
    "/alipay": "billing.channels.alipay.sandbox",
    "/unionpay": "billing.channels.unionpay.sandbox",
    "/insurance": "billing.channels.insurance.sandbox",
    "/invoice": "billing.channels.invoice.sandbox",
    "/sms": "hospital.messaging.sandbox",
    "/wechat": "hospital.messaging.sandbox",
    "/identity": "hospital.people.sandbox",
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
    """The longest prefix that fits answers; `/` shows what was texted and `/readyz` says that we listen."""

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
        if path == "/readyz":
            return _answer(start_response, "200 OK", "text/plain", "ready\n")
        if path == "/":
            return _answer(start_response, "200 OK", "text/html", self._front_page())
        return _answer(start_response, "404 Not Found", "text/plain", "no such channel\n")

    def _front_page(self) -> str:
        """The phone of everybody in the demo: the latest texts, so that a person finds the code to sign in with."""
        rows = "".join(
            f"<tr><td>{_local(str(text['at']))}</td><td>{escape(str(text.get('receiver', '')))}</td>"
            f"<td>{escape(str(text.get('text', '')))}</td></tr>"
            for text in reversed(self._texts()[-30:])
        )
        mounted = " · ".join(f"<a href='{prefix}/_sandbox/log'>{prefix}/</a>" for prefix in self.apps)
        return (
            "<!doctype html><html lang='zh-Hans'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
            "<meta http-equiv='refresh' content='5'><title>演示沙箱</title>"
            "<style>body{font:16px/1.6 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}td{padding:.3rem .8rem;"
            "border-top:1px solid #ddd;vertical-align:top}</style>"
            "<h1>演示沙箱：短信收件箱</h1><p>这里显示演示医院发出的短信，最新的在最上面，每 5 秒刷新。</p>"
            f"<table><tr><td>时间</td><td>手机号</td><td>内容</td></tr>{rows}</table><p>{mounted}</p></html>"
        )

    def _texts(self) -> list[dict[str, Any]]:
        """What the SMS gateway was given, asked by its own control endpoint."""
        if "/sms" not in self.apps:
            return []
        environ: WSGIEnvironment = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/sms", "PATH_INFO": "/_sandbox/log"}
        setup_testing_defaults(environ)
        body = b"".join(self.apps["/sms"](environ, _ignore_start))
        return list(json.loads(body)["messages"])


def _local(moment: str) -> str:
    """The sandbox writes in UTC; people look at the clock on their wall."""
    return f"{clock.local(datetime.fromisoformat(moment)):%m-%d %H:%M:%S}"


def _ignore_start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
    return lambda _: None


def _answer(start_response: StartResponse, status: str, kind: str, text: str) -> list[bytes]:
    body = text.encode()
    headers = [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
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
