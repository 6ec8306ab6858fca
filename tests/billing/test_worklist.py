"""The differences as a list to be worked off: a thousand of them, sieved, in pages, as a file, in words (PAY-05, G17)."""

import csv
import inspect
import io
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from billing import selectors
from billing.models import ReconCase
from billing.reporting import words
from billing.reporting.balance import SHOWN
from billing.reporting.sheets import csv_lines, xlsx_file
from billing.services import classes, credit
from billing.services.cases import case_propose
from billing.states import CaseStatus
from hospital.audit.models import Entry as AuditLine
from hospital.kit import clock
from tests.billing.books import INJECTED, Books
from tests.billing.conftest import House
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db

LIST = "/staff/finance/cases/"
FILE = "/staff/finance/cases/export/"
LIVE = ["=1+1", "+86 22", "-5", "@SUM(A1)", "\t=1", "\r=1"]


def found(house: House, numbers: range, **columns: Any) -> list[ReconCase]:
    day = clock.business_day(house.at) - timedelta(days=1)
    given: dict[str, Any] = {
        "channel": "wechat",
        "day": day,
        "difference": "D2",
        "reason": "not-in-bill",
        "platform": 5000,
    }
    return ReconCase.objects.bulk_create(
        ReconCase(
            **(given | columns), key=f"pay:P{number:04d}", evidence={"order_no": f"P{number:04d}"}, found_at=house.at
        )
        for number in numbers
    )


def looked(client: Client, url: str, **asked: Any) -> tuple[list[str], int]:
    """The numbers on a page in their order, and how many questions the page cost."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, asked)
    assert answer.status_code == 200
    return re.findall(r">(P\d{4})<", answer.content.decode()), len(queries)


def test_a_thousand_differences_are_walked_through_page_by_page_at_the_cost_of_ten(house: House) -> None:
    finance = client_for(house.cast.finance)
    found(house, range(60))
    finance.get(LIST)  # the first look fills what is remembered
    few, asked = looked(finance, LIST)
    found(house, range(60, 1037))
    seen: list[str] = []
    for page in range(1, 22):
        numbers, asked_of_many = looked(finance, LIST, page=page)
        assert asked_of_many == asked
        seen += numbers
    assert len(few) == 50 and seen == [f"P{number:04d}" for number in range(1037)]
    assert "1037" in finance.get(LIST).content.decode()


def test_the_days_page_costs_no_more_with_a_thousand_and_leads_to_all_of_them(house: House) -> None:
    """The first unfinished of each class are shown; what is worked off makes room for the next."""
    finance, day = client_for(house.cast.finance), clock.business_day(house.at) - timedelta(days=1)
    page = f"/staff/finance/?day={day}&channel=wechat"
    found(house, range(SHOWN))
    finance.get(page)
    few, asked = looked(finance, page)
    found(house, range(SHOWN, 1000))
    many, asked_of_many = looked(finance, page)
    assert few == many == [f"P{number:04d}" for number in range(SHOWN)] and asked == asked_of_many
    ReconCase.objects.filter(evidence__order_no__in=many[:6]).update(status=CaseStatus.DONE)
    assert looked(finance, page)[0] == [f"P{number:04d}" for number in range(6, SHOWN + 6)]
    leads = re.search(r'href="(/staff/finance/cases/\?[^"]+)"', finance.get(page).content.decode().split('id="D2"')[1])
    assert leads is not None
    assert "994" in finance.get(leads[1].replace("&amp;", "&")).content.decode()


def test_the_list_is_sieved_by_class_state_owner_and_age(house: House) -> None:
    finance, me = client_for(house.cast.finance), house.cast.finance.staff
    today = clock.business_day(house.at)
    found(house, range(1), difference="D1")
    found(house, range(1, 2), owner=me)
    found(house, range(2, 3), owner=house.cast.second_finance.staff, status=CaseStatus.PROPOSED)
    found(house, range(3, 4), status=CaseStatus.DONE)
    found(house, range(4, 5), day=today - timedelta(days=5), channel="alipay")
    found(house, range(5, 6), day=today - timedelta(days=40))

    def numbers(**asked: Any) -> list[int]:
        return [int(number[1:]) for number in looked(finance, LIST, **asked)[0]]

    assert numbers() == [5, 4, 0, 1, 2]  # what is open before what waits for approval, the oldest first
    assert numbers(state="all") == [5, 4, 0, 1, 2, 3]
    assert numbers(state="done") == [3] and numbers(state="proposed") == [2]
    assert numbers(difference="D1") == [0] and numbers(channel="alipay") == [4]
    assert numbers(owner="mine") == [1] and numbers(owner="nobody") == [5, 4, 0]
    assert numbers(owner=house.cast.second_finance.staff.pk) == [2]
    assert [numbers(age=age) for age in ("1", "3", "7", "8")] == [[0, 1, 2], [], [4], [5]]
    assert numbers(day=today - timedelta(days=5)) == [4] and numbers(day=today) == []
    for wrong in (
        {"state": "x"},
        {"difference": "D11"},
        {"owner": "4711"},
        {"age": "2"},
        {"day": "never"},
        {"channel": "cash"},
    ):
        assert finance.get(LIST, wrong).status_code == 404, wrong
        assert finance.get(FILE, wrong).status_code == 404, wrong


def test_the_daily_report_leads_to_the_differences_of_an_age(house: House) -> None:
    found(house, range(3), day=clock.business_day(house.at) - timedelta(days=40))
    page = client_for(house.cast.finance).get("/staff/finance/daily/").content.decode()
    assert re.search(r'cases/\?age=8">&gt;7</a></th><td class="num">3<', page)


def test_a_thousand_differences_leave_as_a_file_without_formulas(house: House) -> None:
    """What people type (notes) and what channels write (numbers) may look like a formula: it stays text."""
    finance = client_for(house.cast.finance)
    found(house, range(1030))
    for number, live in enumerate(LIVE):
        ReconCase.objects.filter(key=f"pay:P{number:04d}").update(note=live, result=live)
    with CaptureQueriesContext(connection) as queries:
        answer = finance.get(FILE, {"difference": "D2"})
        assert answer.streaming
        text = b"".join(answer.streaming_content).decode()
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert (
        text.startswith("\ufeff")
        and len(rows) == 1031
        and [row[5] for row in rows[1:]] == [f"P{n:04d}" for n in range(1030)]
    )
    assert not [
        cell
        for row in rows
        for cell in row
        if cell.lstrip()[:1] in set("=+-@") and not re.fullmatch(r"-?\d+\.\d\d", cell)
    ]
    assert [row[13] for row in rows[1:7]] == [f"'{live}" for live in LIVE]
    assert len(queries) < 25
    with zipfile.ZipFile(io.BytesIO(b"".join(finance.get(FILE, {"form": "xlsx"}).streaming_content))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 1031 and "<f>" not in sheet and '<c r="H2"><v>50</v></c>' in sheet
    assert finance.get(FILE, {"form": "exe"}).status_code == 404
    assert AuditLine.objects.filter(action="finance.export").count() == 2
    assert (
        client_for(house.cast.cashier).get(FILE).status_code
        == client_for(house.cast.cashier).get(LIST).status_code
        == 404
    )


def test_files_are_made_row_by_row() -> None:
    """Neither form asks for a second row before it wrote the first, so that a file of any length needs no memory."""
    made: list[int] = []

    def rows() -> Any:
        for number in range(3):
            made.append(number)
            yield [f"{number}"]

    lines = csv_lines(rows())
    assert (next(lines), made) == ("\ufeff0\r\n", [0]) and (next(lines), made) == ("1\r\n", [0, 1])
    with zipfile.ZipFile(xlsx_file([f"={number}"] for number in range(20_000))) as book:
        assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 20_000


def test_every_reason_has_its_words() -> None:
    """PAY-05: whatever the comparison finds is told in words, what it is and what helps."""
    source = inspect.getsource(classes) + inspect.getsource(credit)
    reasons = set(re.findall(r'Found\(\s*"D\d+",\s*"([a-z-]+)"', source))
    reasons |= set(re.findall(r'"((?:order-known|unknown|not|settled|split|own|flow)[a-z]*(?:-[a-z]+)+)"', source))
    reasons |= {f"split-{part}" for part in ("fund", "personal", "own-cash")} | {"currency", "amount", "own-part"}
    assert len(reasons) > 25
    assert {reason for reason in reasons if reason not in words.REASONS} == set()
    for reason in [*reasons, "bill-says-REVOKED", "here-processing"]:
        assert words.reason_title(reason) != reason and words.reason_explained(reason)


def test_each_injected_difference_is_told_in_words_with_the_three_sides(books: Books) -> None:
    for _name, spoil in INJECTED:
        spoil(books)
    books.bill()
    books.run()
    finance = client_for(books.house.cast.finance)
    cases = list(ReconCase.objects.order_by("pk"))
    assert len({case.difference for case in cases}) == 10
    for case in cases:
        page = finance.get(f"/staff/finance/cases/{case.pk}/").content.decode()
        assert escape(words.reason_title(case.reason)) in page and "{" not in page.split("<main")[1].split("</main")[0]
        assert f">{case.reason}<" not in page  # the raw code
        for title in words.evidence(case).titles:
            assert escape(title) in page
    for case in cases:  # what is proposed first can be done: a refund that isn't ours can't be sent again
        maker = actor_of_person(books.house.cast.finance)
        if case.status == CaseStatus.OPEN:
            propose = {"action": selectors.usual_action(case), "note": "已核实"}
            assert (
                case_propose(actor=maker, case_id=case.pk, at=books.house.at, **propose).status == CaseStatus.PROPOSED
            )
    fee = next(case for case in cases if case.reason == "fee")
    rows = {label: cells for label, *cells in words.evidence(fee).rows}
    assert [
        cell for cells in rows.values() for cell in cells if cell and "0.30" in cell and "¥" in cell
    ]  # 0.6 % of 50 yuan
    assert [cells for cells in rows.values() if cells[2] == "¥0.50"]


def test_the_next_difference_of_a_kind_is_one_step_away(house: House) -> None:
    first, second, third = found(house, range(3))
    finance = client_for(house.cast.finance)

    def following(case: ReconCase) -> list[str]:
        return re.findall(
            r'href="/staff/finance/cases/(\d+)/" rel="next"', finance.get(f"{LIST}{case.pk}/").content.decode()
        )

    assert following(first) == [f"{second.pk}"] and following(third) == [f"{first.pk}"]
    ReconCase.objects.exclude(pk=first.pk).update(status=CaseStatus.DONE)
    assert following(first) == [] and following(second) == [f"{first.pk}"]
