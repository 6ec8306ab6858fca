"""UnionPay's stand-in as a real HTTP server on loopback; its notices reach the hospital in this thread."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from wsgiref.simple_server import make_server

import pytest
from django.test import Client

from billing import services
from billing.channels.unionpay.sandbox import Keys, Sandbox, make_keys
from tests.billing.conftest import House, _Quiet, _Server

DOOR = "/pay/notify/unionpay/"


def post(body: str) -> Any:
    return Client(raise_request_exception=False).post(DOOR, body, content_type="application/x-www-form-urlencoded")


def ring_unionpay(fields: dict[str, str]) -> Any:
    return post(urlencode(fields))


@pytest.fixture(scope="session")
def unionpay_keys() -> dict[str, str]:
    return make_keys()


@pytest.fixture
def unionpay(unionpay_keys: dict[str, str], settings: Any, tmp_path: Path) -> Iterator[Sandbox]:
    for name, value in unionpay_keys.items():
        if "SANDBOX" not in name:
            setattr(settings, name, value)
    keys = Keys(
        mer_id=unionpay_keys["UNIONPAY_MER_ID"], merchant_cert=unionpay_keys["UNIONPAY_SANDBOX_MERCHANT_CERT"],
        platform_pem=unionpay_keys["UNIONPAY_SANDBOX_PLATFORM_PEM"],
    )  # fmt: skip
    made: list[Sandbox] = []
    server = make_server("127.0.0.1", 0, lambda *args: made[0](*args), server_class=_Server, handler_class=_Quiet)
    place = f"http://127.0.0.1:{server.server_port}/unionpay"
    settings.UNIONPAY_GATEWAY_URL, settings.UNIONPAY_FILE_URL = f"{place}/gateway/api", f"{place}/file/"
    made.append(
        Sandbox(
            tmp_path, keys, gateway=settings.UNIONPAY_GATEWAY_URL, post=lambda url, body: int(post(body).status_code)
        )
    )
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made[0]
    made[0].stop()
    server.shutdown()
    server.server_close()


def prepared(house: House, method: str = "native", *lines: tuple[str, int]) -> Any:
    charge = house.owe(house.cast.wang_fang, *lines)
    order = house.order(charge, channel="unionpay", method=method)
    return charge, services.order_prepare(order.pk, at=house.at)


def paid(house: House, unionpay: Sandbox, *lines: tuple[str, int]) -> Any:
    charge, order = prepared(house, "native", *lines)
    unionpay.pay(order.number)
    assert unionpay.notifier.deliver_due(everything=True) == 1
    return charge, order
