"""Alipay's stand-in as a real HTTP server on loopback; its notices reach the hospital in this thread."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from wsgiref.simple_server import make_server

import pytest
from django.test import Client

from billing import services
from billing.channels.alipay.sandbox import Keys, Sandbox, make_keys
from tests.billing.conftest import House, _Quiet, _Server

DOOR = "/pay/notify/alipay/"


def ring(fields: dict[str, str]) -> Any:
    return Client(raise_request_exception=False).post(
        DOOR, urlencode(fields), content_type="application/x-www-form-urlencoded"
    )


@pytest.fixture(scope="session")
def alipay_keys() -> dict[str, str]:
    return make_keys()


@pytest.fixture
def alipay(alipay_keys: dict[str, str], settings: Any, tmp_path: Path) -> Iterator[Sandbox]:
    """The channel's other side, as a real server; its notices reach the hospital in this thread."""
    for name, value in alipay_keys.items():
        if "SANDBOX" not in name:
            setattr(settings, name, value)
    keys = Keys(
        app_id=alipay_keys["ALIPAY_APP_ID"], seller_id=alipay_keys["ALIPAY_SELLER_ID"],
        app_public_key=alipay_keys["ALIPAY_SANDBOX_APP_PUBLIC_KEY"],
        platform_private_key=alipay_keys["ALIPAY_SANDBOX_PLATFORM_KEY"],
    )  # fmt: skip
    made: list[Sandbox] = []

    def post(url: str, body: str) -> str:
        answer = Client(raise_request_exception=False).post(
            DOOR, body, content_type="application/x-www-form-urlencoded"
        )
        return answer.content.decode()

    server = make_server("127.0.0.1", 0, lambda *args: made[0](*args), server_class=_Server, handler_class=_Quiet)
    settings.ALIPAY_GATEWAY_URL = f"http://127.0.0.1:{server.server_port}/alipay/gateway.do"
    made.append(Sandbox(tmp_path, keys, gateway=settings.ALIPAY_GATEWAY_URL, post=post))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made[0]
    made[0].stop()
    server.shutdown()
    server.server_close()


def prepared(house: House, method: str = "native", *lines: tuple[str, int]) -> Any:
    charge = house.owe(house.cast.wang_fang, *lines)
    order = house.order(charge, channel="alipay", method=method)
    return charge, services.order_prepare(order.pk, at=house.at)


def paid(house: House, alipay: Sandbox, *lines: tuple[str, int]) -> Any:
    charge, order = prepared(house, "native", *lines)
    alipay.pay(order.number)
    assert alipay.notifier.deliver_due(everything=True) == 1
    return charge, order
