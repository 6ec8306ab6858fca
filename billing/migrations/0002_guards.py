"""What the database itself forbids in billing, whoever asks (PAY-01, PAY-07, PAY-09, G09)."""

from django.db import migrations

from hospital.kit.append_only import refuse_changes

GROWING = [
    "billing_chargeline", "billing_payordercharge", "billing_payment", "billing_settlement", "billing_refundline",
    "billing_journal", "billing_entry",
]

BALANCED = """
CREATE FUNCTION billing_journal_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sides integer; fen numeric; which bigint;
BEGIN
  IF TG_TABLE_NAME = 'billing_journal' THEN which := NEW.id; ELSE which := NEW.journal_id; END IF;
  SELECT count(*), coalesce(sum(amount), 0) INTO sides, fen FROM billing_entry WHERE journal_id = which;
  IF sides < 2 OR fen <> 0 THEN
    RAISE EXCEPTION 'journal % has % entries with sum %', which, sides, fen
      USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_journal_balanced';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_journal_balanced AFTER INSERT ON billing_journal
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_journal_balanced();
CREATE CONSTRAINT TRIGGER billing_entry_balanced AFTER INSERT ON billing_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_journal_balanced();
"""

# A posting holds the day shared, closing holds it alone: none can slip in while the day is being closed.
CLOSED = """
CREATE FUNCTION billing_day_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE business date;
BEGIN
  IF TG_TABLE_NAME = 'billing_dayclose' THEN
    PERFORM pg_advisory_xact_lock(7201, NEW.day - DATE '2000-01-01');
    RETURN NEW;
  END IF;
  IF TG_TABLE_NAME = 'billing_journal' THEN business := NEW.business_day;
  ELSE SELECT business_day INTO business FROM billing_journal WHERE id = NEW.journal_id; END IF;
  PERFORM pg_advisory_xact_lock_shared(7201, business - DATE '2000-01-01');
  IF EXISTS (SELECT 1 FROM billing_dayclose WHERE day = business) THEN
    RAISE EXCEPTION 'business day % is closed', business
      USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_day_open';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_journal_day_open BEFORE INSERT ON billing_journal
  FOR EACH ROW EXECUTE FUNCTION billing_day_open();
CREATE TRIGGER billing_entry_day_open BEFORE INSERT ON billing_entry
  FOR EACH ROW EXECUTE FUNCTION billing_day_open();
CREATE TRIGGER billing_dayclose_alone BEFORE INSERT ON billing_dayclose
  FOR EACH ROW EXECUTE FUNCTION billing_day_open();
"""

# The pay order's row is the lock: the payment itself only grows and is never locked for change.
REFUNDS = """
CREATE FUNCTION billing_refund_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE paid bigint; back numeric;
BEGIN
  PERFORM 1 FROM billing_payorder o JOIN billing_payment p ON p.order_id = o.id
    WHERE p.id = NEW.payment_id FOR NO KEY UPDATE OF o;
  SELECT amount INTO paid FROM billing_payment WHERE id = NEW.payment_id;
  SELECT coalesce(sum(amount), 0) INTO back FROM billing_refund
    WHERE payment_id = NEW.payment_id AND status <> 'rejected';
  IF back > paid THEN
    RAISE EXCEPTION 'refunds of payment % would be % of %', NEW.payment_id, back, paid
      USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_refund_within_payment';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_refund_within_payment AFTER INSERT OR UPDATE OF amount, payment_id, status ON billing_refund
  FOR EACH ROW EXECUTE FUNCTION billing_refund_within_payment();
"""

# Rows that live keep what they are about: number, amount and whom they belong to never change, and none is deleted.
FROZEN = """
CREATE FUNCTION billing_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE col text;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION '% is never deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOREACH col IN ARRAY TG_ARGV LOOP
    IF to_jsonb(NEW) -> col IS DISTINCT FROM to_jsonb(OLD) -> col THEN
      RAISE EXCEPTION '%.% never changes', TG_TABLE_NAME, col USING ERRCODE = 'insufficient_privilege';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_charge_frozen BEFORE UPDATE OR DELETE ON billing_charge FOR EACH ROW
  EXECUTE FUNCTION billing_frozen('number', 'amount', 'patient_id', 'kind', 'subject_id');
CREATE TRIGGER billing_payorder_frozen BEFORE UPDATE OR DELETE ON billing_payorder FOR EACH ROW
  EXECUTE FUNCTION billing_frozen('number', 'amount', 'channel');
CREATE TRIGGER billing_refund_frozen BEFORE UPDATE OR DELETE ON billing_refund FOR EACH ROW
  EXECUTE FUNCTION billing_frozen('number', 'amount', 'payment_id', 'charge_id', 'settlement_id', 'key');
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE billing_number;", "DROP SEQUENCE billing_number;"),
        *[refuse_changes(table) for table in GROWING],
        migrations.RunSQL(
            BALANCED,
            "DROP TRIGGER billing_entry_balanced ON billing_entry; DROP TRIGGER billing_journal_balanced ON billing_journal; "
            "DROP FUNCTION billing_journal_balanced();",
        ),
        migrations.RunSQL(
            CLOSED,
            "DROP TRIGGER billing_dayclose_alone ON billing_dayclose; DROP TRIGGER billing_entry_day_open ON billing_entry; "
            "DROP TRIGGER billing_journal_day_open ON billing_journal; DROP FUNCTION billing_day_open();",
        ),
        migrations.RunSQL(
            REFUNDS,
            "DROP TRIGGER billing_refund_within_payment ON billing_refund; DROP FUNCTION billing_refund_within_payment();",
        ),
        migrations.RunSQL(
            FROZEN,
            "DROP TRIGGER billing_refund_frozen ON billing_refund; DROP TRIGGER billing_payorder_frozen ON billing_payorder; "
            "DROP TRIGGER billing_charge_frozen ON billing_charge; DROP FUNCTION billing_frozen();",
        ),
    ]
