"""A clinic of Doctor Li tomorrow: periods of 5 minutes, one place each, at 50 yuan; and short ways to book."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

import billing.services
from appointments import services
from appointments.models import Booking, Period, RosterSlot, Session, Ticket
from billing.models import Category, Channel, PriceItem
from hospital.kit import clock, invariants
from hospital.kit.actor import system
from tests.cast import Cast, Person, actor_of_person

HOUSE = system("tests.appointments")
FEE = "REG-EXPERT"
FREE = "REG-FREE"


@dataclass
class Clinic:
    cast: Cast
    at: datetime
    slot: Any = None
    session: Any = None
    transactions: int = field(default=0)

    @property
    def day(self) -> date:
        return clock.business_day(self.at) + timedelta(days=1)

    def roster(self, doctor: Person, day: date, starts: str, ends: str, **columns: Any) -> RosterSlot:
        """A line of the roster that holds on one day only."""
        values = {"department": self.cast.oncology, "fee_item": FEE, "room": "3诊室", "level": "expert"} | columns
        return RosterSlot.objects.create(
            doctor=doctor.staff, weekday=day.isoweekday(), starts=time.fromisoformat(starts),
            ends=time.fromisoformat(ends), effective_from=day, effective_to=day, **values,
        )  # fmt: skip

    def open(self, slot: RosterSlot) -> Session:
        services.sessions_generate(
            actor=HOUSE, first=slot.effective_from, last=slot.effective_from, at=min(self.at, self.before(slot))
        )
        return Session.objects.get(roster_slot=slot)

    def before(self, slot: RosterSlot) -> datetime:
        return clock.at_local(slot.effective_from, time(0))

    def period(self, index: int = 0, session: Session | None = None) -> Period:
        return (session or self.session).periods.order_by("starts_at")[index]

    def hold(self, person: Person, period: Period | None = None, *, at: datetime | None = None) -> Booking:
        payer = person if person.account else self.cast.wang_fang
        return services.booking_hold(
            actor=actor_of_person(payer), patient_id=person.patient_id, period_id=(period or self.period()).pk,
            at=at or self.at,
        )  # fmt: skip

    def money(self, booking: Booking, *, at: datetime | None = None) -> None:
        """The channel says that the bill of this booking was paid; nobody has been told yet."""
        when = at or self.at
        self.transactions += 1
        with transaction.atomic():
            order = billing.services.pay_order_open(
                actor=actor_of_person(self.cast.wang_fang), charge_ids=[booking.charge_id], channel=Channel.WECHAT,
                method="h5", at=min(when, booking.created_at + timedelta(seconds=1)),
            )  # fmt: skip
        billing.services.payment_record(
            order_id=order.pk, at=when,
            money=billing.services.Money(
                transaction_id=f"W{self.transactions:08d}", amount=order.amount,
                success_at=when, source="notice",
            ),
        )  # fmt: skip

    def pay(self, booking: Booking, *, at: datetime | None = None) -> Booking:
        self.money(booking, at=at)
        billing.services.notices_deliver(at=at or self.at)
        booking.refresh_from_db()
        return booking

    def book(self, person: Person, period: Period | None = None) -> Booking:
        return self.pay(self.hold(person, period))

    def check_in(self, booking: Booking, *, minutes: int = -10) -> Ticket:
        return services.booking_check_in(
            actor=actor_of_person(self.cast.nurse), booking_id=booking.pk,
            at=booking.starts_at + timedelta(minutes=minutes),
        )  # fmt: skip


@pytest.fixture
def noon() -> Iterator[None]:
    """The clock goes on from noon of today: a visit of this very moment has a clinic that is open before and after it.
    First of all fixtures: `pytestmark = pytest.mark.usefixtures("noon")`."""
    with time_machine.travel(clock.at_local(clock.today(), time(12)), tick=True):
        yield


@pytest.fixture
def clinic(cast: Cast) -> Clinic:
    prices(cast)
    made = Clinic(cast, clock.now())
    made.slot = made.roster(cast.doctor_li, made.day, "09:00", "10:00")
    made.session = made.open(made.slot)
    return made


def prices(cast: Cast) -> None:
    since = cast.at - timedelta(days=365)
    for code, name, fen in ((FEE, "专家门诊挂号费", 5000), (FREE, "复诊免挂号费", 0)):
        PriceItem.objects.create(
            code=code, name=name, category=Category.REGISTRATION, price=fen, unit="次", effective_from=since, source="t"
        )


def broken_invariants() -> dict[str, list[tuple[object, ...]]]:
    """Every invariant of the house that doesn't hold now."""
    found = {one.name: invariants.offenders(one) for one in invariants.registered()}
    return {name: rows for name, rows in found.items() if rows}
