"""PAY-06: a bill read by columns is what it is line by line and value by value; HYPOTHESIS_PROFILE=large tries 5,000 damages."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.channels.wechat import bill
from billing.channels.wechat.sandbox import bills as wire
from hospital.kit import invariants
from tests.billing.books import Books, listed_twice

LARGE = os.environ.get("HYPOTHESIS_PROFILE") == "large"
TRIED = settings(max_examples=5000 if LARGE else 150, deadline=None, derandomize=not LARGE)


def rows(count: int) -> list[dict[str, str]]:
    """Payments, refunds and what was revoked, as WeChat writes them."""
    made = []
    for number in range(count):
        order = {
            "number": f"P2026{number:08d}", "transaction_id": f"4200{number:08d}", "paid_total": 1000 + number * 7,
            "success_at": 1_790_000_000 + number * 11, "trade_type": "MWEB", "openid": "o", "description": "挂号费", "attach": "a\\b",
        }  # fmt: skip
        made.append(wire.pay_row(order, appid="wx", mchid="19"))
        if number % 4 == 0:
            refund = {"number": f"R2026{number:08d}", "refund_id": f"503{number}", "amount": 500 + number, "created_at": 1_790_000_900,
                      "success_at": 1_790_000_900, "status": "SUCCESS"}  # fmt: skip
            made.append(wire.refund_row(refund, order, appid="wx", mchid="19"))
        if number % 9 == 0:
            made[-1] |= {"交易状态": "REVOKED"}
    return made


WHOLE = wire.render(rows(12))
LINES = WHOLE.split(b"\r\n")
SCRAPS = [
    b"`", b",", b",`", b"\n", b"\r\n", b"\r", b"\t", b"\\", b"0.015", b"-0.01", b"1", b"1e3", b"", b"0.00", b"SUCCESS", b"REFUND", b"\xff",
    b"\0", b" ", "：".encode(), b"2026-02-30 00:00:00", b"2026-09-21 24:00:00", b"99999999999999999.00", "总交易单数".encode(),
]  # fmt: skip


def outcome(raw: bytes) -> Any:
    try:
        read = bill.parse(raw)
    except bill.BillRefused as refusal:
        return refusal.reason
    return [(*row[:9], int(row[9]), int(row[10]), row[11]) for row in read.rows], read.totals


def slowly(raw: bytes) -> Any:
    """The same file with every short cut closed: line by line, each value by itself."""

    def closed(*_given: Any) -> None:
        return None

    class Never:
        fullmatch: Callable[[bytes], None] = staticmethod(closed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bill.TradeBill, "_cut", closed)
        patch.setattr(bill, "FEN", bill.Reads(Never(), bill.FEN.one))  # type: ignore[arg-type]
        patch.setattr(bill, "E5", bill.Reads(Never(), bill.E5.one))  # type: ignore[arg-type]
        patch.setattr(bill, "_MOMENTS", Never())
        return outcome(raw)


def test_a_bill_as_wechat_writes_it_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = slowly(WHOLE)
    monkeypatch.setattr(bill.TradeBill, "_read", None)
    assert outcome(WHOLE) == wanted and len(wanted[0]) == 15


@TRIED
@given(place=st.integers(0, len(WHOLE) - 1), gone=st.integers(0, 12), scrap=st.sampled_from(SCRAPS))
def test_a_damaged_bill_is_answered_alike_by_columns_and_by_lines(place: int, gone: int, scrap: bytes) -> None:
    raw = WHOLE[:place] + scrap + WHOLE[place + gone :]
    assert outcome(raw) == slowly(raw)


@TRIED
@given(
    line=st.integers(1, len(LINES) - 4), column=st.integers(0, 26), scrap=st.sampled_from(SCRAPS), ticked=st.booleans()
)
def test_a_damaged_value_is_answered_alike_by_columns_and_by_lines(
    line: int, column: int, scrap: bytes, ticked: bool
) -> None:
    fields = LINES[line].split(b",")
    fields[column] = (b"`" if ticked else b"") + scrap
    raw = b"\r\n".join([*LINES[:line], b",".join(fields), *LINES[line + 1 :]])
    assert outcome(raw) == slowly(raw)


def test_a_bad_value_far_into_the_file_is_named_by_its_line() -> None:
    """The file is read in many blocks; the line is the file's."""
    many = wire.render(rows(3000)).replace(b"`P202600002900,`o", b"`P202600002900\t,`o").split(b"\r\n")
    many[3456] = many[3456].replace(b"-", b"/", 1)
    assert outcome(b"\r\n".join(many)).startswith("line 3457: '2026/")


@pytest.mark.django_db
def test_lines_listed_twice_are_searched_for_only_when_the_counts_say_so(books: Books) -> None:
    for _ in range(3):
        books.refunded(books.paid())
    books.bill()
    with CaptureQueriesContext(
        connection,
    ) as quick:
        assert books.run().differences == {}
    listed_twice(books)
    books.bill()
    with CaptureQueriesContext(connection) as thorough:
        assert books.run().differences == {"D5": 1}
    searched = [
        any("HAVING count(*) > 1)" in query["sql"] for query in run.captured_queries) for run in (quick, thorough)
    ]
    assert searched == [False, True]


@pytest.mark.django_db
def test_what_was_settled_today_counts_today_whenever_it_was_paid(books: Books) -> None:
    """Payments before, between and after those of the day: by the channel's clock another day's, by the hospital's today's."""
    yesterday, today = books.moment(12, days=-1), books.moment()
    for paid_at in (yesterday, today, yesterday, today, yesterday):
        books.paid(paid_at, settled=today, in_bill=paid_at == today)
    books.paid(today, settled=today + timedelta(days=1))
    books.bill()
    run = books.run()
    assert (run.totals["hospital_count"], run.totals["hospital_paid"]) == (5, 25000)
    assert (run.totals["platform_count"], run.totals["channel_count"]) == (3, 3)


@pytest.mark.django_db
def test_a_line_without_its_file_is_found() -> None:
    truth = next(one for one in invariants.registered() if one.name == "billing.bill_lines_have_their_file")
    assert invariants.offenders(truth) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_fundline (file_id, line_no, at, business_no, order_no, flow_no, business, amount, balance) "
            "VALUES (999999, 2, now(), '', '', '', '', 1, 1)"
        )
    assert invariants.offenders(truth) == [("billing_fundline", 999999)]
