"""G09, PAY-01, PAY-07, PAY-09: what the database itself refuses, asked in SQL."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum

from billing import services
from billing.models import Charge, DayClose, Entry, Journal, LedgerAccount, Payment, Settlement
from billing.services import closing
from billing.services.ledger import account_of, journal_post, journal_reverse
from billing.services.payments import payment_take
from hospital.kit import clock
from hospital.kit.actor import Role, system
from hospital.kit.problems import NotFound
from tests.billing.conftest import House
from tests.cast import actor_of_person

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


def closed(house: House, day: date) -> DayClose:
    return DayClose.objects.create(
        day=day, closed_at=house.at, closed_by_account_id=1, confirmed_by_account_id=2, confirmed_at=house.at
    )


def test_what_belongs_to_a_closed_day_is_booked_on_the_open_day_and_points_back(house: House) -> None:
    """PAY-07."""
    today = clock.business_day(house.at)
    yesterday = today - timedelta(days=1)
    closed(house, yesterday)
    with transaction.atomic():
        journal = journal_post(key="late", at=house.at - timedelta(days=1), amounts={"bank": 5, "suspense": -5})
    assert (journal.business_day, journal.about_day) == (today, yesterday)


def test_a_reversal_is_the_exact_opposite_once_and_is_not_reversed_itself(house: House) -> None:
    """PAY-01: reversal only, and the database knows what one is."""
    with transaction.atomic():
        first = journal_post(key="wrong", at=house.at, amounts={"bank": 500, "suspense": -500})
        back = journal_reverse(first, at=house.at, reason="wrong account")
        assert journal_reverse(first, at=house.at, reason="again").pk == back.pk
    sums = Entry.objects.values_list("account__code").annotate(fen=Sum("amount"))
    assert dict(sums) == {"bank": 0, "suspense": 0}
    balanced()
    for key, reverses, amounts in [
        ("half", journal_of(house), {"bank": 1, "suspense": -1}), ("again", back, {"bank": 500, "suspense": -500}),
    ]:  # fmt: skip
        with pytest.raises(IntegrityError, match="revers"), transaction.atomic():
            journal_post(key=key, at=house.at, amounts=amounts, reverses=reverses)
            balanced()


def journal_of(house: House) -> Journal:
    with transaction.atomic():
        return journal_post(key="other", at=house.at, amounts={"bank": 700, "suspense": -700})


def test_a_closing_keeps_its_signatures_and_is_never_deleted(house: House) -> None:
    day = clock.business_day(house.at) - timedelta(days=2)
    closed(house, day)
    for change in ("confirmed_at = NULL", "confirmed_by_account_id = 9", "day = day + 1"):
        with pytest.raises(DatabaseError, match="never changes"):
            sql(f"UPDATE billing_dayclose SET {change}")
    with pytest.raises(DatabaseError, match="never deleted"):
        sql("DELETE FROM billing_dayclose")
    with pytest.raises(IntegrityError, match="billing_day_reopen_two_people"):
        sql("UPDATE billing_dayclose SET reopened_at = now(), reopened_by_account_id = 1")


def test_a_closed_day_is_opened_only_by_finance_and_auditor_with_a_reason(house: House) -> None:
    day = clock.business_day(house.at) - timedelta(days=1)
    office, auditor = actor_of_person(house.cast.finance), actor_of_person(house.cast.auditor)
    with pytest.raises(closing.DayNotClosed):
        closing.day_reopen_propose(actor=office, day=day, reason="x", at=house.at)
    closed(house, day)
    with pytest.raises(closing.ReasonNeeded):
        closing.day_reopen_propose(actor=office, day=day, reason=" ", at=house.at)
    with pytest.raises(closing.DayNotClosed):  # nobody of the finance office asked
        closing.day_reopen_confirm(actor=auditor, day=day, at=house.at)
    closing.day_reopen_propose(actor=office, day=day, reason="渠道更正了账单", at=house.at)
    both = replace(auditor, roles=auditor.roles | {Role.FINANCE})
    for person in (actor_of_person(house.cast.second_finance), actor_of_person(house.cast.admin), both):
        with pytest.raises(NotFound):
            closing.day_reopen_confirm(actor=person, day=day, at=house.at)
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        Journal.objects.create(key="early", business_day=day, at=house.at)
    was = closing.day_reopen_confirm(actor=auditor, day=day, at=house.at)
    assert was.confirmed_at is not None and was.reopen_reason == "渠道更正了账单"
    with transaction.atomic():
        assert (
            journal_post(key="k", at=house.at - timedelta(days=1), amounts={"bank": 1, "suspense": -1}).about_day
            is None
        )
    closed(house, day)  # and closed anew, by a row of its own
    assert DayClose.objects.filter(day=day).count() == 2


def test_the_books_are_kept_by_channel_scene_and_department(house: House) -> None:
    charge = house.owe(house.cast.wang_fang)
    Charge.objects.filter(pk=charge.pk).update(department=house.cast.oncology)
    order = house.order(charge)
    with transaction.atomic():
        payment_take(
            order_id=order.pk, money=services.Money("42", order.amount, house.at, "query"), at=house.at, actor=ROBOT
        )
        account_of("insurer.basic")
    income = LedgerAccount.objects.get(side="income")
    assert (income.department, income.scene) == (house.cast.oncology, "registration")
    assert set(LedgerAccount.objects.values_list("channel", "insurer")) == {("wechat", ""), ("", ""), ("", "basic")}
    with pytest.raises(ValueError, match="no such ledger account"):
        account_of("elsewhere")
