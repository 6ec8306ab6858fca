"""The demo's yesterday: every channel's bill is here, proved and compared, with the differences that it is told for (PAY-03, PAY-08)."""

import random
from datetime import datetime, time, timedelta

import pytest
from django.db import transaction

from billing import services
from billing.channels.unionpay.sandbox import bills as wire
from billing.models import BillFile, Category, Channel, Charge, Payment, PriceItem, ReconCase, ReconRun
from billing.reporting.balance import day_balance
from billing.reporting.daily import daily_report
from billing.seeding.prices import PACKAGES, packages
from billing.seeding.yesterday import _BOUGHT, _ROBOT, _Day, _unionpay_book, yesterday
from billing.services.bills import bill_import
from billing.services.payments import payment_take
from billing.services.recon import recon_run
from hospital.kit import clock
from tests.appointments.conftest import broken_invariants
from tests.billing.conftest import House
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db

FOUND = {
    "wechat": {"D1": 1, "D6": 1, "D10": 1}, "alipay": {"D8": 1}, "unionpay": {"D6": 1}, "insurance": {},
}  # fmt: skip


def test_yesterday_shows_every_channel_and_a_second_run_changes_nothing(house: House) -> None:
    for code in {*_BOUGHT, *(code for _name, items in PACKAGES.values() for code in items)}:
        PriceItem.objects.create(
            code=code, name=f"项目{code}", category=Category.EXAM, price=int(code[-3:]) * 10 + 3000, unit="次",
            effective_from=house.at - timedelta(days=300), source="test",
        )  # fmt: skip
    packages(house.at)
    yesterday(random.Random(7), house.at)
    assert Charge.objects.filter(lines__package__code="PKG-CHEMO", status="paid").distinct().count() == 2
    day = clock.business_day(house.at) - timedelta(days=1)
    assert {run.channel: run.differences for run in ReconRun.objects.filter(day=day)} == FOUND
    office = actor_of_person(house.cast.finance)
    for channel in FOUND:
        balance = day_balance(office, day, channel, at=house.at)
        assert balance.run is not None and balance.unexplained == 0 and balance.file is not None
    report = daily_report(office, day, at=house.at)
    assert all(tie.in_books for tie in report.ties) and report.total.fund and report.total.personal
    assert not broken_invariants()
    rows = Charge.objects.count(), BillFile.objects.count(), ReconCase.objects.count()
    yesterday(random.Random(8), house.at)
    assert rows == (Charge.objects.count(), BillFile.objects.count(), ReconCase.objects.count())
    page = (
        client_for(house.cast.finance).get("/staff/finance/", {"day": f"{day}", "channel": "unionpay"}).content.decode()
    )
    assert "D6" in page and "SHA-256" in page


def test_what_unionpay_cleared_the_next_day_is_explained_on_both_days_however_often_they_are_compared(
    house: House,
) -> None:
    """Its day ends at 23:00: a payment of 23:17 stands in tomorrow's bill, under the time of today."""
    today = clock.business_day(house.at) - timedelta(days=1)
    before = today - timedelta(days=1)
    made = _Day(random.Random(1), today, [house.cast.wang_fang.patient_id])
    with transaction.atomic():
        late = _paid(house, made, clock.at_local(before, time(23, 17)))
        usual = [_paid(house, made, clock.at_local(day, time(12))) for day in (before, today)]
    bills = {before: usual[:1], today: [late, *usual[1:]]}
    for day, payments in bills.items():
        lines = [wire.line("0" * 15, _unionpay_book(payment)) for payment in payments]
        raw = wire.render("0" * 15, clock.local(clock.at_local(day, time(0))), lines)[1]
        bill_import(actor=_ROBOT, channel="unionpay", raw=raw, name="t.zip", at=house.at, day=day, source="download")
    office = actor_of_person(house.cast.finance)
    for day in (before, today, before, today, today, before, before):
        recon_run(actor=_ROBOT, channel="unionpay", day=day, at=house.at)
        for seen in (before, today):
            if ReconRun.objects.filter(day=seen).exists():
                balance = day_balance(office, seen, "unionpay", at=house.at)
                assert balance.platform_net != balance.channel_net and balance.unexplained == 0, (day, seen)
    assert [(case.difference, case.status) for case in ReconCase.objects.all()] == [("D6", "done")]


def _paid(house: House, day: _Day, at: datetime) -> Payment:
    order = house.order(house.owe(house.cast.wang_fang, at=at), at=at, channel="unionpay", method="native")
    day.numbers += 1
    money = services.Money(day.transaction_id(Channel.UNIONPAY, at), order.amount, at, "query")
    return payment_take(order_id=order.pk, money=money, at=at, actor=_ROBOT)
