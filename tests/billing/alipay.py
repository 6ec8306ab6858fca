"""Alipay's stand-in as a real HTTP server on loopback; its notices reach the hospital in this thread."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from billing.channels.alipay.sandbox import Keys, Sandbox, make_keys
from tests.billing.conftest import House, configure
from tests.sandboxes import serve

DOOR = "/pay/notify/alipay/"


def post(body: str) -> Any:
    return Client(raise_request_exception=False).post(DOOR, body, content_type="application/x-www-form-urlencoded")


def ring(fields: dict[str, str]) -> Any:
    return post(urlencode(fields))


@pytest.fixture(scope="session")
def alipay_keys() -> dict[str, str]:
    return make_keys()


@pytest.fixture
def alipay(alipay_keys: dict[str, str], settings: Any, tmp_path: Path) -> Iterator[Sandbox]:
    """The channel's other side, as a real server; its notices reach the hospital in this thread."""
    configure(settings, alipay_keys)
    keys = Keys(
        app_id=alipay_keys["ALIPAY_APP_ID"], seller_id=alipay_keys["ALIPAY_SELLER_ID"],
        app_public_key=alipay_keys["ALIPAY_SANDBOX_APP_PUBLIC_KEY"],
        platform_private_key=alipay_keys["ALIPAY_SANDBOX_PLATFORM_KEY"],
    )  # fmt: skip
    made: list[Sandbox] = []
    with serve(lambda *args: made[0](*args)) as there:
        settings.ALIPAY_GATEWAY_URL = f"{there}/alipay/gateway.do"
        gateway = settings.ALIPAY_GATEWAY_URL
        made.append(Sandbox(tmp_path, keys, gateway=gateway, post=lambda url, body: post(body).content.decode()))
        yield made[0]
        made[0].stop()


def prepared(house: House, method: str = "native", *lines: tuple[str, int]) -> Any:
    return house.prepared("alipay", method, *lines)


def paid(house: House, alipay: Sandbox, *lines: tuple[str, int]) -> Any:
    charge, order = prepared(house, "native", *lines)
    alipay.pay(order.number)
    assert alipay.notifier.deliver_due(everything=True) == 1
    return charge, order
