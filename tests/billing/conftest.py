"""A price list, and a kind of charge that remembers what it was told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.test import Client

from billing import kinds, services
from billing.channels.wechat.sandbox import Keys, Sandbox, make_keys
from billing.models import Category, Charge, PriceItem, Refund
from hospital.kit import clock
from tests.cast import Cast, Person, actor_of_person
from tests.sandboxes import serve

if TYPE_CHECKING:
    from tests.billing.books import Books
    from tests.billing.insurer import Insurer


KIND = "tests.thing"


@dataclass
class Thing:
    """What the app above of these tests keeps: what it was told, whether it was used, and a fault to inject."""

    told: list[tuple[str, int]] = field(default_factory=list)
    used: bool = False
    broken: bool = False

    def hear(self, topic: str) -> Any:
        def handler(charge_id: int, at: datetime) -> None:
            if self.broken:
                raise RuntimeError("the app above is broken")
            self.told.append((topic, charge_id))

        return handler


@pytest.fixture
def thing() -> Iterator[Thing]:
    made = Thing()
    kinds._kinds[KIND] = kinds.ChargeKind(
        KIND, "挂号费", "registration", made.hear("paid"), made.hear("refunded"),
        lambda charge, at: not made.used, made.hear("expired"),
    )  # fmt: skip
    yield made
    del kinds._kinds[KIND]


@dataclass
class House:
    """A cast with prices and short ways to owe and to pay."""

    cast: Cast
    thing: Thing
    at: datetime
    subject: int = 0

    def owe(
        self, person: Person, *lines: tuple[str, int], minutes: int | None = 30, at: datetime | None = None
    ) -> Charge:
        self.subject += 1
        when = at or self.at
        specs = [services.LineSpec(code, quantity) for code, quantity in lines or [("REG-1", 1)]]
        payer = person if person.account else self.cast.wang_fang
        with transaction.atomic():
            return services.charge_create(
                actor=actor_of_person(payer), patient_id=person.patient_id, kind=KIND, subject_id=self.subject,
                lines=specs, at=when, expires_at=when + timedelta(minutes=minutes) if minutes else None,
            )  # fmt: skip

    def order(self, *charges: Charge, channel: str = "wechat", method: str = "h5", at: datetime | None = None) -> Any:
        with transaction.atomic():
            return services.pay_order_open(
                actor=actor_of_person(self.cast.wang_fang), charge_ids=[c.pk for c in charges], channel=channel,
                method=method, at=at or self.at,
            )  # fmt: skip

    def prepared(self, channel: str, method: str, *lines: tuple[str, int], **payer: str) -> tuple[Charge, Any]:
        """A charge, and an order for it that the channel knows."""
        charge = self.owe(self.cast.wang_fang, *lines)
        order = self.order(charge, channel=channel, method=method)
        return charge, services.order_prepare(order.pk, at=self.at, **payer)

    def asked_back(self, charge: Charge, **more: Any) -> Refund:
        with transaction.atomic():
            return services.refund_request(
                actor=actor_of_person(self.cast.wang_fang), charge_id=charge.pk, at=self.at, reason="退号", key="k",
                **more,
            )  # fmt: skip


@pytest.fixture
def house(cast: Cast, thing: Thing) -> House:
    since = cast.at - timedelta(days=365)
    for code, name, category, fen in [
        ("REG-1", "主任医师挂号费", Category.REGISTRATION, 5000),
        ("LAB-1", "血常规", Category.LAB, 2050),
        ("TRT-1", "放射治疗", Category.TREATMENT, 80000),
        ("FREE", "复诊免费", Category.REGISTRATION, 0),
    ]:
        PriceItem.objects.create(
            code=code, name=name, category=category, price=fen, unit="次", effective_from=since, source="test"
        )
    return House(cast, thing, clock.now())


@pytest.fixture(scope="session")
def wechat_keys() -> dict[str, str]:
    """One set of test keys a run; making RSA keys is slow."""
    return make_keys()


class Bank:
    """WeChat Pay's stand-in as a real HTTP server on loopback, and the ways to drive it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.sent: list[tuple[dict[str, str], str]] = []  # notices as they went out

    def pays(self, order: Any, *, total: int | None = None, tell: bool = True) -> dict[str, Any]:
        return self.sandbox.pay(order.number, total=total, tell=tell)

    def rings(self) -> int:
        """Deliver every waiting notice now; answers how many the hospital took."""
        self.sandbox.finish_refunds()
        return self.sandbox.notifier.deliver_due(everything=True)

    def refunds_done(self) -> None:
        for row in self.sandbox.store.all("SELECT number FROM refunds WHERE status = 'PROCESSING'"):
            self.sandbox.finish_refund(row["number"])


def configure(settings: Any, keys: dict[str, str]) -> None:
    """The hospital's half of a channel's test keys; the stand-in keeps the other."""
    for name, value in keys.items():
        if "SANDBOX" not in name:
            setattr(settings, name, value)


@pytest.fixture
def bank(wechat_keys: dict[str, str], settings: Any, tmp_path: Path) -> Iterator[Bank]:
    """The channel's other side. Its notices reach the hospital through Django's test client, in this thread."""
    configure(settings, wechat_keys)
    settings.WECHAT_APP_ID = "wx-test-app"
    keys = Keys(
        mchid=wechat_keys["WECHATPAY_MCHID"], appid="wx-test-app", merchant_serial=wechat_keys["WECHATPAY_SERIAL_NO"],
        merchant_public_key=wechat_keys["WECHATPAY_SANDBOX_MERCHANT_PUBLIC_KEY"],
        platform_private_key=wechat_keys["WECHATPAY_SANDBOX_PLATFORM_KEY"],
        platform_key_id=wechat_keys["WECHATPAY_PUBLIC_KEY_ID"], apiv3_key=wechat_keys["WECHATPAY_APIV3_KEY"],
    )  # fmt: skip
    made: list[Bank] = []

    def post(url: str, headers: dict[str, str], body: str) -> int:
        made[0].sent.append((headers, body))
        return ring(headers, body).status_code

    with serve(lambda *args: made[0].sandbox(*args)) as there:
        settings.WECHATPAY_BASE_URL = f"{there}/wechatpay"
        made.append(Bank(Sandbox(tmp_path, keys, base_url=settings.WECHATPAY_BASE_URL, post=post)))
        yield made[0]
        made[0].sandbox.stop()


def ring(headers: dict[str, str], body: str) -> Any:
    """Post a notice at the hospital's door."""
    return Client(raise_request_exception=False).post(
        "/pay/notify/wechat/", body.encode(), content_type=headers.get("Content-Type", "application/json"),
        headers={name: value for name, value in headers.items() if name.startswith("Wechatpay-")},
    )  # fmt: skip


@pytest.fixture
def books(house: House, bank: Bank, settings: Any) -> "Books":
    from tests.billing.books import Books

    return Books(house, clock.business_day(house.at) - timedelta(days=3), settings.WECHATPAY_MCHID)


@pytest.fixture(scope="session")
def insurance_keys() -> dict[str, str]:
    from billing.channels.insurance.sandbox import make_keys

    return make_keys()


@pytest.fixture
def insurer(
    house: House, bank: Bank, insurance_keys: dict[str, str], settings: Any, tmp_path: Path
) -> "Iterator[Insurer]":
    """The insurer's centre on loopback, with WeChat's stand-in beside it."""
    from tests.billing.insurer import served

    yield from served(house, bank, insurance_keys, settings, tmp_path)
