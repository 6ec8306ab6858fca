"""Races of money, each with a control that shows that the race is real: G02, G06, G09."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from billing import errors, services
from billing.channels.cash.services import cash_take
from billing.models import Charge, Entry, Payment, Refund, Settlement
from billing.states import ChargeStatus, RefundStatus
from hospital.kit import invariants
from hospital.kit.actor import system
from hospital.kit.problems import Busy, Problem
from tests.billing.conftest import House, Thing, house, thing  # noqa: F401 - fixtures
from tests.cast import actor_of_person

pytestmark = pytest.mark.django_db(transaction=True)

ROBOT = system("tests")
CALLERS = 50


def at_once(callers: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(0..n)` in as many threads, all released together; answers results or the exceptions."""
    gate = threading.Barrier(callers)

    def one(number: int) -> Any:
        try:
            gate.wait(timeout=60)
            return work(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(one, range(callers)))


@pytest.fixture(autouse=True)
def the_books_hold(db: Any) -> Iterator[None]:
    """Every race ends with all invariants of billing."""
    yield
    broken = {one.name: invariants.offenders(one) for one in invariants.registered() if one.name.startswith("billing.")}
    assert {name: rows for name, rows in broken.items() if rows} == {}


def money(order: Any, number: str, at: Any) -> services.Money:
    return services.Money(number, order.amount, at, "notice")


def test_fifty_notices_of_one_payment_have_one_effect_g06(house: House) -> None:  # noqa: F811
    order = house.order(house.owe(house.cast.wang_fang))
    told = at_once(
        CALLERS,
        lambda n: services.payment_record(order_id=order.pk, money=money(order, "42001", house.at), at=house.at).pk,
    )
    assert len(set(told)) == 1
    assert (Payment.objects.count(), Settlement.objects.count(), Entry.objects.count()) == (1, 1, 4)


def test_the_control_reading_before_writing_books_it_again_and_again(house: House) -> None:  # noqa: F811
    """The same crowd against `if it isn't there, write it`: the constraint is all that stands between us and that."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE race_control (id serial PRIMARY KEY, number text)")
    everybody_has_looked = threading.Barrier(CALLERS)
    try:

        def naive(n: int) -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM race_control WHERE number = '42001'")
                free = cursor.fetchone() is None
                everybody_has_looked.wait(timeout=60)
                if free:
                    cursor.execute("INSERT INTO race_control (number) VALUES ('42001')")

        at_once(CALLERS, naive)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM race_control")
            assert cursor.fetchone()[0] == CALLERS
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE race_control")


def test_fifty_partial_refunds_at_once_never_exceed_what_was_paid_g09(house: House) -> None:  # noqa: F811
    charge = house.owe(house.cast.wang_fang, ("LAB-1", 20))
    order = house.order(charge)
    services.payment_record(order_id=order.pk, money=money(order, "42002", house.at), at=house.at)

    def part(n: int) -> Refund:
        with transaction.atomic():
            return services.refund_request(
                actor=ROBOT, charge_id=charge.pk, at=house.at, reason="退", key=f"part:{n}",
                lines=[services.LineSpec("LAB-1", 1)],
            )  # fmt: skip

    told = at_once(CALLERS, part)
    assert sum(isinstance(one, Refund) for one in told) == 20
    assert all(isinstance(one, Refund | errors.RefundTooMuch) for one in told)
    charge.refresh_from_db()
    assert charge.refund_reserved == charge.amount


def test_the_control_adding_up_before_promising_promises_too_much(house: House) -> None:  # noqa: F811
    """The same crowd against `if what is promised leaves room, promise it`, on rows without lock or constraint."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE race_refunds (fen bigint)")
    everybody_has_looked = threading.Barrier(20)
    try:

        def naive(n: int) -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT coalesce(sum(fen), 0) FROM race_refunds")
                is_room = cursor.fetchone()[0] + 1000 <= 5000
                everybody_has_looked.wait(timeout=60)
                if is_room:
                    cursor.execute("INSERT INTO race_refunds VALUES (1000)")

        at_once(20, naive)
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(fen) FROM race_refunds")
            assert cursor.fetchone()[0] == 20_000
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE race_refunds")


def test_the_database_alone_refuses_refunds_beyond_the_payment_g09(house: House) -> None:  # noqa: F811
    """Past every service: plain inserts at once, and still no fen too much."""
    order = house.order(house.owe(house.cast.wang_fang))
    payment = services.payment_record(order_id=order.pk, money=money(order, "42003", house.at), at=house.at)

    def insert(n: int) -> int:
        return Refund.objects.create(
            number=f"R{n}", key=f"r{n}", payment=payment, amount=1000, reason="x", requested_at=house.at
        ).pk

    told = at_once(20, insert)
    assert sum(isinstance(one, int) for one in told) == 5
    assert all(isinstance(one, int | IntegrityError) for one in told)
    Refund.objects.update(status=RefundStatus.REJECTED)  # they were the test's own; the books know nothing of them


def test_a_payment_at_the_very_end_is_booked_or_sent_back_never_both_never_neither_g02(house: House) -> None:  # noqa: F811
    end = house.at + timedelta(minutes=30)
    late = end + timedelta(seconds=61)
    charges = [house.owe(house.cast.wang_fang) for _ in range(25)]
    orders = [house.order(charge) for charge in charges]

    def either(n: int) -> Any:
        if n % 2:
            return services.payment_record(
                order_id=orders[n // 2].pk, money=money(orders[n // 2], f"42{n}", end), at=late
            )
        return services.charges_expire(at=late)

    told = at_once(50, either)
    assert not [one for one in told if isinstance(one, Exception) and not isinstance(one, Busy)]
    services.charges_expire(at=late)
    for charge in Charge.objects.all():
        booked = Settlement.objects.filter(charge=charge).exists()
        sent_back = Refund.objects.filter(charge=charge, settlement=None).exists()
        assert booked != sent_back
        assert charge.status == (ChargeStatus.PAID if booked else ChargeStatus.EXPIRED)


def test_the_desk_and_the_phone_at_once_one_settles_the_other_goes_back(house: House) -> None:  # noqa: F811
    charge = house.owe(house.cast.wang_fang)
    order = house.order(charge)
    cashier = actor_of_person(house.cast.cashier)

    def pays(n: int) -> Any:
        if n % 2:
            return services.payment_record(order_id=order.pk, money=money(order, "42005", house.at), at=house.at)
        return cash_take(actor=cashier, patient_id=charge.patient_id, charge_ids=[charge.pk], at=house.at)

    told = at_once(20, pays)
    assert not [one for one in told if isinstance(one, Exception) and not isinstance(one, Problem)]
    assert Settlement.objects.count() == 1
    taken = sum(Payment.objects.values_list("amount", flat=True))
    owed = sum(Refund.objects.values_list("amount", flat=True))
    assert taken - owed == charge.amount
