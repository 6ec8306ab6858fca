"""The comparison in SQL: what plainly agrees on all sides is only counted; the rest is laid side by side, one row a key.

A key is our order number for a payment and our refund number for a refund (PAY-03). The wide comparison touches every
row once and keeps only the keys of what it finds; those, and what stands twice in the bill, are looked at again with all
their evidence. So a million rows that agree cost a few joins, and memory depends on the differences only.
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

# The same of payments that are known by their ids: `p` is looked up by the caller, nothing else is read.
_HALF = """CROSS JOIN LATERAL (VALUES
    (p.channel, p.transaction_id, p.amount - coalesce(i.own_cash, 0), p.success_at, i.fund, i.personal, coalesce(i.own_cash, 0)),
    (i.cash_channel, i.cash_transaction_id, i.own_cash, i.cash_at, NULL, NULL, p.amount - i.own_cash)
  ) h(channel, transaction_id, amount, success_at, fund, personal, rest)"""
HALF = f"LEFT JOIN billing_paymentsplit i ON i.payment_id = p.id {_HALF}"

# Ids grow with time: between these lie the payments of the day, and few others. Reading a span of each index in order
# and merging costs a third of hashing a million rows, and never depends on how many years of payments there are.
_SPAN = """
SELECT coalesce(min(id), 0), coalesce(max(id), -1), coalesce(min(order_id), 0), coalesce(max(order_id), -1) FROM billing_payment
WHERE channel = %(channel)s AND success_at >= %(start)s AND success_at < %(end)s
"""

_IN_DAY = "at >= %(start)s AND at < %(end)s"

# Our payments and refunds of the day, with what the hospital settled by them: `h_amount` ever, `h_today` on this day.
# Payments of the span that are of another day are kept too: they may have been settled today.
_SETTLED = """sum(amount)::bigint AS amount, min(settled_at) AS at,
    (sum(amount) FILTER (WHERE settled_at >= %(start)s AND settled_at < %(end)s))::bigint AS today"""
_OURS = f"""
CREATE TEMP TABLE recon_ours ON COMMIT DROP AS
SELECT 'pay' AS kind, o.number AS key, p.transaction_id, p.amount - coalesce(i.own_cash, 0) AS amount, p.success_at AS at,
       'succeeded' AS status, s.amount - coalesce(i.own_cash, 0) AS h_amount, s.today - coalesce(i.own_cash, 0) AS h_today,
       s.at AS h_at, true AS earned, i.fund, i.personal, i.own_cash
FROM billing_payment p JOIN billing_payorder o ON o.id = p.order_id
LEFT JOIN billing_paymentsplit i ON i.payment_id = p.id AND i.payment_id BETWEEN %(first)s AND %(last)s
LEFT JOIN (SELECT payment_id, {_SETTLED} FROM billing_settlement
           WHERE payment_id BETWEEN %(first)s AND %(last)s GROUP BY payment_id) s ON s.payment_id = p.id
WHERE p.id BETWEEN %(first)s AND %(last)s AND o.id BETWEEN %(first_order)s AND %(last_order)s AND p.channel = %(channel)s
"""  # noqa: S608 - all parts are constants of this module

# The patient's half of what an insurer paid, and refunds.
_OURS_TOO = f"""
INSERT INTO recon_ours
SELECT 'pay', o.number, i.cash_transaction_id, i.own_cash, i.cash_at, 'succeeded', s.amount - (p.amount - i.own_cash), NULL::bigint,
       s.at, true, NULL::bigint, NULL::bigint, i.own_cash
FROM billing_paymentsplit i JOIN billing_payment p ON p.id = i.payment_id JOIN billing_payorder o ON o.id = p.order_id
LEFT JOIN LATERAL (SELECT {_SETTLED} FROM billing_settlement WHERE payment_id = p.id HAVING count(*) > 0) s ON true
WHERE i.cash_channel = %(channel)s AND i.cash_at >= %(start)s AND i.cash_at < %(end)s
UNION ALL
SELECT 'refund', r.number, h.transaction_id, r.amount - h.rest,
       CASE WHEN r.status = 'succeeded' THEN r.success_at ELSE r.approved_at END, r.status,
       CASE WHEN r.status = 'succeeded' THEN r.amount - h.rest END, NULL, r.recorded_at, r.settlement_id IS NOT NULL, NULL, NULL, NULL
FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id {HALF}
WHERE h.channel = %(channel)s AND (
  (r.status = 'succeeded' AND r.success_at >= %(start)s AND r.success_at < %(end)s)
  OR (r.status IN ('processing', 'unknown', 'failed') AND r.approved_at >= %(start)s AND r.approved_at < %(end)s))
"""  # noqa: S608 - all parts are constants of this module

# Only what surely agrees; whoever changes this must keep `classify` answering None for it (a test compares them).
_AGREES = """
  l.amount = u.amount AND l.currency = 'CNY' AND u.status = 'succeeded'
  AND CASE WHEN l.kind = 'pay' THEN
      l.status = 'SUCCESS' AND l.transaction_id = u.transaction_id AND u.h_amount = u.amount
      AND u.h_at >= %(start)s AND u.h_at < %(end)s AND (%(merchant)s = '' OR l.merchant = %(merchant)s)
      AND abs(l.fee_e5 * 10 - l.amount * %(fee_bp)s) <= 10000
      AND (l.fund IS NULL OR l.fund = u.fund AND l.personal = u.personal AND l.own_cash = u.own_cash)
    ELSE l.status IN ('SUCCESS', 'PROCESSING') AND (NOT u.earned OR (u.h_at >= %(start)s AND u.h_at < %(end)s)) END
"""

_KEYS = f"""
CREATE TEMP TABLE recon_key ON COMMIT DROP AS
SELECT DISTINCT kind, key FROM (
  SELECT coalesce(l.kind, u.kind) AS kind, coalesce(l.key, u.key) AS key
  FROM (SELECT l.*, {_LINE_KEY} AS key FROM billing_billline l WHERE l.file_id = %(file)s) l
  FULL JOIN (SELECT * FROM recon_ours WHERE {_IN_DAY}) u ON u.key = l.key AND u.kind = l.kind
  WHERE ({_AGREES}) IS NOT TRUE
  UNION ALL SELECT split_part(k, ':', 1), substr(k, strpos(k, ':') + 1) FROM unnest(%(unfinished)s::text[]) AS k) AS found
"""  # noqa: S608 - all parts are constants of this module

_LISTED_TWICE = f"""
INSERT INTO recon_key SELECT kind, key FROM (
  SELECT l.kind, {_LINE_KEY} AS key FROM billing_billline l WHERE l.file_id = %(file)s GROUP BY 1, 2 HAVING count(*) > 1) twice
WHERE NOT EXISTS (SELECT 1 FROM recon_key k WHERE k.kind = twice.kind AND k.key = twice.key)
"""  # noqa: S608 - all parts are constants of this module

# The lines of the bill that are looked at again.
_LINES = f"""
CREATE TEMP TABLE recon_line ON COMMIT DROP AS
SELECT l.*, k.key FROM billing_billline l JOIN recon_key k ON k.key = {_LINE_KEY} AND k.kind = l.kind WHERE l.file_id = %(file)s
"""  # noqa: S608 - all parts are constants of this module

# What is left on each side when the keys that are looked at again are taken off.
_PLAIN = f"""
SELECT (SELECT count(*) FROM billing_billline WHERE file_id = %(file)s) - (SELECT count(*) FROM recon_line),
       count(*) FILTER (WHERE k.key IS NULL) FROM recon_ours u LEFT JOIN recon_key k ON k.key = u.key AND k.kind = u.kind
WHERE {_IN_DAY}
"""  # noqa: S608 - all parts are constants of this module

# A refund made in the channel's own console has a number of the channel's; we know it by the channel's id (PAY-03).
_ALIAS = """
CREATE TEMP TABLE recon_alias ON COMMIT DROP AS
SELECT DISTINCT ON (l.key) l.key AS said, r.number AS key
FROM recon_line l JOIN billing_refund r ON r.channel_refund_id = l.channel_refund_id AND r.number <> l.key
WHERE l.kind = 'refund' AND l.channel_refund_id <> '' AND (SELECT own.id FROM billing_refund own WHERE own.number = l.key) IS NULL
ORDER BY l.key, r.id
"""

_SPLIT = "LEFT JOIN LATERAL (SELECT * FROM billing_paymentsplit WHERE payment_id = p.id OFFSET 0) i ON true"
# Each key is looked up by its index, table by table, whatever the planner believes of the tables: `OFFSET 0` keeps it from
# an order of its own. Statistics taken while a day was being loaded say that the tables are empty, and with them it
# went through orders times payments times settlements.
_SIDES = f"""
WITH c AS (
  SELECT l.kind, coalesce(a.key, l.key) AS key, min(l.order_no) AS order_no, min(l.refund_no) AS refund_no, count(*) AS times,
         sum(l.amount)::bigint AS amount, min(l.transaction_id) AS transaction_id,
         string_agg(DISTINCT l.status, ',' ORDER BY l.status) AS status, string_agg(DISTINCT l.currency, ',') AS currency,
         string_agg(DISTINCT l.merchant, ',') AS merchant, sum(l.fee_e5)::bigint AS fee_e5, min(l.at) AS at,
         array_agg(l.line_no ORDER BY l.line_no) AS lines, count(DISTINCT l.transaction_id) AS transactions,
         sum(l.fund)::bigint AS fund, sum(l.personal)::bigint AS personal, sum(l.own_cash)::bigint AS own_cash
  FROM recon_line l LEFT JOIN recon_alias a ON l.kind = 'refund' AND a.said = l.key GROUP BY 1, 2),
keys AS (SELECT kind, key FROM recon_key WHERE NOT (kind = 'refund' AND key IN (SELECT said FROM recon_alias))
         UNION SELECT 'refund', key FROM recon_alias),
p_raw AS (
  SELECT 'pay' AS kind, k.key, o.number AS order_no, '' AS refund_no, p.id, h.transaction_id, h.amount,
         h.success_at AS at, 'SUCCESS' AS status, s.amount - h.rest AS h_amount, s.at AS h_at, o.amount - h.rest AS ordered,
         true AS earned, h.fund, h.personal, i.own_cash
  FROM keys k CROSS JOIN LATERAL (SELECT id, number, amount FROM billing_payorder WHERE number = k.key OFFSET 0) o
  CROSS JOIN LATERAL (SELECT * FROM billing_payment WHERE order_id = o.id OFFSET 0) p {_SPLIT} {_HALF}
  LEFT JOIN LATERAL (SELECT sum(amount)::bigint AS amount, min(settled_at) AS at FROM billing_settlement
                     WHERE payment_id = p.id HAVING count(*) > 0) s ON true
  WHERE k.kind = 'pay' AND h.channel = %(channel)s
  UNION ALL
  SELECT 'refund', k.key, o.number, r.number, r.id, h.transaction_id, r.amount - h.rest,
         coalesce(r.success_at, r.approved_at, r.requested_at), r.status,
         CASE WHEN r.status = 'succeeded' THEN r.amount - h.rest END, r.recorded_at, r.amount - h.rest,
         r.settlement_id IS NOT NULL, NULL, NULL, NULL
  FROM keys k CROSS JOIN LATERAL (SELECT * FROM billing_refund WHERE number = k.key OFFSET 0) r
  CROSS JOIN LATERAL (SELECT * FROM billing_payment WHERE id = r.payment_id OFFSET 0) p {_SPLIT} {_HALF}
  CROSS JOIN LATERAL (SELECT number FROM billing_payorder WHERE id = p.order_id OFFSET 0) o
  WHERE k.kind = 'refund' AND h.channel = %(channel)s),
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
  SELECT p.kind, p.key, min(f.day) AS day, (array_agg(l.amount ORDER BY f.day))[1] AS amount FROM p
  CROSS JOIN LATERAL (SELECT * FROM billing_billline WHERE order_no = p.order_no OFFSET 0) l JOIN beside f ON f.id = l.file_id
  WHERE l.kind = p.kind AND (l.kind = 'pay' OR l.refund_no = p.key) GROUP BY 1, 2)
SELECT coalesce(c.kind, p.kind), coalesce(p.order_no, c.order_no), coalesce(p.refund_no, c.refund_no),
       c.times, c.amount, c.transaction_id, c.status, c.currency, c.merchant, c.fee_e5, c.at, c.lines, c.transactions,
       c.fund, c.personal, c.own_cash,
       p.times, p.amount, p.transaction_id, p.status, p.at, p.id, p.h_amount, p.h_at, p.ordered, p.earned,
       p.fund, p.personal, p.own_cash, x.day, x.amount,
       p.kind IS NULL AND (SELECT id FROM billing_payorder WHERE number = c.order_no) IS NOT NULL AS known,
       p.kind = 'pay' AND p.h_amount IS NULL AND EXISTS (
         SELECT 1 FROM (SELECT id FROM billing_payorder WHERE number = p.order_no OFFSET 0) o
         CROSS JOIN LATERAL (SELECT charge_id FROM billing_payordercharge WHERE order_id = o.id OFFSET 0) part
         CROSS JOIN LATERAL (SELECT payment_id FROM billing_settlement WHERE charge_id = part.charge_id OFFSET 0) s
         WHERE s.payment_id <> p.id) AS settled_elsewhere
FROM c FULL JOIN p ON p.kind = c.kind AND p.key = c.key LEFT JOIN x ON x.kind = p.kind AND x.key = p.key
ORDER BY coalesce(c.kind, p.kind), coalesce(p.key, c.key)
"""  # noqa: S608

NAMES = [
    "kind", "order_no", "refund_no", "c_times", "c_amount", "c_transaction", "c_status", "c_currency", "c_merchant",
    "c_fee", "c_at", "c_lines", "c_transactions", "c_fund", "c_personal", "c_own_cash", "p_times", "p_amount",
    "p_transaction", "p_status", "p_at", "p_id", "h_amount", "h_at", "ordered", "earned", "p_fund", "p_personal",
    "p_own_cash", "other_day", "other_amount", "known", "settled_elsewhere",
]  # fmt: skip

_TOTALS = f"""
SELECT 'channel', kind, times, fen, fee_e5 FROM (
  SELECT count(*) FILTER (WHERE kind = 'pay') AS pays, sum(amount) FILTER (WHERE kind = 'pay') AS paid,
         count(*) FILTER (WHERE kind = 'refund') AS refunds, sum(amount) FILTER (WHERE kind = 'refund') AS refunded,
         sum(fee_e5) AS fees FROM billing_billline WHERE file_id = %(file)s) l
CROSS JOIN LATERAL (VALUES ('pay', pays, paid, fees), ('refund', refunds, refunded, 0)) v(kind, times, fen, fee_e5)
UNION ALL
SELECT 'platform', kind, count(*), sum(amount), 0 FROM recon_ours WHERE status = 'succeeded' AND {_IN_DAY} GROUP BY kind
UNION ALL
SELECT 'hospital', 'pay', count(h_today), sum(h_today), 0 FROM recon_ours
UNION ALL
SELECT 'hospital', 'pay', count(DISTINCT s.payment_id), sum(s.amount - coalesce(i.own_cash, 0)), 0 FROM billing_settlement s
JOIN billing_payment p ON p.id = s.payment_id LEFT JOIN billing_paymentsplit i ON i.payment_id = p.id
WHERE p.channel = %(channel)s AND s.settled_at >= %(start)s AND s.settled_at < %(end)s
  AND (s.payment_id < %(first)s OR s.payment_id > %(last)s)
UNION ALL
SELECT 'hospital', 'pay', count(DISTINCT s.payment_id), sum(s.amount - (p.amount - i.own_cash)), 0 FROM billing_settlement s
JOIN billing_paymentsplit i ON i.payment_id = s.payment_id JOIN billing_payment p ON p.id = i.payment_id
WHERE i.cash_channel = %(channel)s AND s.settled_at >= %(start)s AND s.settled_at < %(end)s
UNION ALL
SELECT 'hospital', 'refund', count(*), sum(r.amount - h.rest), 0
FROM billing_refund r JOIN billing_payment p ON p.id = r.payment_id {HALF}
WHERE h.channel = %(channel)s AND r.status = 'succeeded' AND r.settlement_id IS NOT NULL
  AND r.recorded_at >= %(start)s AND r.recorded_at < %(end)s
"""  # noqa: S608 - all parts are constants of this module

# Reading indexes in order and merging for what is ours, hashing for what isn't in any order. Never a nested loop over the
# lines of a bill: the planner has no statistics of a new one, and would believe that it has one line.
_JOINS = "SET LOCAL enable_nestloop = {}; SET LOCAL enable_mergejoin = {}; SET LOCAL enable_hashjoin = {}; SET LOCAL enable_hashagg = {}"
_MERGE, _HASH = _JOINS.format("off", "on", "off", "off"), _JOINS.format("off", "off", "on", "on")
_ANY = _JOINS.format(*["default"] * 4)


def prepare(values: dict[str, Any]) -> tuple[int, dict[str, int]]:
    """Compare widely; answers how many movements plainly agree, and the totals of each side in fen."""
    with connection.cursor() as cursor:
        # For this transaction: a hash of a million keys in memory instead of on disk; compiling such queries costs
        # more than it brings.
        cursor.execute("SET LOCAL work_mem = '160MB'; SET LOCAL statement_timeout = '600s'; SET LOCAL jit = off")
        cursor.execute("DROP TABLE IF EXISTS recon_ours, recon_key, recon_line, recon_alias")
        cursor.execute(_SPAN, values)
        values |= zip(("first", "last", "first_order", "last_order"), cursor.fetchone(), strict=True)
        cursor.execute(f"{_MERGE}; {_OURS}", values)
        cursor.execute(f"{_ANY}; {_OURS_TOO}", values)
        cursor.execute(f"{_HASH}; {_KEYS}", values)
        plain = _looked_at_again(cursor, values)
        if plain is None:
            cursor.execute(_LISTED_TWICE, values)
            cursor.execute("DROP TABLE recon_line")
            plain = _looked_at_again(cursor, values)
        if plain is None:
            raise RuntimeError("the sides that agree aren't equally many")
        cursor.execute("ANALYZE recon_key; ANALYZE recon_line")
        cursor.execute(_ALIAS, values)
        cursor.execute(f"{_ANY}; {_TOTALS}", values)
        return plain, _totals(cursor.fetchall())


def _looked_at_again(cursor: Any, values: dict[str, Any]) -> int | None:
    """How many keys agree; None when a line of the bill stands twice among them.

    Each of their lines agrees with one of ours, whose transaction is unique; so as many of ours as lines means one of each.
    """
    cursor.execute(_LINES, values)
    cursor.execute(_PLAIN, values)
    lines, ours = cursor.fetchone()
    return int(lines) if lines == ours else None


def sides(values: dict[str, Any]) -> Any:
    """The rows that need a look, in the order of their keys, streamed."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SIDES, values)
        while rows := cursor.fetchmany(2000):
            for row in rows:
                yield dict(zip(NAMES, row, strict=True))


def _totals(rows: list[tuple[str, str, int, int | None, int | None]]) -> dict[str, int]:
    totals = dict.fromkeys(
        [f"{side}_{what}" for side in ("hospital", "platform", "channel") for what in ("paid", "refunded", "count")], 0
    )
    totals["fee_e5"] = 0
    for side, kind, count, fen, fee in rows:
        totals[f"{side}_{'paid' if kind == 'pay' else 'refunded'}"] += int(fen or 0)
        totals[f"{side}_count"] += int(count)
        totals["fee_e5"] += int(fee or 0)
    for side in ("hospital", "platform", "channel"):
        totals[f"{side}_net"] = totals[f"{side}_paid"] - totals[f"{side}_refunded"]
    return totals
