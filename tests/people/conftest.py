"""The stand-in for the SMS gateway and WeChat, over real HTTP."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

import pytest
import requests

from hospital.kit import clock, sweeps
from hospital.messaging.sandbox import make_app
from hospital.operations.management.commands.sandbox import _Quiet, _Server


class Outside:
    """What the outside world saw and how it may be told to behave."""

    def __init__(self, url: str) -> None:
        self.url = url

    def sms_log(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.url}/sms/_sandbox/log", timeout=10).json()["messages"])

    def behave(self, mode: str, times: int) -> None:
        requests.post(f"{self.url}/sms/_sandbox/behave", json={"mode": mode, "times": times}, timeout=10)

    def code_for(self, phone: str) -> str:
        """Send what is due, then read the latest code from the phone."""
        sweeps.run("people.codes", at=clock.now())
        texts = [row["text"] for row in self.sms_log() if row["receiver"] == phone]
        return "".join(sign for sign in texts[-1] if sign.isdigit())[:6]


@pytest.fixture
def outside(tmp_path: Path, settings: Any) -> Iterator[Outside]:
    server = make_server("127.0.0.1", 0, make_app(tmp_path), server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings.SMS_BASE_URL, settings.SMS_API_KEY = f"{url}/sms", "test"
    settings.WECHAT_BASE_URL = f"{url}/wechat"
    settings.WECHAT_AUTHORIZE_URL = f"{url}/wechat/connect/oauth2/authorize"
    settings.WECHAT_APP_ID, settings.WECHAT_APP_SECRET = "wx-test", "secret"
    yield Outside(url)
    server.shutdown()
    server.server_close()
