"""PAY-08, B7, IH-15, G17: the daily report ties to books and bank; the analysis tells no doctor's drugs; files are inert."""

import csv
import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from billing import services
from billing.models import DayClose
from billing.reporting import analysis, daily
from billing.reporting.balance import day_balance
from billing.reporting.sheets import csv_lines, xlsx_file
from billing.services import credit
from billing.services.payments import payment_take
from hospital.audit.models import Entry as AuditLine
from hospital.kit import clock
from hospital.kit.problems import NotFound
from tests.billing.books import INJECTED, ROBOT, Books
from tests.billing.conftest import House
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db

LIVE = ["=1+1", "+86 22", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1", '"=1', " =1", "=cmd|' /C calc'!A0", "\n=1"]


def office(books: Books) -> Any:
    return actor_of_person(books.house.cast.finance)


def test_the_daily_report_is_what_the_books_and_the_bank_say(books: Books) -> None:
    paid = [books.paid() for _ in range(4)]
    books.refunded(paid[0])
    books.bill()
    books.run()
    cash = books.house.order(
        books.house.owe(books.house.cast.wang_fang, at=books.moment()), channel="cash", at=books.moment()
    )
    with transaction.atomic():
        money = services.Money("CASH-1", 5000, books.moment(), "desk")
        payment_take(order_id=cash.pk, money=money, at=books.moment(), actor=ROBOT)
    credit.bank_credit_record(
        actor=office(books),
        channel="wechat",
        day=books.day,
        amount=14910,
        reference="B1",
        credited_on=books.day,
        at=books.house.at,
    )
    report = daily.daily_report(office(books), books.day, at=books.house.at)
    assert [(row.count, row.gross, row.refund, row.net, row.fee) for row in report.rows] == [
        (1, 5000, 0, 5000, 0), (4, 20000, 5000, 15000, 90),
    ]  # fmt: skip
    assert (report.total.gross, report.total.net) == (25000, 20000)
    ties = {tie.channel: tie for tie in report.ties}
    assert ties["wechat"].in_books and ties["wechat"].at_bank and ties["wechat"].owed == 14910
    assert ties["cash"].in_books and ties["cash"].owed is None


def test_money_that_settled_nothing_stands_in_the_report_as_owed_back(books: Books) -> None:
    when = books.moment()
    charge = books.house.owe(books.house.cast.wang_fang, at=when)
    for number, order in enumerate([books.house.order(charge, at=when), books.house.order(charge, at=when)]):
        with transaction.atomic():
            money = services.Money(f"4288{number}", order.amount, when, "query")
            payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)
    report = daily.daily_report(office(books), books.day, at=books.house.at)
    assert report.total.gross == 10000 and len(report.rows) == 2
    assert report.ties[0].in_books


def test_a_payment_that_settled_a_part_of_its_bills_stands_under_each_of_them_and_under_what_is_owed_back(
    books: Books,
) -> None:
    """Three bills by one payment, one of them cancelled before it came: three lines of it, to the fen."""
    when, person = books.moment(), books.house.cast.wang_fang
    bills = [books.house.owe(person, line, at=when) for line in (("REG-1", 1), ("LAB-1", 1), ("TRT-1", 1))]
    order = books.house.order(*bills, at=when)
    with transaction.atomic():
        services.charge_cancel(actor=actor_of_person(person), charge_id=bills[1].pk, at=when, reason="改约")
        money = services.Money("42880", order.amount, when, "query")
        payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)
    report = daily.daily_report(office(books), books.day, at=books.house.at)
    assert sorted((row.count, row.gross) for row in report.rows) == [(1, 2050), (2, 85000)]
    assert report.total.gross == order.amount == 87050 and report.ties[0].in_books


def test_the_balance_explains_every_fen_between_our_net_and_the_channels(books: Books) -> None:
    """Everything explained in one look: whatever was spoilt, what is left over is nothing."""
    for _name, spoil in INJECTED:
        books.paid()
        spoil(books)
    books.bill()
    books.run()
    found = day_balance(office(books), books.day, "wechat", at=books.house.at)
    assert found.platform_net != found.channel_net and len(found.bridge) == 10
    assert found.unexplained == 0


def test_what_the_finance_office_sees_only_the_finance_office_sees(books: Books) -> None:
    for person in (books.house.cast.cashier, books.house.cast.doctor_li, books.house.cast.auditor):
        actor = actor_of_person(person)
        with pytest.raises(NotFound):
            daily.daily_report(actor, books.day, at=books.house.at)
        with pytest.raises(NotFound):
            analysis.analysis(actor, "doctor", books.day, books.day, at=books.house.at)


def test_the_analysis_groups_the_same_money_four_ways(books: Books) -> None:
    paid = [books.paid() for _ in range(3)]
    books.refunded(paid[0])
    for way in analysis.WAYS:
        found = analysis.analysis(office(books), way, books.day, books.day, at=books.house.at)
        assert (found.total.gross, found.total.refund, found.total.net) == (15000, 5000, 10000), way
        assert found.lines
    assert AuditLine.objects.filter(action="finance.analysis").count() == len(analysis.WAYS)
    with pytest.raises(analysis.PeriodTooLong):
        analysis.analysis(office(books), "item", books.day - timedelta(days=400), books.day, at=books.house.at)


def test_no_way_groups_drugs_by_doctor(books: Books) -> None:
    """IH-15: the analysis knows doctors and knows items, and has no way that joins them, on the page or in the file."""
    assert set(analysis.WAYS) == {"channel", "department", "item", "doctor"}
    client = client_for(books.house.cast.finance)
    for by in ("doctor,item", "doctor-item", "drug", "item&doctor=1"):
        assert client.get("/staff/finance/analysis/", {"by": by}).status_code == 404
        assert client.get("/staff/finance/analysis/export/", {"by": by}).status_code == 404
    assert "IH-15" in client.get("/staff/finance/analysis/", {"by": "doctor"}).content.decode()


def test_the_pages_and_their_files_open_for_finance(books: Books) -> None:
    books.refunded(books.paid())
    books.paid()
    books.bill()
    books.run()
    client, day = client_for(books.house.cast.finance), f"{books.day}"
    for url in ("/staff/finance/", "/staff/finance/daily/"):
        page = client.get(url, {"day": day})
        assert page.status_code == 200 and "¥50.00" in page.content.decode()
    page = client.get("/staff/finance/analysis/", {"by": "item", "first": day, "last": day}).content.decode()
    assert "<svg" in page and "主任医师挂号费" in page
    assert client.get("/staff/finance/analysis/", {"first": "2020-01-01", "last": day}).status_code == 422
    for form in ("csv", "xlsx"):
        for url in (
            f"/staff/finance/daily/export/?day={day}",
            f"/staff/finance/analysis/export/?by=item&first={day}&last={day}",
        ):
            answer = client.get(f"{url}&form={form}")
            assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    assert client.get(f"/staff/finance/daily/export/?day={day}&form=exe").status_code == 404
    assert AuditLine.objects.filter(action="finance.export").count() == 4


def test_the_bank_is_recorded_and_a_day_is_closed_and_opened_again_by_finance_and_auditor_pay_07(books: Books) -> None:
    books.paid()
    books.bill()
    books.run()
    maker, colleague = client_for(books.house.cast.finance), client_for(books.house.cast.second_finance)
    auditor = client_for(books.house.cast.auditor)
    day = f"{books.day}"
    given = {"day": day, "channel": "wechat", "amount": "49.70", "reference": "B-1", "credited_on": day}
    assert maker.post("/staff/finance/credit/", given).status_code == 302
    assert maker.post("/staff/finance/credit/", given).status_code == 409
    assert maker.post("/staff/finance/credit/", given | {"amount": "x"}).status_code == 422
    assert "B-1" in maker.get("/staff/finance/", {"day": day}).content.decode()
    maker.post("/staff/finance/close/", {"day": day})
    for other in (maker, colleague):
        other.post("/staff/finance/close/", {"day": day, "step": "confirm"})
        assert other.post("/staff/finance/days/sign/", {"day": day, "step": "close"}).status_code == 404
    assert DayClose.objects.get().confirmed_at is None, "two people of the finance office are one role"
    waits = auditor.get("/staff/finance/days/").content.decode()
    assert books.house.cast.finance.name in waits and "50.00" in waits, "who signed first, and what is signed"
    assert "等待审计" in maker.get("/staff/finance/", {"day": day}).content.decode()
    assert auditor.post("/staff/finance/days/sign/", {"day": day, "step": "close"}).status_code == 302
    assert DayClose.objects.get().confirmed_by_account_id == books.house.cast.auditor.account.pk
    assert "50.00" not in auditor.get("/staff/finance/days/").content.decode()
    maker.post("/staff/finance/reopen/", {"day": day, "reason": "渠道更正了账单"})
    assert "渠道更正了账单" in auditor.get("/staff/finance/days/").content.decode()
    assert auditor.post("/staff/finance/days/sign/", {"day": day, "step": "reopen"}).status_code == 302
    assert DayClose.objects.get().reopened_at is not None
    assert auditor.post("/staff/finance/days/sign/", {"day": day, "step": "reopen"}).status_code == 409


def test_a_difference_may_be_booked_as_suspense_with_its_day(house: House, books: Books) -> None:
    from billing.models import Entry, Journal, ReconCase
    from billing.services import cases

    books.rows.append(books.pay_row(books.paid(in_bill=False), 订单金额="50.01", 应结订单金额="50.01"))
    books.bill()
    books.run()
    case = ReconCase.objects.get(difference="D4")
    maker, checker = actor_of_person(house.cast.finance), actor_of_person(house.cast.second_finance)
    cases.case_propose(actor=maker, case_id=case.pk, action="book", note="多收一分", at=house.at)
    done = cases.case_approve(actor=checker, case_id=case.pk, at=house.at)
    journal = Journal.objects.get(key=f"case:{case.pk}")
    assert "¥0.01" in done.result and journal.about_day == books.day
    assert Entry.objects.get(journal=journal, account__code="suspense").amount == -1
    assert clock.business_day(house.at) == journal.business_day


@pytest.mark.parametrize("text", LIVE)
def test_no_cell_of_a_file_starts_a_formula(text: str) -> None:
    cell = next(csv.reader(io.StringIO("".join(csv_lines([[text]])).removeprefix("\ufeff"), newline="")))[0]
    assert cell.startswith("'")
    with zipfile.ZipFile(xlsx_file([[text, 12, Decimal("-5.00")]])) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert (
        "<f>" not in sheet
        and 't="inlineStr"' in sheet
        and '<c r="B1"><v>12</v></c>' in sheet
        and "<v>-5.00</v>" in sheet
    )
