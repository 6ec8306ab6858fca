"""G09, PAY-01, PAY-07, PAY-09: what the database itself refuses, asked in SQL."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum

from billing import services
from billing.models import DayClose, Entry, Journal, Payment, Settlement
from billing.services.ledger import journal_post
from billing.services.payments import payment_take
from hospital.kit import clock
from hospital.kit.actor import system
from tests.billing.conftest import House

pytestmark = pytest.mark.django_db

ROBOT = system("tests")


def sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def balanced() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def pay(house: House, amount: int | None = None) -> Payment:
    order = house.order(house.owe(house.cast.wang_fang))
    money = services.Money("4200000001", order.amount if amount is None else amount, house.at, "query")
    with transaction.atomic():
        return payment_take(order_id=order.pk, money=money, at=house.at, actor=ROBOT)


@pytest.mark.parametrize(
    "table",
    ["billing_entry", "billing_journal", "billing_payment", "billing_settlement", "billing_chargeline",
     "billing_payordercharge"],
)  # fmt: skip
def test_facts_are_neither_changed_nor_deleted(house: House, table: str) -> None:
    pay(house)
    column = {"billing_journal": "memo = 'x'", "billing_payordercharge": "amount = 1"}.get(table, "amount = amount + 1")
    with pytest.raises(DatabaseError, match="append-only"):
        sql(f"UPDATE {table} SET {column}")
    with pytest.raises(DatabaseError, match="append-only"):
        sql(f"DELETE FROM {table}")


@pytest.mark.parametrize("column", ["amount", "number", "patient_id"])
def test_a_charge_keeps_what_it_is_about(house: House, column: str) -> None:
    house.owe(house.cast.wang_fang)
    value = {"amount": "1", "number": "'X'", "patient_id": str(house.cast.stranger.patient_id)}[column]
    with pytest.raises(DatabaseError, match="never changes"):
        sql(f"UPDATE billing_charge SET {column} = {value}")
    with pytest.raises(DatabaseError, match="never deleted"):
        sql("DELETE FROM billing_charge")


@pytest.mark.parametrize("amounts", [[100, -99], [100], [1, 1], [2**40, -(2**40) + 1]])
def test_an_unbalanced_journal_is_refused_at_commit(house: House, amounts: list[int]) -> None:
    pay(house)
    some = Entry.objects.first()
    assert some is not None
    with pytest.raises(IntegrityError, match="entries with sum"), transaction.atomic():
        journal = Journal.objects.create(key="bad", business_day=clock.business_day(house.at), at=house.at)
        Entry.objects.bulk_create(Entry(journal=journal, account=some.account, amount=fen) for fen in amounts)
        balanced()


def test_a_journal_without_entries_and_a_zero_entry_are_refused(house: House) -> None:
    payment = pay(house)
    with pytest.raises(IntegrityError, match="0 entries"), transaction.atomic():
        Journal.objects.create(key="empty", business_day=clock.business_day(house.at), at=house.at)
        balanced()
    entry = Entry.objects.first()
    assert entry is not None and payment.amount == 5000
    with pytest.raises(IntegrityError, match="billing_entry_not_zero"), transaction.atomic():
        Entry.objects.create(journal=entry.journal, account=entry.account, amount=0)


def test_the_same_event_is_booked_once(house: House) -> None:
    pay(house)
    with pytest.raises(IntegrityError), transaction.atomic():
        journal_post(key=str(Journal.objects.first()), at=house.at, amounts={"suspense": 1, "bank": -1})


def test_floats_never_become_money(house: House) -> None:
    with pytest.raises((ValueError, TypeError, DatabaseError)), transaction.atomic():
        journal_post(key="float", at=house.at, amounts={"suspense": 0.1, "bank": -0.2})  # type: ignore[dict-item]


def test_a_closed_day_takes_no_journal(house: House) -> None:
    yesterday = clock.business_day(house.at) - timedelta(days=1)
    DayClose.objects.create(
        day=yesterday, closed_at=house.at, closed_by_account_id=1, confirmed_by_account_id=2, confirmed_at=house.at
    )
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        Journal.objects.create(key="late", business_day=yesterday, at=house.at)
    pay(house)  # today is open


def test_money_is_earned_only_by_settlement_and_the_books_show_it(house: House) -> None:
    pay(house)
    balanced()
    sums = dict(Entry.objects.values_list("account__code").annotate(Sum("amount")))
    assert sums == {"channel.wechat": 5000, "patient.money": 0, "income.registration": -5000}
    assert Settlement.objects.get().amount == 5000
