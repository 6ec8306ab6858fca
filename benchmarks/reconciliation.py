"""How long a day of 10,000 payments takes: import of the bill, comparison, and the differences found (G08).

    python -m benchmarks.reconciliation [rows]

Everything happens in one transaction that is rolled back. The pass line of G08 is 60 seconds for 10,000 rows.
"""

import os
import sys
import time
from datetime import date

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.db import connection, transaction  # noqa: E402 - after django.setup()

from billing.channels.wechat.sandbox import bills as wire  # noqa: E402 - after django.setup()
from billing.services.bills import bill_import  # noqa: E402 - after django.setup()
from billing.services.recon import recon_run  # noqa: E402 - after django.setup()
from hospital.kit import clock  # noqa: E402 - after django.setup()
from hospital.kit.actor import system  # noqa: E402 - after django.setup()
from hospital.people.models import Patient  # noqa: E402 - after django.setup()

DAY = date(2024, 5, 6)
ROBOT = system("benchmarks.reconciliation")

# A day of paid orders, set-wise: the verbs would take minutes and are not what is measured.
FILL = """
WITH n AS (SELECT generate_series(1, %(rows)s) AS n),
c AS (INSERT INTO billing_charge (number, kind, subject_id, scene, patient_id, amount, refund_reserved, status, created_at, paid_at)
      SELECT 'BENCH' || n, 'billing.counter', -n, 'outpatient', %(patient)s, 5000, 0, 'paid', %(at)s, %(at)s FROM n RETURNING id, number),
o AS (INSERT INTO billing_payorder (number, channel, method, amount, title, status, created_at, expires_at, prepared, attempts, last_error)
      SELECT 'PBENCH' || substr(number, 6), 'wechat', 'h5', 5000, 'x', 'paid', %(at)s, %(at)s, '{}', 0, '' FROM c RETURNING id, number),
pc AS (INSERT INTO billing_payordercharge (order_id, charge_id, amount)
       SELECT o.id, c.id, 5000 FROM o JOIN c ON 'PBENCH' || substr(c.number, 6) = o.number RETURNING order_id, charge_id),
p AS (INSERT INTO billing_payment (order_id, channel, transaction_id, amount, success_at, recorded_at, source)
      SELECT id, 'wechat', '42BENCH' || number, 5000, %(at)s, %(at)s, 'notice' FROM o RETURNING id, order_id)
INSERT INTO billing_settlement (payment_id, charge_id, amount, settled_at)
  SELECT p.id, pc.charge_id, 5000, %(at)s FROM p JOIN pc ON pc.order_id = p.order_id
"""


def main(rows: int) -> None:
    at = clock.at_local(DAY, clock.local(clock.now()).time().replace(hour=12))
    patient = Patient.objects.values_list("pk", flat=True).first()
    with transaction.atomic():
        # The outermost transaction is ours, so that it can be undone; the verbs' own become savepoints of it.
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"rows": rows, "patient": patient, "at": at})
            cursor.execute(
                "ANALYZE billing_payment, billing_payorder, billing_settlement, billing_charge, billing_payordercharge"
            )
        book = {
            "success_at": at.timestamp(),
            "trade_type": "MWEB",
            "openid": "o",
            "description": "x",
            "attach": "",
            "paid_total": 5000,
        }
        lines = [
            wire.pay_row(
                book | {"number": f"PBENCH{n}", "transaction_id": f"42BENCHPBENCH{n}"},
                appid=settings.WECHAT_APP_ID, mchid=settings.WECHATPAY_MCHID,
            )
            for n in range(1, rows + 1)
        ]  # fmt: skip
        lost, lines = lines[:50], lines[50:]
        lines[0]["订单金额"] = lines[0]["应结订单金额"] = "50.01"
        raw = wire.render(lines)
        started = time.perf_counter()
        bill_import(actor=ROBOT, channel="wechat", raw=raw, name="bench.csv", at=clock.now(), day=DAY)
        imported = time.perf_counter()
        run = recon_run(actor=ROBOT, channel="wechat", day=DAY, at=clock.now())
        done = time.perf_counter()
        print(
            f"rows {rows}: import {imported - started:.2f} s, comparison {done - imported:.2f} s, {run.matched} agree, {run.differences}"
        )
        assert run.differences == {"D2": len(lost), "D4": 1}, run.differences
        transaction.set_rollback(True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
