"""UnionPay's stand-in as a real HTTP server on loopback; its notices reach the hospital in this thread."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from billing.channels.unionpay.sandbox import Keys, Sandbox, make_keys
from tests.billing.conftest import House, configure
from tests.sandboxes import serve

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
    configure(settings, unionpay_keys)
    keys = Keys(
        mer_id=unionpay_keys["UNIONPAY_MER_ID"], merchant_cert=unionpay_keys["UNIONPAY_SANDBOX_MERCHANT_CERT"],
        platform_pem=unionpay_keys["UNIONPAY_SANDBOX_PLATFORM_PEM"],
    )  # fmt: skip
    made: list[Sandbox] = []
    with serve(lambda *args: made[0](*args)) as there:
        gateway = f"{there}/unionpay/gateway/api"
        settings.UNIONPAY_GATEWAY_URL, settings.UNIONPAY_FILE_URL = gateway, f"{there}/unionpay/file/"
        made.append(Sandbox(tmp_path, keys, gateway=gateway, post=lambda url, body: int(post(body).status_code)))
        yield made[0]
        made[0].stop()


def prepared(house: House, method: str = "native", *lines: tuple[str, int]) -> Any:
    return house.prepared("unionpay", method, *lines)


def paid(house: House, unionpay: Sandbox, *lines: tuple[str, int]) -> Any:
    charge, order = prepared(house, "native", *lines)
    unionpay.pay(order.number)
    assert unionpay.notifier.deliver_due(everything=True) == 1
    return charge, order
