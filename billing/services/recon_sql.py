"""The comparison in SQL: what plainly agrees on all sides is only counted; the rest is laid side by side, one row a key.

A key is our order number for a payment and our refund number for a refund (PAY-03). The wide comparison touches every
row once and keeps nothing; what it finds, and what stands twice on a side, is looked at again with all its evidence.
So a million rows that agree cost a hash join, and memory depends on the differences only.
"""

from typing import Any

from django.db import connection

_LINE_KEY = """CASE WHEN l.kind = 'pay' THEN l.order_no WHEN l.refund_no <> '' THEN l.refund_no
  ELSE 'channel:' || l.channel_refund_id END"""

# Every payment as each channel knows it: an insured one is two halves, the insurer's and the patient's own (PAY-12).
# `rest` is what of the payment lies in the other half. An insured payment is settled and given back whole.
HALVES = """(
  SELECT p.id AS payment_id, p.order_id, p.channel, p.transaction_id, p.amount - coalesce(i.own_cash, 0) AS amount, p.success_at,
         p.recorded_at, i.fund, i.personal, i.other, i.own_cash, coalesce(i.own_cash, 0) AS rest
  FROM billing_payment p LEFT JOIN billing_paymentsplit i ON i.payment_id = p.id
  UNION ALL
  SELECT p.id, p.order_id, i.cash_channel, i.cash_transaction_id, i.own_cash, i.cash_at,
         p.recorded_at, NULL, NULL, NULL, i.own_cash, p.amount - i.own_cash
  FROM billing_paymentsplit i JOIN billing_payment p ON p.id = i.payment_id WHERE i.cash_channel <> '')"""

# Our payments and refunds of the day, with what the hospital settled by them.
_OURS = f"""
CREATE TEMP TABLE recon_ours ON COMMIT DROP AS
SELECT 'pay' AS kind, o.number AS key, p.payment_id AS id, p.transaction_id, p.amount, p.success_at AS at, 'succeeded' AS status,
       s.amount - p.rest AS h_amount, s.at AS h_at, true AS earned, p.fund, p.personal, p.own_cash
FROM {HALVES} p JOIN billing_payorder o ON o.id = p.order_id
LEFT JOIN (SELECT payment_id, sum(amount)::bigint AS amount, min(settled_at) AS at FROM billing_settlement
           WHERE settled_at >= %(start)s::timestamptz - interval '1 day' GROUP BY payment_id) s ON s.payment_id = p.payment_id
WHERE p.channel = %(channel)s AND p.success_at >= %(start)s AND p.success_at < %(end)s
UNION ALL
SELECT 'refund', r.number, r.id, p.transaction_id, r.amount - p.rest, coalesce(r.success_at, r.approved_at), r.status,
       CASE WHEN r.status = 'succeeded' THEN r.amount - p.rest END, r.recorded_at, r.settlement_id IS NOT NULL, NULL, NULL, NULL
FROM billing_refund r JOIN {HALVES} p ON p.payment_id = r.payment_id
WHERE p.channel = %(channel)s AND (
  (r.status = 'succeeded' AND r.success_at >= %(start)s AND r.success_at < %(end)s)
  OR (r.status IN ('processing', 'unknown', 'failed') AND r.approved_at >= %(start)s AND r.approved_at < %(end)s))
"""  # noqa: S608 - all parts are constants of this module

# Only what surely agrees; whoever changes this must keep `classify` answering None for it (a test compares them).
_AGREES = """
  l.amount = u.amount AND l.currency = 'CNY' AND u.status = 'succeeded' AND u.at >= %(start)s AND u.at < %(end)s
  AND CASE WHEN l.kind = 'pay' THEN
      l.status = 'SUCCESS' AND l.transaction_id = u.transaction_id AND u.h_amount = u.amount
      AND u.h_at >= %(start)s AND u.h_at < %(end)s AND (%(merchant)s = '' OR l.merchant = %(merchant)s)
      AND abs(l.fee_e5 * 10 - l.amount * %(fee_bp)s) <= 10000
      AND (l.fund IS NULL OR l.fund = u.fund AND l.personal = u.personal AND l.own_cash = u.own_cash)
    ELSE l.status IN ('SUCCESS', 'PROCESSING') AND (NOT u.earned OR (u.h_at >= %(start)s AND u.h_at < %(end)s)) END
"""

_KEYS = f"""
CREATE TEMP TABLE recon_key ON COMMIT DROP AS
WITH line AS (SELECT l.*, {_LINE_KEY} AS key FROM billing_billline l WHERE l.file_id = %(file)s)
SELECT DISTINCT kind, key FROM (
  SELECT coalesce(l.kind, u.kind) AS kind, coalesce(l.key, u.key) AS key
  FROM line l FULL JOIN recon_ours u ON u.key = l.key AND u.kind = l.kind
  WHERE ({_AGREES}) IS NOT TRUE
  UNION ALL SELECT kind, {_LINE_KEY} FROM billing_billline l WHERE l.file_id = %(file)s GROUP BY 1, 2 HAVING count(*) > 1
  UNION ALL SELECT kind, key FROM recon_ours GROUP BY 1, 2 HAVING count(*) > 1
  UNION ALL SELECT split_part(k, ':', 1), substr(k, strpos(k, ':') + 1) FROM unnest(%(unfinished)s::text[]) AS k) AS found
"""  # noqa: S608 - all parts are constants of this module

# A refund made in the channel's own console has a number of the channel's; we know it by the channel's id (PAY-03).
_ALIAS = f"""
CREATE TEMP TABLE recon_alias ON COMMIT DROP AS
SELECT DISTINCT ON (k.key) k.key AS said, r.number AS key
FROM recon_key k JOIN billing_billline l ON l.file_id = %(file)s AND l.kind = 'refund' AND {_LINE_KEY} = k.key
JOIN billing_refund r ON r.channel_refund_id = l.channel_refund_id AND r.number <> k.key
WHERE k.kind = 'refund' AND l.channel_refund_id <> '' AND NOT EXISTS (SELECT 1 FROM billing_refund own WHERE own.number = k.key)
ORDER BY k.key, r.id
"""  # noqa: S608

_SIDES = f"""
WITH c AS (
  SELECT l.kind, coalesce(a.key, k.key) AS key, min(l.order_no) AS order_no, min(l.refund_no) AS refund_no, count(*) AS times,
         sum(l.amount)::bigint AS amount, min(l.transaction_id) AS transaction_id,
         string_agg(DISTINCT l.status, ',' ORDER BY l.status) AS status, string_agg(DISTINCT l.currency, ',') AS currency,
         string_agg(DISTINCT l.merchant, ',') AS merchant, sum(l.fee_e5)::bigint AS fee_e5, min(l.at) AS at,
         array_agg(l.line_no ORDER BY l.line_no) AS lines, count(DISTINCT l.transaction_id) AS transactions,
         sum(l.fund)::bigint AS fund, sum(l.personal)::bigint AS personal, sum(l.own_cash)::bigint AS own_cash
  FROM billing_billline l JOIN recon_key k ON k.kind = l.kind AND k.key = {_LINE_KEY}
  LEFT JOIN recon_alias a ON l.kind = 'refund' AND a.said = k.key
  WHERE l.file_id = %(file)s GROUP BY 1, 2),
keys AS (SELECT kind, key FROM recon_key WHERE NOT (kind = 'refund' AND key IN (SELECT said FROM recon_alias))
         UNION SELECT 'refund', key FROM recon_alias),
p_raw AS (
  SELECT 'pay' AS kind, k.key, o.number AS order_no, '' AS refund_no, p.payment_id AS id, p.transaction_id, p.amount,
         p.success_at AS at, 'SUCCESS' AS status, s.amount - p.rest AS h_amount, s.at AS h_at, o.amount - p.rest AS ordered,
         true AS earned, p.fund, p.personal, p.own_cash
  FROM keys k JOIN billing_payorder o ON o.number = k.key JOIN {HALVES} p ON p.order_id = o.id
  LEFT JOIN LATERAL (SELECT sum(amount)::bigint AS amount, min(settled_at) AS at FROM billing_settlement
                     WHERE payment_id = p.payment_id HAVING count(*) > 0) s ON true
  WHERE k.kind = 'pay' AND p.channel = %(channel)s
  UNION ALL
  SELECT 'refund', k.key, o.number, r.number, r.id, p.transaction_id, r.amount - p.rest,
         coalesce(r.success_at, r.approved_at, r.requested_at), r.status,
         CASE WHEN r.status = 'succeeded' THEN r.amount - p.rest END, r.recorded_at, r.amount - p.rest,
         r.settlement_id IS NOT NULL, NULL, NULL, NULL
  FROM keys k JOIN billing_refund r ON r.number = k.key JOIN {HALVES} p ON p.payment_id = r.payment_id
  JOIN billing_payorder o ON o.id = p.order_id
  WHERE k.kind = 'refund' AND p.channel = %(channel)s),
p AS (
  SELECT kind, key, min(order_no) AS order_no, min(refund_no) AS refund_no, count(*) AS times, sum(amount)::bigint AS amount,
         min(id) AS id, min(transaction_id) AS transaction_id, min(at) AS at, max(status) AS status,
         sum(h_amount)::bigint AS h_amount, min(h_at) AS h_at, min(ordered) AS ordered, bool_and(earned) AS earned,
         sum(fund)::bigint AS fund, sum(personal)::bigint AS personal, sum(own_cash)::bigint AS own_cash
  FROM p_raw GROUP BY kind, key),
beside AS (
  SELECT DISTINCT ON (day) id, day FROM billing_billfile
  WHERE channel = %(channel)s AND kind = 'trade' AND day BETWEEN %(day)s::date - 2 AND %(day)s::date + 2 AND day <> %(day)s::date
  ORDER BY day, received_at DESC, id DESC),
x AS (
  SELECT p.kind, p.key, min(f.day) AS day FROM p
  JOIN billing_billline l ON l.order_no = p.order_no AND l.kind = p.kind AND (l.kind = 'pay' OR l.refund_no = p.key)
  JOIN beside f ON f.id = l.file_id GROUP BY 1, 2)
SELECT coalesce(c.kind, p.kind), coalesce(p.order_no, c.order_no), coalesce(p.refund_no, c.refund_no),
       c.times, c.amount, c.transaction_id, c.status, c.currency, c.merchant, c.fee_e5, c.at, c.lines, c.transactions,
       c.fund, c.personal, c.own_cash,
       p.times, p.amount, p.transaction_id, p.status, p.at, p.id, p.h_amount, p.h_at, p.ordered, p.earned,
       p.fund, p.personal, p.own_cash, x.day,
       p.kind IS NULL AND EXISTS (SELECT 1 FROM billing_payorder po WHERE po.number = c.order_no) AS known,
       p.kind = 'pay' AND p.h_amount IS NULL AND EXISTS (
         SELECT 1 FROM billing_payordercharge pc JOIN billing_payorder po ON po.id = pc.order_id
         JOIN billing_settlement s ON s.charge_id = pc.charge_id
         WHERE po.number = p.order_no AND s.payment_id <> p.id) AS settled_elsewhere
FROM c FULL JOIN p ON p.kind = c.kind AND p.key = c.key LEFT JOIN x ON x.kind = p.kind AND x.key = p.key
ORDER BY coalesce(c.kind, p.kind), coalesce(p.key, c.key)
"""  # noqa: S608

NAMES = [
    "kind", "order_no", "refund_no", "c_times", "c_amount", "c_transaction", "c_status", "c_currency", "c_merchant",
    "c_fee", "c_at", "c_lines", "c_transactions", "c_fund", "c_personal", "c_own_cash", "p_times", "p_amount",
    "p_transaction", "p_status", "p_at", "p_id", "h_amount", "h_at", "ordered", "earned", "p_fund", "p_personal",
    "p_own_cash", "other_day", "known", "settled_elsewhere",
]  # fmt: skip

_TOTALS = f"""
SELECT 'channel', kind, count(*), coalesce(sum(amount), 0)::bigint, coalesce(sum(fee_e5), 0)::bigint
FROM billing_billline WHERE file_id = %(file)s GROUP BY kind
UNION ALL
SELECT 'platform', kind, count(*), sum(amount)::bigint, 0 FROM recon_ours
WHERE status = 'succeeded' AND at >= %(start)s AND at < %(end)s GROUP BY kind
UNION ALL
SELECT 'hospital', 'pay', count(DISTINCT s.payment_id), coalesce(sum(s.amount - p.rest), 0)::bigint, 0
FROM billing_settlement s JOIN {HALVES} p ON p.payment_id = s.payment_id
WHERE p.channel = %(channel)s AND s.settled_at >= %(start)s AND s.settled_at < %(end)s
UNION ALL
SELECT 'hospital', 'refund', count(*), coalesce(sum(r.amount - p.rest), 0)::bigint, 0
FROM billing_refund r JOIN {HALVES} p ON p.payment_id = r.payment_id
WHERE p.channel = %(channel)s AND r.status = 'succeeded' AND r.settlement_id IS NOT NULL
  AND r.recorded_at >= %(start)s AND r.recorded_at < %(end)s
"""  # noqa: S608

# Where lines of the bill agree: all of them, less those that are looked at again.
_PLAIN = f"""
SELECT (SELECT count(*) FROM billing_billline WHERE file_id = %(file)s)
     - (SELECT count(*) FROM billing_billline l JOIN recon_key k ON k.kind = l.kind AND k.key = {_LINE_KEY}
        WHERE l.file_id = %(file)s)
"""  # noqa: S608


def prepare(values: dict[str, Any]) -> tuple[int, dict[str, int]]:
    """Compare widely; answers how many movements plainly agree, and the totals of each side in fen."""
    with connection.cursor() as cursor:
        # For this transaction: a hash of a million keys in memory instead of on disk.
        cursor.execute("SET LOCAL work_mem = '160MB'; SET LOCAL statement_timeout = '600s'")
        cursor.execute("DROP TABLE IF EXISTS recon_ours, recon_key, recon_alias")
        cursor.execute(_OURS, values)
        cursor.execute("ANALYZE recon_ours")
        cursor.execute(_KEYS, values)
        cursor.execute("ANALYZE recon_key")
        cursor.execute(_ALIAS, values)
        cursor.execute(_PLAIN, values)
        plain = int(cursor.fetchone()[0])
        cursor.execute(_TOTALS, values)
        return plain, _totals(cursor.fetchall())


def sides(values: dict[str, Any]) -> Any:
    """The rows that need a look, in the order of their keys, streamed."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SIDES, values)
        while rows := cursor.fetchmany(2000):
            for row in rows:
                yield dict(zip(NAMES, row, strict=True))


def _totals(rows: list[tuple[str, str, int, int, int]]) -> dict[str, int]:
    totals = dict.fromkeys(
        [f"{side}_{what}" for side in ("hospital", "platform", "channel") for what in ("paid", "refunded", "count")], 0
    )
    totals["fee_e5"] = 0
    for side, kind, count, fen, fee in rows:
        totals[f"{side}_{'paid' if kind == 'pay' else 'refunded'}"] += int(fen)
        totals[f"{side}_count"] += int(count)
        totals["fee_e5"] += int(fee)
    for side in ("hospital", "platform", "channel"):
        totals[f"{side}_net"] = totals[f"{side}_paid"] - totals[f"{side}_refunded"]
    return totals
