"""Truths of billing that must hold after every story, race and drill; each query finds what breaks one (G09)."""

from hospital.kit.invariants import register


def register_all() -> None:
    """Called once, from wiring."""
    register(
        "billing.journal_balanced", "PAY-01",
        "SELECT j.id, coalesce(sum(e.amount), 0) AS fen, count(e.id) AS sides FROM billing_journal j "
        "LEFT JOIN billing_entry e ON e.journal_id = j.id GROUP BY j.id HAVING coalesce(sum(e.amount), 0) <> 0 OR count(e.id) < 2",
    )  # fmt: skip
    register(
        "billing.ledger_sums_to_zero", "G09", "SELECT sum(amount) AS fen FROM billing_entry HAVING sum(amount) <> 0"
    )
    register(
        "billing.refunds_within_payment", "PAY-09",
        "SELECT p.id, p.amount, sum(r.amount) AS back FROM billing_payment p JOIN billing_refund r ON r.payment_id = p.id "
        "WHERE r.status <> 'rejected' GROUP BY p.id HAVING sum(r.amount) > p.amount",
    )  # fmt: skip
    register(
        "billing.paid_charge_has_payment", "PAY-02",
        "SELECT c.id, c.status FROM billing_charge c LEFT JOIN billing_settlement s ON s.charge_id = c.id "
        "WHERE c.amount > 0 AND ((c.status IN ('paid', 'part_refunded', 'refunded')) <> (s.id IS NOT NULL) OR s.amount <> c.amount)",
    )  # fmt: skip
    register(
        "billing.payment_is_settled_or_owed_back", "G02",
        "SELECT p.id, p.amount, coalesce(s.fen, 0) AS settled, coalesce(r.fen, 0) AS owed FROM billing_payment p "
        "LEFT JOIN (SELECT payment_id, sum(amount) AS fen FROM billing_settlement GROUP BY 1) s ON s.payment_id = p.id "
        "LEFT JOIN (SELECT payment_id, sum(amount) AS fen FROM billing_refund WHERE settlement_id IS NULL AND status <> 'rejected' "
        "AND requested_by_service <> 'billing.console' "
        "GROUP BY 1) r ON r.payment_id = p.id WHERE p.amount <> coalesce(s.fen, 0) + coalesce(r.fen, 0)",
    )  # fmt: skip
    register(
        "billing.lines_make_the_amount", "PAY-16",
        "SELECT c.id, c.amount, sum(l.amount) AS lines FROM billing_charge c JOIN billing_chargeline l ON l.charge_id = c.id "
        "GROUP BY c.id HAVING sum(l.amount) <> c.amount",
    )  # fmt: skip
    register(
        "billing.reserved_is_what_refunds_say", "PAY-09",
        "SELECT c.id, c.refund_reserved, coalesce(sum(r.amount), 0) AS refunds FROM billing_charge c "
        "LEFT JOIN billing_refund r ON r.charge_id = c.id AND r.settlement_id IS NOT NULL AND r.status <> 'rejected' "
        "GROUP BY c.id HAVING coalesce(sum(r.amount), 0) <> c.refund_reserved",
    )  # fmt: skip
    register(
        "billing.books_owe_what_refunds_owe", "PAY-01",
        "SELECT l.fen AS books, r.fen AS refunds FROM (SELECT coalesce(sum(e.amount), 0) AS fen FROM billing_entry e "
        "JOIN billing_ledgeraccount a ON a.id = e.account_id WHERE a.code = 'patient.money') l, "
        "(SELECT coalesce(sum(amount), 0) AS fen FROM billing_refund WHERE status NOT IN ('rejected', 'succeeded')) r "
        "WHERE l.fen + r.fen <> 0",
    )  # fmt: skip
    register(
        "billing.one_valid_receipt", "PAY-14",
        "SELECT settlement_id, count(*) AS receipts FROM billing_invoice WHERE kind = 'blue' AND status = 'issued' "
        "GROUP BY settlement_id HAVING count(*) > 1",
    )  # fmt: skip
    register(
        "billing.receipt_is_what_remains", "PAY-14",
        "SELECT s.id, s.amount - coalesce(r.fen, 0) AS remains, coalesce(i.fen, 0) AS receipts FROM billing_settlement s "
        "LEFT JOIN (SELECT settlement_id, sum(amount) AS fen FROM billing_refund WHERE status = 'succeeded' GROUP BY 1) r "
        "ON r.settlement_id = s.id JOIN (SELECT settlement_id, sum(CASE kind WHEN 'blue' THEN amount ELSE -amount END) AS fen "
        "FROM billing_invoice GROUP BY 1) i ON i.settlement_id = s.id WHERE s.amount - coalesce(r.fen, 0) <> i.fen",
    )  # fmt: skip
    register(
        "billing.order_parts_make_the_amount", "PAY-02",
        "SELECT o.id, o.amount, sum(p.amount) AS parts FROM billing_payorder o JOIN billing_payordercharge p ON p.order_id = o.id "
        "GROUP BY o.id HAVING sum(p.amount) <> o.amount",
    )  # fmt: skip
    register(
        "billing.split_is_the_payment", "PAY-12",
        "SELECT p.id, p.amount, i.total FROM billing_payment p LEFT JOIN billing_paymentsplit i ON i.payment_id = p.id "
        "WHERE (p.channel = 'insurance') <> (i.id IS NOT NULL) OR i.total <> p.amount",
    )  # fmt: skip
    register("billing.bill_lines_have_their_file", "PAY-06", " UNION ALL ".join(map(_orphans, _PARTS)))


_PARTS = ("billing_billpart", "billing_billline", "billing_fundline")


def _orphans(table: str) -> str:
    """Ids of files that lines name and that aren't there; each id is looked up once, however many lines have it."""
    return (
        f"(WITH RECURSIVE named(id) AS (SELECT min(file_id) FROM {table} UNION ALL "  # noqa: S608 - a constant of this module
        f"SELECT (SELECT min(file_id) FROM {table} WHERE file_id > named.id) FROM named WHERE named.id IS NOT NULL) "
        f"SELECT '{table}' AS name, id FROM named WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM billing_billfile))"
    )
