"""Both halves or neither, whatever dies when: an insured order is killed at its Nth send, to the database, the insurer or WeChat.

As tests/billing/test_every_send.py; some N of each path here, every one with CRASH_POINTS=all.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from billing import services
from billing.models import Charge, Insured, Payment, PaymentSplit, PayOrder, Refund
from billing.services import insured, intents
from billing.states import PayOrderStatus, RefundStatus
from tests.appointments.conftest import broken_invariants
from tests.billing.insurer import OPENID, Insurer
from tests.billing.test_every_send import Street
from tests.cast import actor_of_person

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def street(insurer: Insurer, tmp_path: Path) -> Street:
    made = Street(insurer.house, insurer.bank, tmp_path / "strace.log")
    made.sample = 4
    return made


def an_hour(insurer: Insurer) -> None:
    """Everything ends in it: orders lapse, refunds are paid out, nothing stays unknown."""
    for minutes in (1, 3, 6, 12, 24, 31, 33, 36, 42, 50, 58):
        at = insurer.house.at + timedelta(minutes=minutes)
        services.intents_resolve(at=at)
        insurer.bank.refunds_done()


def both_or_neither(insurer: Insurer) -> tuple[int, int]:
    """(paid, not paid), after every order was looked at on all three sides."""
    paid = 0
    for order in PayOrder.objects.filter(channel="insurance"):
        if order.status != PayOrderStatus.PAID:
            assert order.status == PayOrderStatus.CLOSED and insurer.holds_nothing(order.number), order.number
            continue
        split, cash, theirs = (
            PaymentSplit.objects.get(payment__order=order),
            insurer.cash(order.number),
            insurer.row(order.number),
        )
        assert cash is not None and (cash["paid_total"], cash["transaction_id"]) == (
            split.own_cash,
            split.cash_transaction_id,
        )
        assert (theirs["state"], theirs["fund"], theirs["personal"]) == ("6", split.fund, split.personal), order.number
        paid += 1
    assert Payment.objects.count() == paid and not broken_invariants()
    return paid, PayOrder.objects.count() - paid


def test_death_at_any_send_of_the_settlement(street: Street, insurer: Insurer) -> None:
    """One payer presses again and pays by the phone, the next one goes away: paid on all sides, or on none."""
    actor, turn = actor_of_person(insurer.house.cast.wang_fang), iter(range(1000))

    def shown() -> Any:
        _charge, order = insurer.charge()
        insurer.authorised(order)
        return order

    def agree(order: Any) -> Any:
        return insured.insured_settle(actor=actor, order_id=order.pk, openid=OPENID, at=insurer.house.at)

    def after(order: Any) -> None:
        if next(turn) % 2 == 0:
            insurer.pays(agree(order))
        elif mix := Insured.objects.get(order=order).mix_trade_no:
            insurer.pays(Insured.objects.get(mix_trade_no=mix))

    died = street.walk(shown, agree, after)
    an_hour(insurer)
    paid, closed = both_or_neither(insurer)
    assert paid + closed == died + 1 and paid >= (died + 2) // 2


def test_death_at_any_send_of_finding_it_paid(street: Street, insurer: Insurer) -> None:
    def on_the_phone() -> Any:
        _charge, order, row = insurer.ready()
        insurer.pays(row)
        return order

    at = insurer.house.at + timedelta(seconds=20)
    died = street.walk(on_the_phone, lambda order: services.order_refresh(order.pk, at=at), lambda order: None)
    an_hour(insurer)
    assert both_or_neither(insurer) == (died + 1, 0)
    assert Charge.objects.filter(status="paid").count() == died + 1


def test_death_at_any_send_of_the_refund(street: Street, insurer: Insurer) -> None:
    actor = actor_of_person(insurer.house.cast.wang_fang)

    def owed_back() -> Any:
        charge, _order, _row = insurer.paid()
        with transaction.atomic():
            return services.refund_request(
                actor=actor, charge_id=charge.pk, at=insurer.house.at, reason="退号", key=f"k{charge.pk}"
            )

    at = insurer.house.at + timedelta(seconds=30)
    died = street.walk(owed_back, lambda refund: intents.refund_push(refund.pk, at=at), lambda refund: None)
    an_hour(insurer)
    assert set(Refund.objects.values_list("status", flat=True)) == {RefundStatus.SUCCEEDED}
    assert Refund.objects.count() == died + 1
    assert all(insurer.holds_nothing(number) for number in PayOrder.objects.values_list("number", flat=True))
    assert len(insurer.sandbox.store.all("SELECT * FROM refunds")) == died + 1 and not broken_invariants()
