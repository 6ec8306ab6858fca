"""A price list, and a kind of charge that remembers what it was told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from billing import kinds, services
from billing.models import Category, Charge, PriceItem
from hospital.kit import clock
from tests.cast import Cast, Person, actor_of_person

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
