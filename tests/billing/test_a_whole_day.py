"""G08: a day of ten thousand movements with three of each fault, found and named: the confusion matrix is diagonal."""

from collections import Counter

import pytest
from django.db import connection, transaction

from billing.models import PayOrder, ReconCase
from tests.billing.books import INJECTED, Books

pytestmark = pytest.mark.django_db

ROWS, EACH = 10_000, 3

FILLED = ["billing_charge", "billing_payorder", "billing_payordercharge", "billing_payment", "billing_settlement"]
# Paid and settled as the verbs would leave it, set-wise: filling isn't what is tried here.
_FILL = """
WITH n AS (SELECT generate_series(1, %(rows)s) AS n, nextval('billing_number') AS number),
c AS (INSERT INTO billing_charge (number, kind, subject_id, scene, patient_id, amount, refund_reserved, status, created_at, paid_at)
  SELECT 'B' || number, 'tests.thing', 1000000 + n, 'registration', %(patient)s, 5000, 0, 'paid', %(at)s, %(at)s FROM n RETURNING id, number),
o AS (INSERT INTO billing_payorder (number, channel, method, amount, title, status, created_at, expires_at, prepared, attempts, last_error)
  SELECT 'P' || substr(number, 2), 'wechat', 'h5', 5000, 'x', 'paid', %(at)s, %(at)s, '{}', 0, '' FROM c RETURNING id, number),
b AS (INSERT INTO billing_payordercharge (order_id, charge_id, amount)
  SELECT o.id, c.id, 5000 FROM c JOIN o ON substr(o.number, 2) = substr(c.number, 2) RETURNING order_id, charge_id),
p AS (INSERT INTO billing_payment (order_id, channel, transaction_id, amount, success_at, recorded_at, source)
  SELECT id, 'wechat', '42100' || number, 5000, %(at)s, %(at)s, 'notice' FROM o RETURNING id, order_id)
INSERT INTO billing_settlement (payment_id, charge_id, amount, settled_at)
SELECT p.id, b.charge_id, 5000, %(at)s FROM p JOIN b ON b.order_id = p.order_id
"""


def test_ten_thousand_rows_and_every_fault_in_its_own_class(books: Books) -> None:
    noon = books.moment(12)
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"rows": ROWS, "patient": books.house.cast.wang_fang.patient_id, "at": noon})
        # Ours, and until the end: what autovacuum counts meanwhile would be empty tables, nothing being committed.
        cursor.execute(f"ANALYZE {', '.join(FILLED)}")
    plain = PayOrder.objects.filter(number__startswith="P", parts__charge__subject_id__gt=1_000_000)
    sample = books.pay_row(books.paid())
    bulk = [
        sample | {"商户订单号": number, "微信订单号": f"42100{number}"}
        for number in plain.values_list("number", flat=True)
    ]
    assert len(bulk) == ROWS
    culprit: dict[str, tuple[str, str]] = {}  # a number that a fault touched -> its class and name
    for turn in range(EACH):
        for wanted, spoil in INJECTED:
            rows, newest = len(books.rows), PayOrder.objects.latest("pk").pk
            spoil(books)
            touched = {row["商户订单号"] for row in books.rows[rows:]}
            touched |= set(PayOrder.objects.filter(pk__gt=newest).values_list("number", flat=True))
            assert not touched & set(culprit), f"{spoil.__name__} {turn} meets another fault"
            culprit |= dict.fromkeys(touched, (wanted, f"{spoil.__name__} {turn}"))
    books.bill([*books.rows[: len(books.rows) // 2], *bulk, *books.rows[len(books.rows) // 2 :]])
    run = books.run()
    matrix: Counter[tuple[str, str]] = Counter()
    found: Counter[str] = Counter()
    for case in ReconCase.objects.all():
        wanted, name = culprit[case.evidence["order_no"]]  # a KeyError is a false alarm
        matrix[wanted, case.difference] += 1
        found[name] += 1
    assert set(found) == {name for _wanted, name in culprit.values()} and set(found.values()) == {
        1
    }  # each once: recall 100 %
    assert {wanted for wanted, said in matrix if wanted != said} == set(), matrix
    assert len({wanted for wanted, _said in matrix}) == 10 and sum(matrix.values()) == EACH * len(INJECTED)
    assert run.matched > ROWS and books.run().digest == run.digest


def test_no_belief_of_the_planner_makes_it_go_through_every_pair(books: Books) -> None:
    """Statistics taken while a day is being loaded say that tables are empty; with them hours were lost in nested loops."""
    keys, rows = 300, 3000
    paid = books.paid()
    with connection.cursor() as cursor:
        # Twins for this transaction: what the planner is made to believe of them ends with it.
        for table in [*FILLED, "billing_billline"]:
            cursor.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING ALL) ON COMMIT DROP")
        values = {"rows": rows, "patient": books.house.cast.wang_fang.patient_id, "at": books.moment(12)}
        with pytest.raises(RuntimeError), transaction.atomic():
            cursor.execute(_FILL, values)
            raise RuntimeError("taken back")
        cursor.execute(f"ANALYZE {', '.join(FILLED)}")
        cursor.execute("SELECT sum(reltuples) FROM pg_class WHERE oid = ANY (%s::regclass[])", [FILLED])
        assert cursor.fetchone() == (0,)
        cursor.execute(_FILL, values)
    orders = PayOrder.objects.order_by("pk").values_list("number", flat=True)
    sample = books.pay_row(paid)
    books.bill(
        [sample | {"商户订单号": number, "微信订单号": f"42100{number}"} for number in orders[keys:]]
        + [sample | {"商户订单号": number, "微信订单号": "another"} for number in orders[:keys]]
    )
    run = books.run()
    assert run.matched == rows - keys and sum(run.differences.values()) == keys
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relid = ANY (%s::regclass[])",
            [FILLED],
        )
        read = dict(cursor.fetchall())
    assert {table: times for table, times in read.items() if times > 10 * rows} == {}
