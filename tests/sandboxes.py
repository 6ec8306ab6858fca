"""The product's own stand-ins for outside programs, as real HTTP servers on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import requests

from hospital.messaging import sandbox as messages_sandbox


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class Sandbox:
    url: str

    def sms(self) -> list[dict[str, Any]]:
        """What the SMS gateway was given, in order."""
        return list(requests.get(f"{self.url}/sms/_sandbox/log", timeout=5).json()["messages"])

    def wechat(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.url}/wechat/_sandbox/log", timeout=5).json()["messages"])

    def behave(self, channel: str, mode: str, times: int = 1) -> None:
        body = {"mode": mode, "times": times}
        requests.post(f"{self.url}/{channel}/_sandbox/behave", json=body, timeout=5).raise_for_status()


@contextmanager
def serve(application: Any) -> Iterator[str]:
    """Serve a WSGI application on a free loopback port; yields its base URL."""
    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def run_sandbox(state_dir: Path) -> Iterator[Sandbox]:
    """SMS gateway and WeChat, with their state below `state_dir`."""
    with serve(messages_sandbox.make_app(state_dir)) as url:
        yield Sandbox(url)
