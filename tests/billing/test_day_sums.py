"""PAY-07, PAY-08: a day of the books is found by an index, and what points back to a closed day counts on it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from billing.models import LedgerAccount
from billing.services.closing import day_totals
from billing.services.ledger import journal_post, moved_by_payers
from hospital.kit import clock
from tests.billing.conftest import House

pytestmark = pytest.mark.django_db

# What the daily report and the analysis ask of a day, and the index that answers it (G-1: years of other days stay unread).
ASKED = [
    ("billing_payment_booked", "SELECT 1 FROM billing_payment WHERE recorded_at >= %(start)s AND recorded_at < %(end)s"),
    ("billing_refund_booked", "SELECT 1 FROM billing_refund WHERE status = 'succeeded' AND recorded_at >= %(start)s AND recorded_at < %(end)s"),
    ("billing_settlement_day", "SELECT 1 FROM billing_settlement WHERE settled_at >= %(start)s AND settled_at < %(end)s"),
    ("billing_journal_about", "SELECT 1 FROM billing_journal WHERE about_day = %(day)s"),
    ("billing_journal_day", "SELECT 1 FROM billing_journal WHERE business_day = %(day)s"),
    ("billing_case_unfinished", "SELECT day, count(*) FROM billing_reconcase WHERE NOT status = 'done' GROUP BY day"),
]  # fmt: skip


@pytest.mark.parametrize(("index", "asked"), ASKED)
def test_a_day_of_the_books_is_found_by_its_index(index: str, asked: str) -> None:
    day = clock.today()
    start, end = clock.day_bounds(day)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # empty tables are read whole otherwise
        cursor.execute(f"EXPLAIN {asked}", {"start": start, "end": end, "day": day})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan


def test_what_points_back_to_a_day_counts_on_it_and_not_on_the_day_of_its_posting(house: House) -> None:
    today = clock.business_day(house.at)
    day = today - timedelta(days=3)
    with transaction.atomic():
        for key, fen, about in [
            ("payment:1", 700, None),
            ("payment:2", 40, day),
            ("fee:wechat", 5, day),
            ("refund:3", -1, day),
        ]:
            journal_post(key=key, at=house.at, amounts={"channel.wechat": fen, "patient.money": -fen}, about_day=about)
    assert moved_by_payers(day) == {"channel.wechat": 39, "patient.money": -39}
    assert moved_by_payers(today) == {"channel.wechat": 700, "patient.money": -700}
    assert day_totals(today) == {"channel.wechat": 744, "patient.money": -744} and day_totals(day) == {}
    assert list(day_totals(today)) == sorted(LedgerAccount.objects.values_list("code", flat=True))
