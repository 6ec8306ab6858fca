"""PAY-03..PAY-07, G08: every difference is found and named once; no false alarm; the same data, the same result."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing import services
from billing.models import (
    BillFetch,
    DayClose,
    Payment,
    ReconCase,
    ReconRun,
)
from billing.services import cases, closing, recon, recon_sql
from billing.services.bills import bills_fetch
from billing.services.recon import recon_again
from billing.states import CaseStatus
from hospital.kit import clock
from hospital.kit.actor import Role
from hospital.kit.problems import NotFound
from tests.billing.books import INJECTED, ROBOT, Books, only_hospital
from tests.billing.conftest import Bank, House
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db


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
    assert done.status == CaseStatus.DONE and done.result


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


def test_the_day_is_closed_by_two_roles_and_only_when_everything_is_proposed_pay_07(books: Books) -> None:
    cast = books.house.cast
    maker, checker = actor_of_person(cast.finance), actor_of_person(cast.auditor)
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
    again = closing.day_close_propose(actor=actor_of_person(cast.second_finance), day=books.day, at=books.house.at)
    assert again.closed_by_account_id == cast.finance.account.pk, "the first signature stays the first"
    both = replace(checker, roles=checker.roles | {Role.FINANCE})
    for person in (maker, actor_of_person(cast.second_finance), actor_of_person(cast.head), both):
        with pytest.raises(NotFound):  # two people of one role are not two roles
            closing.day_close_confirm(actor=person, day=books.day, at=books.house.at)
    moved = replace(checker, account_id=maker.account_id)
    with pytest.raises(cases.SamePerson):  # nor is one person who changed roles two people
        closing.day_close_confirm(actor=moved, day=books.day, at=books.house.at)
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


def test_a_day_is_not_compared_before_its_bill_is_here_pay_06(books: Books) -> None:
    books.paid()
    finance = client_for(books.house.cast.finance)
    with pytest.raises(recon.BillAwaited):
        books.run()
    with pytest.raises(CommandError, match=str(recon.BillAwaited.title)):
        call_command("reconcile", "--date", str(books.day))
    page = finance.post("/staff/finance/run/", {"day": str(books.day), "channel": "wechat"}, follow=True)
    assert page.status_code == 200 and str(recon.BillAwaited.title) in page.content.decode()
    assert not ReconCase.objects.exists() and not ReconRun.objects.exists(), "nothing to compare with is no difference"
    books.bill()
    assert books.run().differences == {}


def test_a_missing_bill_becomes_an_alarm_in_the_evening(house: House, bank: Bank) -> None:
    evening = clock.at_local(clock.business_day(house.at), time(18, 30))
    bank.sandbox.break_at("bill", "refuse", times=9)
    assert bills_fetch(at=evening) == 1
    fetch = BillFetch.objects.get()
    assert fetch.alarmed_at == evening and fetch.last_error
    assert bills_fetch(at=evening) == 0  # not again before half an hour


def test_what_the_wide_comparison_counts_is_what_the_classes_say(books: Books) -> None:
    """The SQL that counts what plainly agrees, and the rules in Python, say the same of every row."""
    for _name, spoil in INJECTED:
        spoil(books)
    for _ in range(6):
        books.refunded(books.paid())
    books.bill()
    values: dict[str, Any] = {}

    def spy(given: dict[str, Any]) -> tuple[int, dict[str, int]]:
        values.update(given)
        return prepare(given)

    prepare = recon_sql.prepare
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recon_sql, "prepare", spy)
        short = books.run()
        # And now every key is looked at with all its evidence.
        patch.setattr(recon_sql, "_KEYS", recon_sql._KEYS.replace(f"({recon_sql._AGREES}) IS NOT TRUE", "true"))
        whole = books.run()
    assert values["channel"] == "wechat"
    assert (short.matched, short.differences, short.digest) == (whole.matched, whole.differences, whole.digest)


def test_in_transit_is_looked_at_again_every_night_by_itself(books: Books) -> None:
    """PAY-05 D6: tomorrow's comparison decides about yesterday's carried movements without anybody's command."""
    late = books.paid(books.moment(23, 59, 59), in_bill=False)
    books.bill()
    assert books.run().differences == {"D6": 1}
    tomorrow = books.day + timedelta(days=1)
    books.bill([], tomorrow)
    recon_again(actor=ROBOT, channel="wechat", day=tomorrow, at=books.house.at)
    case = ReconCase.objects.get(key=f"pay:{late.order.number}")
    assert (case.difference, case.status) == ("D2", CaseStatus.OPEN)


def test_the_databases_own_plan_joins_a_large_day_quickly(books: Books) -> None:
    """A smoke of the SQL itself: it runs on an empty day of which the channel says that it has no bill."""
    day = books.day - timedelta(days=100)
    BillFetch.objects.create(channel="wechat", day=day, next_try_at=books.house.at, no_bill=True)
    assert books.run(day).totals["channel_count"] == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_reconrun")
        assert cursor.fetchone() == (1,)


def test_a_case_is_taken_taken_over_and_still_needs_a_second_person(books: Books) -> None:
    """PAY-05: who works on it is seen by all; owning a case lets nobody approve what they proposed."""
    only_hospital(books)
    books.bill()
    books.run()
    case, page = ReconCase.objects.get(), "/staff/finance/cases/{}/"
    first, second = (client_for(person) for person in (books.house.cast.finance, books.house.cast.second_finance))
    assert first.post(page.format(case.pk) + "take/").status_code == 302
    assert books.house.cast.finance.name in second.get(page.format(case.pk)).content.decode()
    second.post(page.format(case.pk) + "take/")
    case.refresh_from_db()
    assert case.owner == books.house.cast.second_finance.staff
    second.post(page.format(case.pk) + "propose/", {"action": "explain", "note": "已致电微信"})
    assert second.post(page.format(case.pk) + "decide/", {"decision": "approve"}).status_code == 409
    first.post(page.format(case.pk) + "take/")  # a colleague takes it over, and may approve
    assert first.post(page.format(case.pk) + "decide/", {"decision": "approve"}).status_code == 302
    case.refresh_from_db()
    assert case.status == CaseStatus.DONE and case.proposed_by_account_id != case.approved_by_account_id
    assert first.post(page.format(case.pk) + "take/").status_code == 409
