"""PAY-03..PAY-07, G08: every difference is found and named once; no false alarm; the same data, the same result."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from billing import services
from billing.channels.wechat.sandbox import bills as wire
from billing.models import BillFetch, BillFile, DayClose, Payment, ReconCase, ReconRun, Refund
from billing.services import cases, closing
from billing.services.bills import bill_import, bills_fetch
from billing.services.payments import payment_take
from billing.services.recon import recon_run
from billing.services.refunds import refund_finish
from billing.states import CaseStatus
from hospital.kit import clock
from hospital.kit.actor import system
from tests.billing.conftest import Bank, House
from tests.cast import actor_of_person

pytestmark = pytest.mark.django_db

ROBOT = system("tests")


@dataclass
class Books:
    """A day of payments with its bill; `rows` is the bill as the channel would write it, to be spoilt by a test."""

    house: House
    day: date
    merchant: str
    rows: list[dict[str, str]] = field(default_factory=list)
    numbers: int = 0

    def moment(self, hour: int = 12, minute: int = 0, second: int = 0, days: int = 0) -> datetime:
        return clock.at_local(self.day + timedelta(days=days), time(hour, minute, second))

    def paid(self, at: datetime | None = None, *, settled: datetime | None = None, in_bill: bool = True) -> Payment:
        """A bill that was paid; settled at the same moment unless told otherwise."""
        when = at or self.moment(8 + self.numbers % 10, self.numbers % 60)
        self.numbers += 1
        order = self.house.order(self.house.owe(self.house.cast.wang_fang, at=when), at=when)
        money = services.Money(f"42{self.numbers:08d}", order.amount, when, "query")
        with transaction.atomic():
            payment = payment_take(order_id=order.pk, money=money, at=settled or when, actor=ROBOT)
        if in_bill:
            self.rows.append(self.pay_row(payment))
        return payment

    def pay_row(self, payment: Payment, **changes: str) -> dict[str, str]:
        order = {
            "number": payment.order.number, "transaction_id": payment.transaction_id, "paid_total": payment.amount,
            "success_at": payment.success_at.timestamp(), "trade_type": "MWEB", "openid": "o", "description": "挂号费",
            "attach": "",
        }  # fmt: skip
        return wire.pay_row(order, appid="wx-test-app", mchid=self.merchant) | changes

    def refunded(self, payment: Payment, at: datetime | None = None, *, in_bill: bool = True) -> Refund:
        when = at or self.moment(20)
        self.numbers += 1
        charge = payment.settlements.get().charge
        with transaction.atomic():
            refund = services.refund_request(
                actor=ROBOT, charge_id=charge.pk, at=when, reason="退号", key=f"r{self.numbers}"
            )
            refund_finish(refund, actor=ROBOT, at=when, success_at=when, channel_refund_id=f"503{self.numbers}")
        if in_bill:
            self.rows.append(self.refund_row(refund))
        return refund

    def refund_row(self, refund: Refund, **changes: str) -> dict[str, str]:
        when = (refund.success_at or refund.requested_at).timestamp()
        base = {"number": refund.number, "refund_id": f"503{refund.pk}", "amount": refund.amount, "created_at": when,
                "success_at": when, "status": "SUCCESS"}  # fmt: skip
        order = {"number": refund.payment.order.number, "transaction_id": refund.payment.transaction_id,
                 "paid_total": refund.payment.amount, "success_at": when, "trade_type": "MWEB", "openid": "o",
                 "description": "挂号费", "attach": ""}  # fmt: skip
        return wire.refund_row(base, order, appid="wx-test-app", mchid=self.merchant) | changes

    def bill(self, rows: list[dict[str, str]] | None = None, day: date | None = None) -> BillFile:
        file, _new = bill_import(
            actor=ROBOT, channel="wechat", raw=wire.render(self.rows if rows is None else rows), name="t.csv",
            at=self.house.at, day=day or self.day,
        )  # fmt: skip
        return file

    def run(self, day: date | None = None) -> ReconRun:
        return recon_run(actor=ROBOT, channel="wechat", day=day or self.day, at=self.house.at)


@pytest.fixture
def books(house: House, bank: Bank, settings: Any) -> Books:
    return Books(house, clock.business_day(house.at) - timedelta(days=3), settings.WECHATPAY_MCHID)


def only_channel(books: Books) -> None:
    gone = books.paid(in_bill=False)
    books.rows.append(books.pay_row(gone, 商户订单号="P20991231000001", 微信订单号="4299999999"))
    books.rows.append(books.pay_row(gone))


def only_hospital(books: Books) -> None:
    books.paid(in_bill=False)


def not_posted(books: Books) -> None:
    when = books.moment()
    charge = books.house.owe(books.house.cast.wang_fang, at=when)
    order = books.house.order(charge, at=when)
    with transaction.atomic():
        services.charge_cancel(actor=ROBOT, charge_id=charge.pk, at=when, reason="不去了")
        money = services.Money("42777", order.amount, when, "query")
        payment = payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)
    books.rows.append(books.pay_row(payment))


def other_amount(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 订单金额="50.01", 应结订单金额="50.01"))


def other_currency(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 货币种类="USD"))


def other_state(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 交易状态="REVOKED"))


def other_merchant(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 商户号="1999999999"))


def listed_twice(books: Books) -> None:
    row = books.pay_row(books.paid(in_bill=False))
    books.rows += [row, dict(row)]


def across_midnight(books: Books) -> None:
    books.paid(books.moment(23, 59, 59), in_bill=False)


def settled_after_midnight(books: Books) -> None:
    books.paid(books.moment(23, 59, 59), settled=books.moment(0, 0, 4, days=1))


def paid_twice(books: Books) -> None:
    when = books.moment()
    charge = books.house.owe(books.house.cast.wang_fang, at=when)
    orders = [books.house.order(charge, at=when), books.house.order(charge, at=when)]
    for number, order in enumerate(orders):
        with transaction.atomic():
            money = services.Money(f"4288{number}", order.amount, when, "query")
            books.rows.append(books.pay_row(payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)))


def refund_missing_there(books: Books) -> None:
    books.refunded(books.paid(), in_bill=False)


def refund_missing_here(books: Books) -> None:
    refund = books.refunded(books.paid(), in_bill=False)
    books.rows += [books.refund_row(refund), books.refund_row(refund, 商户退款单号="R20991231000001")]


def refund_amount(books: Books) -> None:
    refund = books.refunded(books.paid(), in_bill=False)
    books.rows.append(books.refund_row(refund, 申请退款金额="49.99", 退款金额="49.99"))


def refund_failed_there(books: Books) -> None:
    refund = books.refunded(books.paid(), in_bill=False)
    books.rows.append(books.refund_row(refund, 退款状态="FAIL"))


def refund_stuck(books: Books) -> None:
    payment = books.paid()
    with transaction.atomic():
        refund = services.refund_request(
            actor=ROBOT, charge_id=payment.settlements.get().charge_id, at=books.moment(15), reason="退号", key="stuck"
        )
    books.rows.append(books.refund_row(refund))


def fee(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 手续费="0.50000"))


INJECTED: list[tuple[str, Callable[[Books], None]]] = [
    ("D1", only_channel), ("D2", only_hospital), ("D3", not_posted), ("D4", other_amount), ("D4", other_currency),
    ("D5", other_state), ("D5", other_merchant), ("D5", listed_twice), ("D6", across_midnight),
    ("D6", settled_after_midnight), ("D7", paid_twice), ("D8", refund_missing_there), ("D8", refund_missing_here),
    ("D8", refund_amount), ("D8", refund_failed_there), ("D8", refund_stuck), ("D10", fee),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "spoil"), INJECTED, ids=lambda value: getattr(value, "__name__", value))
def test_each_fault_is_found_once_and_named_rightly(books: Books, wanted: str, spoil: Callable[[Books], None]) -> None:
    for _ in range(5):
        books.paid()
    books.refunded(books.paid())
    spoil(books)
    books.bill()
    assert books.run().differences == {wanted: 1}


def test_a_clean_day_raises_no_alarm_and_the_three_sides_are_equal(books: Books) -> None:
    for _ in range(12):
        books.paid()
    for payment in Payment.objects.all()[:3]:
        books.refunded(payment)
    books.bill()
    run = books.run()
    assert (run.matched, run.differences) == (15, {})
    for what, fen in [("paid", 60000), ("refunded", 15000), ("net", 45000), ("count", 15)]:
        assert {run.totals[f"{side}_{what}"] for side in ("hospital", "platform", "channel")} == {fen}


def test_the_confusion_matrix_of_a_spoilt_day_is_diagonal(books: Books) -> None:
    """All faults in one day: recall 100 %, false alarms 0, each in its own class."""
    wanted: Counter[str] = Counter()
    for name, spoil in INJECTED:
        books.paid()
        before = set(ReconCase.objects.values_list("key", flat=True))
        spoil(books)
        wanted[name] += 1
        assert not before
    books.bill()
    run = books.run()
    assert run.differences == dict(wanted)
    assert run.matched == len(INJECTED) + 8  # the clean ones, and the sound half of what was spoilt


def test_the_same_file_and_the_same_run_again_change_nothing(books: Books) -> None:
    for _name, spoil in INJECTED:
        spoil(books)
    first, again = books.bill(), books.bill()
    assert first.pk == again.pk
    one, two = books.run(), books.run()
    assert one.digest == two.digest and one.differences == two.differences
    assert ReconCase.objects.count() == sum(one.differences.values())


def test_in_transit_is_matched_by_tomorrows_bill_and_otherwise_becomes_a_difference(books: Books) -> None:
    late, lost = (
        books.paid(books.moment(23, 59, 58), in_bill=False),
        books.paid(books.moment(23, 59, 59), in_bill=False),
    )
    books.paid()
    books.bill()
    assert books.run().differences == {"D6": 2}
    assert set(ReconCase.objects.values_list("status", flat=True)) == {CaseStatus.CARRIED}
    tomorrow = books.day + timedelta(days=1)
    row = books.pay_row(late, 交易时间=f"{tomorrow} 00:00:01")
    books.bill([row], tomorrow)
    assert books.run(tomorrow).differences == {"D6": 1}
    assert books.run().differences == {"D2": 1, "D6": 1}
    by_key = {case.key: (case.difference, case.status) for case in ReconCase.objects.all()}
    assert by_key[f"pay:{late.order.number}"] == ("D6", CaseStatus.DONE)
    assert by_key[f"pay:{lost.order.number}"] == ("D2", CaseStatus.OPEN)


def test_ours_and_what_differs_add_up_to_theirs(books: Books) -> None:
    for _name, spoil in INJECTED:
        spoil(books)
    books.bill()
    run = books.run()
    adjust = sum(
        (1 if case.key.startswith("pay") else -1)
        * ((case.channel_amount or 0) - ((_own_day(case, books) and case.platform) or 0))
        for case in ReconCase.objects.all()
    )
    assert run.totals["platform_net"] + adjust == run.totals["channel_net"]


def _own_day(case: ReconCase, books: Books) -> bool:
    """Does the platform count this row on this day?"""
    counted = case.key.startswith("pay") or case.evidence.get("p_status") == "succeeded"
    return counted and case.platform is not None


def test_a_case_is_proposed_by_one_and_approved_by_another(books: Books) -> None:
    only_hospital(books)
    books.bill([], books.day)
    books.run()
    case = ReconCase.objects.get()
    maker, checker = actor_of_person(books.house.cast.finance), actor_of_person(books.house.cast.second_finance)
    with pytest.raises(cases.NoAction):
        cases.case_propose(actor=maker, case_id=case.pk, action="explain", note=" ", at=books.house.at)
    cases.case_propose(actor=maker, case_id=case.pk, action="explain", note="渠道漏报，已致电", at=books.house.at)
    with pytest.raises(cases.SamePerson):
        cases.case_approve(actor=maker, case_id=case.pk, at=books.house.at)
    done = cases.case_approve(actor=checker, case_id=case.pk, at=books.house.at)
    assert (done.status, done.result) == (CaseStatus.DONE, "explained")


def test_asking_the_channel_posts_a_payment_that_was_missed(books: Books, bank: Bank) -> None:
    charge = books.house.owe(books.house.cast.wang_fang)
    order = services.order_prepare(books.house.order(charge).pk, at=books.house.at, payer_ip="10.0.0.1")
    bank.pays(order, tell=False)
    today = clock.business_day(books.house.at)
    books.bill(list(bank.sandbox.bill_rows(f"{today}")), today)
    assert books.run(today).differences == {"D1": 1}
    case = ReconCase.objects.get()
    assert case.reason == "order-known-payment-unknown"
    maker, checker = actor_of_person(books.house.cast.finance), actor_of_person(books.house.cast.second_finance)
    cases.case_propose(actor=maker, case_id=case.pk, action="query", note="", at=books.house.at)
    cases.case_approve(actor=checker, case_id=case.pk, at=books.house.at)
    charge.refresh_from_db()
    assert charge.status == "paid"
    assert books.run(today).differences == {}


def test_the_day_is_closed_by_two_people_and_only_when_everything_is_proposed(books: Books) -> None:
    maker, checker = actor_of_person(books.house.cast.finance), actor_of_person(books.house.cast.second_finance)
    only_hospital(books)
    with pytest.raises(closing.DayNotReady):  # no bill yet
        closing.day_close_propose(actor=maker, day=books.day, at=books.house.at)
    books.bill([], books.day)
    books.run()
    with pytest.raises(closing.DayNotReady):  # a difference is open
        closing.day_close_propose(actor=maker, day=books.day, at=books.house.at)
    case = ReconCase.objects.get()
    cases.case_propose(actor=maker, case_id=case.pk, action="explain", note="已致电", at=books.house.at)
    closing.day_close_propose(actor=maker, day=books.day, at=books.house.at)
    with pytest.raises(cases.SamePerson):
        closing.day_close_confirm(actor=maker, day=books.day, at=books.house.at)
    closing.day_close_confirm(actor=checker, day=books.day, at=books.house.at)
    assert DayClose.objects.get().confirmed_at is not None


def test_yesterdays_bill_is_fetched_from_ten_and_reconciled(house: House, bank: Bank) -> None:
    morning = clock.at_local(clock.business_day(house.at), time(9, 30))
    yesterday = clock.business_day(morning) - timedelta(days=1)
    bank.sandbox.store.run("INSERT INTO bill_days VALUES (?)", f"{yesterday}")
    assert bills_fetch(at=morning) == 0
    assert bills_fetch(at=morning + timedelta(hours=1)) == 1
    fetch = BillFetch.objects.get()
    assert fetch.no_bill and fetch.done_at is not None
    assert ReconRun.objects.get().day == yesterday
    assert bills_fetch(at=morning + timedelta(hours=2)) == 0


def test_a_missing_bill_becomes_an_alarm_in_the_evening(house: House, bank: Bank) -> None:
    evening = clock.at_local(clock.business_day(house.at), time(18, 30))
    bank.sandbox.break_at("bill", "refuse", times=9)
    assert bills_fetch(at=evening) == 1
    fetch = BillFetch.objects.get()
    assert fetch.alarmed_at == evening and fetch.last_error
    assert bills_fetch(at=evening) == 0  # not again before half an hour


def test_the_databases_own_plan_joins_a_large_day_quickly(books: Books) -> None:
    """A smoke of the SQL itself: it runs on an empty day without a file."""
    assert books.run(books.day - timedelta(days=100)).totals["channel_count"] == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_reconrun")
        assert cursor.fetchone() == (1,)
