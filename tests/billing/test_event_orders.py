"""G06: whatever happens in whatever order, and told however often, our books end as the channel's, to the fen.

HYPOTHESIS_PROFILE=large plays 2,000 days instead of a handful.
"""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import services
from billing.channels.wechat.sandbox.server import Refusal
from billing.models import Charge, Entry, Payment, PayOrder, Refund
from billing.states import LIVE_ORDER, ChargeStatus, RefundStatus
from hospital.kit import invariants
from hospital.kit.problems import Problem
from tests.billing.conftest import Bank, House, ring
from tests.cast import actor_of_person

pytestmark = pytest.mark.django_db

LARGE = os.environ.get("HYPOTHESIS_PROFILE") == "large"
PLAYED = settings(
    max_examples=2000 if LARGE else 15, deadline=None, derandomize=not LARGE,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip

EVENTS = st.one_of(
    st.sampled_from(["pay", "ask", "cancel", "back", "back-one", "back-done", "console", "wait", "consequences"]),
    st.tuples(st.just("ring"), st.integers(0, 9), st.integers(1, 15)),
)


class Day:
    """One bill of two lines and its order, at the hospital and at the channel."""

    def __init__(self, house: House, bank: Bank) -> None:
        self.house, self.bank, self.at = house, bank, house.at
        self.charge: Charge = house.owe(house.cast.wang_fang, ("LAB-1", 2), ("REG-1", 1))
        self.order = services.order_prepare(house.order(self.charge).pk, at=house.at, payer_ip="10.0.0.1")
        self.asked = 0

    def notices(self) -> list[dict[str, Any]]:
        rows = self.bank.sandbox.store.all("SELECT * FROM notices ORDER BY rowid")
        return [row for row in rows if f'"{self.order.number}"' in row["resource"]]

    def ring(self, which: int, times: int) -> int:
        """Tell one of the notices that exist by now, so often; answers the last status."""
        told = self.notices()
        if not told:
            return 0
        headers, body = self.bank.sandbox.notifier.envelope(told[which % len(told)], "2026-11-22T10:00:00+08:00")
        return [ring(headers, body).status_code for _ in range(times)][-1]

    def play(self, event: Any) -> None:
        try:
            if isinstance(event, tuple):
                self.ring(event[1], event[2])
            else:
                getattr(self, event.replace("-", "_"))()
        except (Refusal, Problem):
            return  # the channel or the house said no, which is an answer too

    def pay(self) -> None:
        self.bank.pays(self.order)

    def ask(self) -> None:
        self.at += timedelta(seconds=20)
        services.intents_resolve(at=self.at)

    def wait(self) -> None:
        self.at += timedelta(minutes=40)
        services.charges_expire(at=self.at)

    def cancel(self) -> None:
        with transaction.atomic():
            services.charge_cancel(
                actor=actor_of_person(self.house.cast.wang_fang), charge_id=self.charge.pk, at=self.at, reason="x"
            )

    def back(self, lines: Any = None) -> None:
        self.asked += 1
        with transaction.atomic():
            services.refund_request(
                actor=actor_of_person(self.house.cast.wang_fang), charge_id=self.charge.pk, at=self.at, reason="退",
                key=f"{self.charge.pk}:{self.asked}", lines=lines,
            )  # fmt: skip

    def back_one(self) -> None:
        self.back([services.LineSpec("LAB-1", 1)])

    def back_done(self) -> None:
        self.bank.refunds_done()

    def console(self) -> None:
        self.bank.sandbox.console_refund(self.order.number, 1000)

    def consequences(self) -> None:
        services.notices_deliver(at=self.at)

    def ends(self) -> None:
        """Every notice arrives at last, and every sweep has had its turns."""
        for _ in range(3):
            self.bank.refunds_done()
            for number in range(len(self.notices())):
                self.ring(number, 1)
            self.at += timedelta(minutes=40)
            services.intents_resolve(at=self.at)
            services.charges_expire(at=self.at)
            services.notices_deliver(at=self.at)

    def books(self) -> dict[str, Any]:
        """What must be the same on both sides, and what it says of the bill."""
        self.charge.refresh_from_db()
        refunds = Refund.objects.filter(payment__order=self.order)
        return {
            "paid": [*Payment.objects.filter(order=self.order).values_list("transaction_id", "amount")],
            "back": refunds.filter(status=RefundStatus.SUCCEEDED).aggregate(fen=Sum("amount"))["fen"] or 0,
            "charge": self.charge.status,
        }

    def channels_books(self) -> tuple[list[tuple[str, int]], int]:
        store = self.bank.sandbox.store
        paid = store.all("SELECT * FROM orders WHERE number = ? AND transaction_id IS NOT NULL", self.order.number)
        back = store.all("SELECT amount FROM refunds WHERE order_number = ? AND status = 'SUCCESS'", self.order.number)
        return [(row["transaction_id"], row["paid_total"]) for row in paid], sum(row["amount"] for row in back)

    def proves(self) -> None:
        ours, (paid, back) = self.books(), self.channels_books()
        assert (ours["paid"], ours["back"]) == (paid, back)
        in_channel = Entry.objects.filter(account__code="channel.wechat").aggregate(fen=Sum("amount"))["fen"] or 0
        everything = Payment.objects.aggregate(fen=Sum("amount"))["fen"] or 0
        returned = Refund.objects.filter(status=RefundStatus.SUCCEEDED).aggregate(fen=Sum("amount"))["fen"] or 0
        assert in_channel == everything - returned
        assert not PayOrder.objects.filter(pk=self.order.pk, status__in=LIVE_ORDER).exists()
        assert self.charge.status != ChargeStatus.OPEN
        told = [topic for topic, charge_id in self.house.thing.told if charge_id == self.charge.pk]
        assert told.count("paid") == (ours["charge"] in {"paid", "part_refunded", "refunded"})
        broken = {
            one.name: rows
            for one in invariants.registered()
            if one.name.startswith("billing.") and (rows := invariants.offenders(one))
        }
        assert not broken


@PLAYED
@given(events=st.lists(EVENTS, max_size=14))
def test_every_order_of_events_ends_in_the_channels_truth_g06(house: House, bank: Bank, events: list[Any]) -> None:
    day = Day(house, bank)
    for event in events:
        day.play(event)
    day.ends()
    # Money of ours that the channel refuses because its console gave it back first stays a person's case.
    if not Refund.objects.filter(payment__order=day.order, status=RefundStatus.FAILED).exists():
        day.proves()


TOLD = ["pay", *["pay"] * 15, "refund", "refund", "console", "close", "late"]


@settings(PLAYED, max_examples=500 if LARGE else 4)
@given(told=st.permutations(TOLD))
def test_the_end_depends_on_the_set_of_notices_only_g06(house: House, bank: Bank, told: list[str]) -> None:
    """Paid, one line sent back, 10 yuan given back in the console: told in any order, each again and again."""
    day = Day(house, bank)
    day.pay()
    first = day.notices()[0]
    services.intents_resolve(at=day.at + timedelta(seconds=20))
    day.back_one()
    services.intents_resolve(at=day.at + timedelta(seconds=40))
    day.back_done()
    day.console()
    kinds = {"pay": first, "refund": day.notices()[1], "console": day.notices()[2]}
    for one in told:
        if one in kinds:
            headers, body = bank.sandbox.notifier.envelope(kinds[one], "2026-11-22T10:00:00+08:00")
            assert ring(headers, body).status_code == 204
        elif one == "close":
            services.charges_expire(at=day.at + timedelta(hours=1))
        else:
            services.intents_resolve(at=day.at + timedelta(hours=24))
    day.ends()
    day.proves()
    assert day.books() == {"paid": day.channels_books()[0], "back": 3050, "charge": "part_refunded"}


def test_a_refund_made_in_the_console_is_recorded_and_takes_the_income_back(house: House, bank: Bank) -> None:
    """PAY-09: the channel gave money back without us; the bill says so, and no second refund can be promised of it."""
    day = Day(house, bank)
    day.pay()
    bank.rings()
    bank.sandbox.console_refund(day.order.number, 9100)
    assert bank.rings() == 1
    refund = Refund.objects.get()
    assert (refund.status, refund.charge_id, refund.amount) == (RefundStatus.SUCCEEDED, day.charge.pk, 9100)
    services.notices_deliver(at=day.at + timedelta(minutes=5))
    assert ("refunded", day.charge.pk) in house.thing.told
    with pytest.raises(Problem):
        day.back()
    day.proves()


def test_a_console_refund_of_two_bills_at_once_stands_in_suspense_until_a_person_says_which(
    house: House, bank: Bank
) -> None:
    first, second = house.owe(house.cast.wang_fang), house.owe(house.cast.wang_fang)
    order = services.order_prepare(house.order(first, second).pk, at=house.at, payer_ip="10.0.0.1")
    bank.pays(order)
    bank.rings()
    bank.sandbox.console_refund(order.number, 6000)
    assert bank.rings() == 1
    assert Refund.objects.get().charge_id is None
    assert Entry.objects.get(account__code="suspense").amount == 6000
    assert not [
        one.name for one in invariants.registered() if one.name.startswith("billing.") and invariants.offenders(one)
    ]


def test_a_notice_of_a_refund_of_nobodys_payment_is_refused(house: House, bank: Bank) -> None:
    day = Day(house, bank)
    day.pay()
    bank.sandbox.console_refund(day.order.number, 1000)
    assert day.ring(1, 1) == 409  # the payment itself isn't known yet: WeChat rings again
    assert day.ring(0, 1) == 204
    assert day.ring(1, 1) == 204
    assert Refund.objects.get().amount == 1000
