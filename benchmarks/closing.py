"""Closing a day of a million ledger entries, and its daily report: how much dearer than the bare sums, and how much memory?

    .venv/bin/python -m benchmarks.closing [--entries 1000000] [--rounds 3]

Starts a PostgreSQL of its own (fsync on). Books of so many entries on one day, and as many again on the thirty days before
it: a payment is four entries (taken, settled), one in fifty was given back. The product closes the day with its two signatures
and makes its report, in a process of its own whose memory is read at its end. Beside it, turn by turn: the bare SQL of the same
sums, by account over the entries and by channel over the payments. The signed totals and the report must be what was planted.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from datetime import date
from typing import Any

from benchmarks.house import house_of_its_own, machine

DAY = date(2024, 5, 6)
SIDES = 4  # entries of a payment that settled its bill
REFUNDS = 50  # one payment in fifty was given back
ROLES = ("finance", "head")

# Set-wise and without triggers: filling isn't what is measured. The thirty days before come first, as they would.
FILL = """
SET session_replication_role = replica;
TRUNCATE billing_refund, billing_settlement, billing_payment, billing_payordercharge, billing_payorder, billing_charge, billing_entry,
  billing_journal, billing_ledgeraccount, billing_dayclose, billing_billfetch, billing_reconrun CASCADE;
INSERT INTO billing_ledgeraccount (code, name, side, channel, scene, insurer)
  SELECT 'channel.' || c, c, 'asset', c, '', '' FROM unnest(ARRAY['wechat', 'alipay', 'unionpay', 'cash']) c UNION ALL
  SELECT 'income.outpatient@' || n, 'x', 'income', '', 'outpatient', '' FROM generate_series(1, 40) n UNION ALL
  SELECT 'patient.money', 'x', 'liability', '', '', '';
CREATE TEMP TABLE paid AS SELECT n, 500 + n %% 20000 AS fen, (ARRAY['wechat', 'alipay', 'unionpay', 'cash'])[1 + n %% 4] AS channel,
  CASE WHEN n <= %(payments)s THEN %(day)s::date - 1 - (n * 30 / (%(payments)s + 1))::int ELSE %(day)s::date END AS day,
  ((CASE WHEN n <= %(payments)s THEN %(day)s::date - 1 - (n * 30 / (%(payments)s + 1))::int ELSE %(day)s::date END)::timestamp
   + interval '7 hours' + n %% 40000 * interval '1 second') AT TIME ZONE 'Asia/Shanghai' AS at
  FROM generate_series(1, 2 * %(payments)s) n;
INSERT INTO billing_charge (id, number, kind, subject_id, scene, patient_id, amount, refund_reserved, status, created_at)
  SELECT n, 'C' || n, 'billing.counter', n, 'outpatient', 1, fen, 0, 'paid', at FROM paid;
INSERT INTO billing_payorder (id, number, channel, method, amount, title, status, created_at, expires_at, prepared, attempts, last_error)
  SELECT n, 'P' || n, channel, 'h5', fen, 'x', 'paid', at, at, '{}', 0, '' FROM paid;
INSERT INTO billing_payment (id, order_id, channel, transaction_id, amount, success_at, recorded_at, source)
  SELECT n, n, channel, 'T' || n, fen, at, at, 'notice' FROM paid ORDER BY at, n;
INSERT INTO billing_settlement (id, payment_id, charge_id, amount, settled_at) SELECT n, n, n, fen, at FROM paid;
INSERT INTO billing_refund (id, number, key, payment_id, charge_id, settlement_id, amount, reason, status, requested_at, requested_by_service,
                            channel_refund_id, success_at, recorded_at, attempts, last_error)
  SELECT n, 'R' || n, n, n, n, n, fen, 'x', 'succeeded', at, 'x', 'X' || n, at, at, 0, '' FROM paid WHERE n %% %(refunds)s = 0;
INSERT INTO billing_journal (id, key, business_day, at, memo)
  SELECT 3 * n, 'payment:' || n, day, at, '' FROM paid UNION ALL SELECT 3 * n + 1, 'settlement:' || n, day, at, '' FROM paid UNION ALL
  SELECT 3 * n + 2, 'refund:' || n, day, at, '' FROM paid WHERE n %% %(refunds)s = 0 ORDER BY 1;
INSERT INTO billing_entry (journal_id, account_id, amount) SELECT journal, a.id, amount FROM (
  SELECT 3 * n AS journal, 'channel.' || channel AS code, fen AS amount FROM paid UNION ALL SELECT 3 * n, 'patient.money', -fen FROM paid
  UNION ALL SELECT 3 * n + 1, 'patient.money', fen FROM paid
  UNION ALL SELECT 3 * n + 1, 'income.outpatient@' || (1 + n %% 40), -fen FROM paid
  UNION ALL SELECT 3 * n + 2, 'channel.' || channel, -fen FROM paid WHERE n %% %(refunds)s = 0
  UNION ALL SELECT 3 * n + 2, 'income.outpatient@' || (1 + n %% 40), fen FROM paid WHERE n %% %(refunds)s = 0) e
  JOIN billing_ledgeraccount a USING (code) ORDER BY journal;
INSERT INTO billing_billfetch (channel, day, attempts, next_try_at, done_at, no_bill, last_error)
  SELECT c, %(day)s::date, 1, now(), now(), true, '' FROM unnest(ARRAY['wechat', 'alipay', 'unionpay', 'insurance']) c;
INSERT INTO billing_reconrun (channel, day, ran_at, matched, differences, totals, digest)
  SELECT channel, day, now(), 0, '{}', '{"channel_net": 0, "fee_e5": 0}', '' FROM billing_billfetch;
SET session_replication_role = origin;
DROP TABLE paid;
"""
TABLES = "billing_entry, billing_journal, billing_payment, billing_payorder, billing_charge, billing_settlement, billing_refund, billing_ledgeraccount"

BARE_BOOKS = """
SELECT e.account_id, sum(e.amount) FROM billing_entry e JOIN billing_journal j ON j.id = e.journal_id
WHERE j.business_day = %(day)s GROUP BY 1
"""
BARE_TILL = """
SELECT p.channel, c.scene, count(*), sum(s.amount) FROM billing_payment p JOIN billing_settlement s ON s.payment_id = p.id
JOIN billing_charge c ON c.id = s.charge_id WHERE p.recorded_at >= %(start)s AND p.recorded_at < %(end)s GROUP BY 1, 2
"""


def product() -> None:
    """Both signatures and the report, in this process; prints seconds, memory and what was summed."""
    import django

    django.setup()
    from billing.reporting.daily import daily_report
    from billing.services import closing
    from hospital.kit import clock
    from hospital.kit.actor import Actor, Role

    maker, checker = (
        Actor(account_id=number, roles=frozenset({role})) for number, role in enumerate([Role.FINANCE, Role.AUDITOR], 1)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    closing.day_close_propose(actor=maker, day=DAY, at=clock.now())
    close = closing.day_close_confirm(actor=checker, day=DAY, at=clock.now())
    closed = time.perf_counter()
    report = daily_report(maker, DAY, at=clock.now())
    done = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({
        "close_seconds": closed - started, "report_seconds": done - closed, "memory_mb": memory // 1024,
        "memory_more_mb": (memory - before) // 1024, "totals": close.totals, "net": report.total.net,
        "count": report.total.count, "ties": all(tie.in_books for tie in report.ties),
    }))  # fmt: skip


class Bench:
    def __init__(self, url: str, entries: int) -> None:
        import psycopg2

        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        self.payments = entries // SIDES
        self.run(FILL, {"day": f"{DAY}", "payments": self.payments, "refunds": REFUNDS})
        self.run(f"VACUUM ANALYZE {TABLES}")

    def run(self, statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def bare(self, statement: str) -> tuple[float, list[tuple[Any, ...]]]:
        values = {"day": DAY, "start": f"{DAY} 00:00+08", "end": f"{DAY} 24:00+08"}
        started = time.perf_counter()
        found = self.run(statement, values)
        return time.perf_counter() - started, found

    def product(self) -> dict[str, Any]:
        self.run("TRUNCATE billing_dayclose")
        command = [sys.executable, "-m", "benchmarks.closing", "--product"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        return dict(json.loads(done.stdout))


def measure(url: str, entries: int, rounds: int) -> dict[str, Any]:
    bench = Bench(url, entries)
    codes = dict(bench.run("SELECT id, code FROM billing_ledgeraccount"))
    books, tills, runs, right = [], [], [], True
    for _ in range(rounds):
        seconds, sums = bench.bare(BARE_BOOKS)
        books.append(seconds)
        seconds, till = bench.bare(BARE_TILL)
        tills.append(seconds)
        run = bench.product()
        runs.append(run)
        taken = sum(int(fen) for _channel, _scene, _count, fen in till)
        back = -sum(run["totals"][code] for code in run["totals"] if code.startswith("channel.")) + taken
        right &= (
            run["totals"] == {codes[pk]: int(fen) for pk, fen in sums} and run["ties"] and run["net"] == taken - back
        )
        right &= run["count"] == bench.payments
    close, report = (statistics.median(run[name] for run in runs) for name in ("close_seconds", "report_seconds"))
    return {
        "entries_of_the_day": bench.payments * SIDES, "payments_of_the_day": bench.payments,
        "close_seconds": round(close, 2), "report_seconds": round(report, 2),
        "bare_books_seconds": round(statistics.median(books), 2), "bare_till_seconds": round(statistics.median(tills), 2),
        "close_ratio": round(statistics.median(run["close_seconds"] / bare for run, bare in zip(runs, books, strict=True)), 2),
        "report_ratio": round(statistics.median(run["report_seconds"] / (one + two)
                                                for run, one, two in zip(runs, books, tills, strict=True)), 2),
        "microseconds_per_entry": round(close / (bench.payments * SIDES) * 1e6, 2),
        "memory_more_mb": max(run["memory_more_mb"] for run in runs), "client_memory_mb": max(run["memory_mb"] for run in runs),
        "sums_are_planted": right,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--product", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.product:
        product()
        return 0
    with house_of_its_own() as house:
        os.environ.update(house.env)
        url = house.postgres.url("hospital_cluster")
        sizes = [size for size in (10_000, 100_000) if size < options.entries]
        results = [measure(url, size, options.rounds) for size in [*sizes, options.entries]]
    print(json.dumps({"machine": machine(), "sizes": results}, ensure_ascii=False, indent=2))
    last = results[-1]
    good = all(one["sums_are_planted"] and one["memory_more_mb"] <= 20 for one in results)
    return 0 if good and last["close_ratio"] <= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
