"""From a channel's raw bill to classified cases: how much dearer than bare COPY + FULL JOIN, and how much memory?

    .venv/bin/python -m benchmarks.reconciliation [--rows 1000000] [--rounds 3]

Starts a PostgreSQL of its own (fsync on). A day of so many payments, orders and settlements, one in a thousand spoilt in
all ten classes; the bill is WeChat's own format in a file, plain, as large as it comes. The product imports it (checksum,
footer, bytes kept, lines durable) and reconciles it, in a process of its own whose memory is read at its end. Beside it,
turn by turn: bare COPY of the very same lines and a bare FULL JOIN of the three sides. What is found must be what was planted.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.house import house_of_its_own, machine

DAY = date(2024, 5, 6)
CLASSES = [f"D{number}" for number in range(1, 11)]
REFUNDS = 50  # one payment in fifty was given back

# A day of paid orders, set-wise and without triggers: filling isn't what is measured. Amounts from 5 to 205 yuan.
FILL = """
SET session_replication_role = replica;
TRUNCATE billing_refund, billing_settlement, billing_paymentsplit, billing_payment, billing_payordercharge, billing_payorder,
  billing_charge, billing_billline, billing_billpart, billing_billfile, billing_reconcase, billing_reconrun, billing_entry,
  billing_journal, billing_fundline, billing_bankcredit CASCADE;
INSERT INTO billing_charge (id, number, kind, subject_id, scene, patient_id, amount, refund_reserved, status, created_at)
  SELECT n, 'C' || n, 'billing.counter', n, 'outpatient', 1, 500 + n %% 20000, 0, 'paid', %(day)s::timestamptz FROM generate_series(1, %(rows)s) n;
INSERT INTO billing_payorder (id, number, channel, method, amount, title, status, created_at, expires_at, prepared, attempts, last_error)
  SELECT n, 'P20240506' || lpad(n::text, 10, '0'), 'wechat', 'h5', 500 + n %% 20000, 'x', 'paid', %(day)s::timestamptz,
         %(day)s::timestamptz, '{}', 0, '' FROM generate_series(1, %(rows)s) n;
INSERT INTO billing_payordercharge (order_id, charge_id, amount) SELECT n, n, 500 + n %% 20000 FROM generate_series(1, %(rows)s) n;
INSERT INTO billing_payment (id, order_id, channel, transaction_id, amount, success_at, recorded_at, source)
  SELECT n, n, CASE WHEN n = ANY(%(d9)s) THEN 'insurance' ELSE 'wechat' END, '42000024' || lpad(n::text, 20, '0'),
         500 + n %% 20000 + CASE WHEN n = ANY(%(d9)s) THEN 999 ELSE 0 END,
         %(day)s::timestamptz + interval '1 hour' + n %% 80000 * interval '1 second', %(day)s::timestamptz, 'notice'
  FROM generate_series(1, %(rows)s) n;
INSERT INTO billing_settlement (payment_id, charge_id, amount, settled_at)
  SELECT id, id, amount, CASE WHEN id = ANY(%(d6)s) THEN success_at + interval '1 day' ELSE success_at END
  FROM billing_payment WHERE id <> ALL(%(d3)s);
INSERT INTO billing_paymentsplit (payment_id, insurer, total, fund, personal, own_cash, other, cash_channel, cash_transaction_id, cash_at)
  SELECT id, '310', amount, 1000, 0, amount - 1000, 0, 'wechat', transaction_id, success_at FROM billing_payment WHERE id = ANY(%(d9)s);
INSERT INTO billing_refund (id, number, key, payment_id, charge_id, settlement_id, amount, reason, status, requested_at, requested_by_service,
                            channel_refund_id, success_at, recorded_at, attempts, last_error)
  SELECT p.id, 'R20240506' || lpad(p.id::text, 10, '0'), p.id, p.id, s.charge_id, s.id, p.amount, 'x', 'succeeded', p.success_at, 'x',
         '50300024' || lpad(p.id::text, 20, '0'), %(day)s::timestamptz + interval '23 hours', %(day)s::timestamptz + interval '23 hours', 0, ''
  FROM billing_payment p JOIN billing_settlement s ON s.payment_id = p.id WHERE p.id %% %(refunds)s = 0;
SET session_replication_role = origin;
"""
TABLES = "billing_payorder, billing_payment, billing_settlement, billing_refund, billing_payordercharge, billing_paymentsplit"

BARE_TABLES = """
DROP TABLE IF EXISTS bare_bill, bare_payment, bare_entry;
CREATE {unlogged} TABLE bare_bill (kind text, at timestamptz, merchant text, transaction_id text, order_no text, refund_no text,
  channel_refund_id text, status text, currency text, amount bigint, fee_e5 bigint, line_no integer);
CREATE TABLE bare_payment AS SELECT 'pay'::text AS kind, o.number AS order_no, p.id, p.amount FROM billing_payment p
  JOIN billing_payorder o ON o.id = p.order_id UNION ALL SELECT 'refund', r.number, r.id, r.amount FROM billing_refund r;
CREATE TABLE bare_entry AS SELECT 'pay'::text AS kind, payment_id, amount FROM billing_settlement UNION ALL
  SELECT 'refund', id, amount FROM billing_refund;
ANALYZE bare_payment, bare_entry;
"""
BARE_INDEX = "CREATE INDEX ON bare_bill (order_no); CREATE UNIQUE INDEX ON bare_bill (line_no);"
BARE_JOIN = """
SELECT count(*) FROM bare_bill b
FULL JOIN bare_payment p ON p.kind = b.kind AND p.order_no = CASE b.kind WHEN 'pay' THEN b.order_no ELSE b.refund_no END
FULL JOIN bare_entry e ON e.kind = p.kind AND e.payment_id = p.id
WHERE b.amount IS DISTINCT FROM p.amount OR p.amount IS DISTINCT FROM e.amount
"""


def planted(rows: int) -> dict[str, list[int]]:
    """Which payments are spoilt how: one in a thousand, every class alike, spread over the day; none was refunded."""
    each = max(1, rows // 1000 // len(CLASSES))
    places = [n for n in range(7, rows, max(1, rows // (each * len(CLASSES) * 2))) if n % REFUNDS]
    kinds = {name: places[at :: len(CLASSES)][:each] for at, name in enumerate(CLASSES)}
    kinds["D8"] = list(range(REFUNDS, rows + 1, REFUNDS))[:each]
    return kinds


def bill_lines(rows: int, spoilt: dict[str, list[int]], merchant: str) -> Iterator[list[str]]:
    """The bill as the channel would write it, as fields by the names of the product's own sandbox."""
    kind_of = {n: name for name, places in spoilt.items() for n in places}
    head = ["wx-bench", merchant, "0", ""]
    for n in range(1, rows + 1):
        kind = kind_of.get(n)
        fen = 500 + n % 20000
        seconds = 3600 + n % 80000
        at = f"2024-05-06 {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        order, trade = f"P20240506{n:010d}", f"42000024{n:020d}"
        fee = fen * 6  # hundred-thousandths of a yuan: 0.6 %
        paid = fen + 1 if kind == "D4" else fen
        state = "REVOKED" if kind == "D5" else "SUCCESS"
        if kind == "D10":
            fee += 5000

        def pay(order: str, trade: str, fen: int, fee: int, at: str = at, state: str = state) -> list[str]:
            yuan = f"{fen // 100}.{fen % 100:02d}"
            return [at, *head, trade, order, "o-bench-payer-000000000001", "JSAPI", state, "OTHERS", "CNY", yuan, "0.00", "0", "0",
                    "0.00", "0.00", "", "", "门诊缴费", "", f"{fee // 100000}.{fee % 100000:05d}", "0.60%", yuan, "0.00", ""]  # fmt: skip

        if kind == "D1":
            yield pay(f"POS{n:015d}", f"43000024{n:020d}", fen, fee)
        if kind != "D2":
            yield pay(order, trade, paid, fee)
        if kind == "D7":
            yield pay(order, f"44000024{n:020d}", fen, fee)
        if n % REFUNDS == 0:
            back = fen - 1 if kind == "D8" else fen
            yuan = f"{back // 100}.{back % 100:02d}"
            line = pay(order, trade, 0, 0, "2024-05-06 23:00:00", "REFUND")
            line[14:20] = [f"50300024{n:020d}", f"R20240506{n:010d}", yuan, "0.00", "ORIGINAL", "SUCCESS"]
            line[22], line[25] = f"-{fee // 100000}.{fee % 100000:05d}", yuan
            yield line


def write_bill(path: Path, tsv: Path, rows: int, spoilt: dict[str, list[int]], merchant: str) -> int:
    """The raw bill, and the same lines as bare COPY wants them; answers how many lines."""
    from billing.channels.wechat.sandbox.bills import ALL, SUMMARY

    count, sums = 0, dict.fromkeys([12, 16, 17, 22, 24, 25], 0)
    with path.open("w", encoding="utf-8", newline="") as out, tsv.open("w", encoding="utf-8") as bare:
        out.write("\ufeff" + ",".join(ALL) + "\r\n")
        for line in bill_lines(rows, spoilt, merchant):
            count += 1
            out.write("`" + ",`".join(line) + "\r\n")
            for place in sums:
                sums[place] += int(line[place].replace(".", ""))
            back = line[9] == "REFUND"
            fields = ["refund" if back else "pay", line[0] + "+08", line[2], line[5], line[6], line[15] if back else "",
                      line[14] if back else "", line[19] or line[9], line[11], (line[25] if back else line[24]).replace(".", ""),
                      line[22].replace(".", ""), str(count)]  # fmt: skip
            bare.write("\t".join(fields) + "\n")

        def yuan(value: int, places: int = 2) -> str:
            whole, rest = divmod(abs(value), 10**places)
            return f"{'-' if value < 0 else ''}{whole}.{rest:0{places}d}"

        out.write(",".join(SUMMARY) + "\r\n")
        figures = [
            str(count),
            yuan(sums[12]),
            yuan(sums[16]),
            yuan(sums[17]),
            yuan(sums[22], 5),
            yuan(sums[24]),
            yuan(sums[25]),
        ]
        out.write(",".join("`" + figure for figure in figures) + "\r\n")
    return count


def product(path: Path) -> None:
    """The product's own verbs, in this process; prints seconds, memory and what was found."""
    import django

    django.setup()
    from billing.services.bills import bill_import
    from billing.services.recon import recon_run
    from hospital.kit import clock
    from hospital.kit.actor import system

    robot = system("benchmarks.reconciliation")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with path.open("rb") as raw:
        file, _new = bill_import(actor=robot, channel="wechat", raw=raw, name=path.name, at=clock.now(), day=DAY)
    imported = time.perf_counter()
    run = recon_run(actor=robot, channel="wechat", day=DAY, at=clock.now(), file_id=file.pk)
    done = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({
        "seconds": done - started, "import_seconds": imported - started, "compare_seconds": done - imported,
        "memory_mb": memory // 1024, "memory_before_mb": before // 1024, "rows": file.row_count, "matched": run.matched,
        "differences": run.differences, "digest": run.digest,
    }))  # fmt: skip


class Bench:
    """A cluster with a filled day, and both ways of comparing it."""

    def __init__(self, url: str, folder: Path, rows: int) -> None:
        import psycopg2
        from django.conf import settings

        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        self.rows, self.bill, self.tsv = rows, folder / f"bill-{rows}.csv", folder / f"bill-{rows}.tsv"
        self.spoilt = planted(rows)
        self.lines = write_bill(self.bill, self.tsv, rows, self.spoilt, settings.WECHATPAY_MCHID)
        day = f"{DAY} 00:00:00+08"
        self.run(
            FILL,
            {
                "rows": rows,
                "day": day,
                "refunds": REFUNDS,
                **{name.lower(): places for name, places in self.spoilt.items()},
            },
        )
        self.run(f"VACUUM ANALYZE {TABLES}")

    def run(self, statement: str, values: dict[str, Any] | None = None) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone() if cursor.description else None

    def bare(self, *, unlogged: bool) -> float:
        """COPY and FULL JOIN, nothing else; logged and indexed as the product's lines are, or neither."""
        self.run(BARE_TABLES.format(unlogged="UNLOGGED" if unlogged else ""))
        if not unlogged:
            self.run(BARE_INDEX)
        self.run("CHECKPOINT")
        self.run("SET work_mem = '160MB'")
        started = time.perf_counter()
        with self.connection.cursor() as cursor, self.tsv.open("rb") as lines:
            cursor.copy_expert("COPY bare_bill FROM STDIN", lines)
        self.run(BARE_JOIN)
        return time.perf_counter() - started

    def product(self) -> dict[str, Any]:
        self.run("TRUNCATE billing_billline, billing_billpart, billing_billfile, billing_reconcase, billing_reconrun, billing_entry, "
                 "billing_journal CASCADE")  # fmt: skip
        self.run("CHECKPOINT")
        command = [sys.executable, "-m", "benchmarks.reconciliation", "--product", str(self.bill)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        return dict(json.loads(done.stdout))


def measure(url: str, folder: Path, rows: int, rounds: int) -> dict[str, Any]:
    bench = Bench(url, folder, rows)
    runs, logged, unlogged = [], [], []
    for _ in range(rounds):
        logged.append(bench.bare(unlogged=False))
        unlogged.append(bench.bare(unlogged=True))
        runs.append(bench.product())
    bench.run("DROP TABLE bare_bill, bare_payment, bare_entry")
    wanted = {name: len(places) for name, places in bench.spoilt.items()}
    seconds = statistics.median(run["seconds"] for run in runs)
    return {
        "rows": rows, "bill_lines": bench.lines, "bill_mb": bench.bill.stat().st_size >> 20,
        "seconds": round(seconds, 2), "import_seconds": round(statistics.median(run["import_seconds"] for run in runs), 2),
        "compare_seconds": round(statistics.median(run["compare_seconds"] for run in runs), 2),
        "bare_logged_indexed_seconds": round(statistics.median(logged), 2),
        "bare_unlogged_seconds": round(statistics.median(unlogged), 2),
        "ratio": round(statistics.median(run["seconds"] / bare for run, bare in zip(runs, logged, strict=True)), 2),
        "ratio_to_unlogged": round(statistics.median(run["seconds"] / bare for run, bare in zip(runs, unlogged, strict=True)), 2),
        "microseconds_per_line": round(seconds / bench.lines * 1e6, 2), "client_memory_mb": max(run["memory_mb"] for run in runs),
        "found_is_planted": all(run["differences"] == dict(sorted(wanted.items())) for run in runs),
        "same_digest": len({run["digest"] for run in runs}) == 1, "differences": runs[0]["differences"],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--product", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.product:
        product(options.product)
        return 0
    with house_of_its_own() as house, tempfile.TemporaryDirectory(dir=house.layout.var) as folder:
        os.environ.update(house.env)
        url = house.postgres.url("hospital_cluster")
        sizes = [size for size in (10_000, 100_000) if size < options.rows]
        results = [measure(url, Path(folder), size, options.rounds) for size in [*sizes, options.rows]]
    last = results[-1]
    linear = last["microseconds_per_line"] <= 1.25 * results[0]["microseconds_per_line"]
    print(json.dumps({"machine": machine(), "sizes": results, "linear": linear}, ensure_ascii=False, indent=2))
    good = all(one["found_is_planted"] and one["same_digest"] and one["client_memory_mb"] <= 400 for one in results)
    return 0 if good and last["ratio"] <= 2.5 and linear else 1


if __name__ == "__main__":
    sys.exit(main())
