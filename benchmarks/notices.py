"""How long a channel waits at the hospital's door: genuine notices through HTTP, beside a bare view under the same server.

    .venv/bin/python -m benchmarks.notices [--orders 300] [--at-once 16]

G06: a notice is answered in 500 ms (p99). One JSON object on stdout; progress on stderr.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvloop

from benchmarks.house import BARE, house_of_its_own, machine, served
from benchmarks.http import Caller
from hospital.operations.house.demo import House

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Ring:
    """One notice as it arrives at the door."""

    path: str
    body: bytes
    headers: str  # whole lines, each with its end


class Channel(ABC):
    """A channel's stand-in, in this process, where its orders are prepared; it signs what is rung with."""

    name: str
    method = "native"

    def __init__(self, sandbox: Any) -> None:
        self.sandbox = sandbox

    @abstractmethod
    def ring(self, order: Any) -> Ring:
        """The payer has paid: the notice of it."""

    def posted(self, body: str, kind: str, headers: dict[str, str] | None = None) -> Ring:
        lines = {"Content-Type": kind, "Content-Length": str(len(body.encode()))} | (headers or {})
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return Ring(f"/pay/notify/{self.name}/", body.encode(), text)


class WeChat(Channel):
    name = "wechat"

    def ring(self, order: Any) -> Ring:
        self.sandbox.pay(order.number)
        last = self.sandbox.store.one("SELECT * FROM notices ORDER BY rowid DESC LIMIT 1")
        headers, body = self.sandbox.notifier.envelope(last, "2026-01-01T00:00:00+08:00")
        kept = {name: value for name, value in headers.items() if name.startswith("Wechatpay-")}
        return self.posted(body, _JSON, kept)


class Alipay(Channel):
    name = "alipay"

    def ring(self, order: Any) -> Ring:
        self.sandbox.pay(order.number)
        last = self.sandbox.store.one("SELECT * FROM notices ORDER BY rowid DESC LIMIT 1")
        return self.posted(urlencode(self.sandbox.notifier.fields(last["id"])), _FORM)


class UnionPay(Channel):
    name = "unionpay"

    def ring(self, order: Any) -> Ring:
        said = self.sandbox.said_of(self.sandbox.pay(order.number, tell=False))
        return self.posted(urlencode(self.sandbox.keys.signed(said)), _FORM)


@contextlib.contextmanager
def channels() -> Iterator[list[Channel]]:
    """The three whose notices come from outside by themselves, each as a real server for the preparing of its orders."""
    from django.conf import settings

    from billing.channels.alipay import sandbox as alipay
    from billing.channels.unionpay import sandbox as unionpay
    from billing.channels.wechat import sandbox as wechat
    from hospital import env
    from tests.sandboxes import serve

    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="notices-")))
        made: dict[str, Any] = {}
        there = {name: stack.enter_context(serve(lambda *args, name=name: made[name](*args))) for name in
                 ("wechat", "alipay", "unionpay")}  # fmt: skip
        settings.WECHATPAY_BASE_URL = f"{there['wechat']}/wechatpay"
        settings.ALIPAY_GATEWAY_URL = f"{there['alipay']}/alipay/gateway.do"
        settings.UNIONPAY_GATEWAY_URL = f"{there['unionpay']}/unionpay/gateway/api"
        made["wechat"] = wechat.Sandbox(
            place / "wechat",
            wechat.Keys(
                mchid=settings.WECHATPAY_MCHID, appid=settings.WECHAT_APP_ID, merchant_serial=settings.WECHATPAY_SERIAL_NO,
                merchant_public_key=env.text("WECHATPAY_SANDBOX_MERCHANT_PUBLIC_KEY"),
                platform_private_key=env.text("WECHATPAY_SANDBOX_PLATFORM_KEY"),
                platform_key_id=settings.WECHATPAY_PUBLIC_KEY_ID, apiv3_key=settings.WECHATPAY_APIV3_KEY,
            ),
            base_url=settings.WECHATPAY_BASE_URL,
        )  # fmt: skip
        made["alipay"] = alipay.Sandbox(
            place / "alipay",
            alipay.Keys(
                app_id=settings.ALIPAY_APP_ID, seller_id=settings.ALIPAY_SELLER_ID,
                app_public_key=env.text("ALIPAY_SANDBOX_APP_PUBLIC_KEY"),
                platform_private_key=env.text("ALIPAY_SANDBOX_PLATFORM_KEY"),
            ),
            gateway=settings.ALIPAY_GATEWAY_URL,
        )  # fmt: skip
        made["unionpay"] = unionpay.Sandbox(
            place / "unionpay",
            unionpay.Keys(
                mer_id=settings.UNIONPAY_MER_ID, merchant_cert=env.text("UNIONPAY_SANDBOX_MERCHANT_CERT"),
                platform_pem=env.text("UNIONPAY_SANDBOX_PLATFORM_PEM"),
            ),
            gateway=settings.UNIONPAY_GATEWAY_URL,
        )  # fmt: skip
        yield [WeChat(made["wechat"]), Alipay(made["alipay"]), UnionPay(made["unionpay"])]


class Payers:
    """Bills at the counter of one patient, each with an order at a channel that knows it."""

    def __init__(self) -> None:
        from billing.models import Category, PriceItem
        from hospital.kit import clock
        from tests.cast import actor_of_person, build

        self.cast = build(clock.now())
        self.actor = actor_of_person(self.cast.wang_fang)
        PriceItem.objects.create(
            code="NOTICE", name="门诊检查", category=Category.EXAM, price=4321, unit="次",
            effective_from=clock.day_bounds(clock.business_day(clock.now()))[0],
        )  # fmt: skip
        self.subject = 0

    def order(self, channel: Channel) -> Any:
        from django.db import transaction

        from billing import kinds, services
        from hospital.kit import clock

        self.subject += 1
        at = clock.now()
        with transaction.atomic():
            charge = services.charge_create(
                actor=self.actor, patient_id=self.cast.wang_fang.patient_id, kind=kinds.COUNTER, subject_id=self.subject,
                lines=[services.LineSpec("NOTICE")], at=at,
            )  # fmt: skip
            order = services.pay_order_open(
                actor=self.actor, charge_ids=[charge.pk], channel=channel.name, method=channel.method, at=at
            )
        return services.order_prepare(order.pk, at=at, payer_ip="127.0.0.1")


async def _rung(port: int, rings: Sequence[Ring], at_once: int) -> tuple[Counter[int], list[float]]:
    waiting, statuses, seconds = list(reversed(rings)), Counter[int](), list[float]()

    async def caller() -> None:
        line = Caller("127.0.0.1", port, {})
        while waiting:
            ring = waiting.pop()
            begun = time.perf_counter()
            statuses[(await line.post(ring.path, ring.body, ring.headers)).status] += 1
            seconds.append(time.perf_counter() - begun)
        await line.close()

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return statuses, seconds


def rung(port: int, rings: Sequence[Ring], at_once: int) -> dict[str, Any]:
    """What the door answered, and after how long."""
    statuses, seconds = uvloop.run(_rung(port, rings, at_once))
    return {
        "answers": dict(statuses), "p50_ms": round(statistics.median(seconds) * 1000, 1),
        "p99_ms": round(statistics.quantiles(seconds, n=100)[98] * 1000, 1), "most_ms": round(max(seconds) * 1000, 1),
    }  # fmt: skip


def forged(ring: Ring) -> Ring:
    """The same, altered after it was signed."""
    return replace(ring, body=ring.body.replace(b"4321", b"4322").replace(b"43.21", b"43.22").replace(b'"id"', b'"ID"'))


def measure(house: House, orders: int, at_once: int) -> dict[str, Any]:
    from billing.models import Payment
    from tests.appointments.conftest import broken_invariants

    busy, web, bare_port = machine(), house.layout.ports["WEB_PORT"], house.layout.ports[BARE]
    doors: dict[str, Any] = {}
    with channels() as all_of_them:
        payers = Payers()
        for channel in all_of_them:
            rung(
                web, [channel.ring(payers.order(channel)) for _ in range(at_once)], at_once
            )  # imports, plans, connections
            rings = [channel.ring(payers.order(channel)) for _ in range(orders)]
            before = Payment.objects.count()
            refused = rung(web, [forged(ring) for ring in rings], at_once)
            paid_by_forgeries = Payment.objects.count() - before
            first = rung(web, rings, at_once)
            paid = Payment.objects.count() - before
            doors[channel.name] = {
                "first": first, "again": rung(web, rings, at_once), "control_forged": refused, "payments": paid,
                "payments_by_forgeries": paid_by_forgeries, "payments_after_again": Payment.objects.count() - before,
                "bare_view": rung(bare_port, [replace(ring, path="/readyz") for ring in rings], at_once),
            }  # fmt: skip
    return {
        "machine": busy, "orders": orders, "at_once": at_once, "goal_p99_ms": 500, "doors": doors,
        "broken_invariants": broken_invariants(),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=300, help="of each channel")
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args()
    with house_of_its_own() as house, served(house, house.layout.var / "nothing.pickle"):
        result = measure(house, options.orders, options.at_once)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    exact = all(
        door["payments"] == door["payments_after_again"] == options.orders
        and not door["payments_by_forgeries"]
        and all(status < 300 for turn in ("first", "again") for status in door[turn]["answers"])
        and all(400 <= status < 500 for status in door["control_forged"]["answers"])
        for door in result["doors"].values()
    )
    return 0 if exact and not result["broken_invariants"] else 1


if __name__ == "__main__":
    sys.exit(main())
