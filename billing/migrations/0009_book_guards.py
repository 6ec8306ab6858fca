"""What the database itself forbids in the books: a reversal that isn't one, a closing rewritten, a bill changed."""

from django.db import migrations

from hospital.kit.append_only import refuse_changes

# A day that was opened again by two people takes journals until it is closed anew.
OPEN_DAY = """
CREATE OR REPLACE FUNCTION billing_day_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE business date;
BEGIN
  IF TG_TABLE_NAME = 'billing_dayclose' THEN
    PERFORM pg_advisory_xact_lock(7201, NEW.day - DATE '2000-01-01');
    RETURN NEW;
  END IF;
  IF TG_TABLE_NAME = 'billing_journal' THEN business := NEW.business_day;
  ELSE SELECT business_day INTO business FROM billing_journal WHERE id = NEW.journal_id; END IF;
  PERFORM pg_advisory_xact_lock_shared(7201, business - DATE '2000-01-01');
  IF EXISTS (SELECT 1 FROM billing_dayclose WHERE day = business AND confirmed_at IS NOT NULL AND reopened_at IS NULL) THEN
    RAISE EXCEPTION 'business day % is closed', business
      USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_day_open';
  END IF;
  RETURN NEW;
END $$;
"""

BEFORE = """
CREATE OR REPLACE FUNCTION billing_day_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE business date;
BEGIN
  IF TG_TABLE_NAME = 'billing_dayclose' THEN
    PERFORM pg_advisory_xact_lock(7201, NEW.day - DATE '2000-01-01');
    RETURN NEW;
  END IF;
  IF TG_TABLE_NAME = 'billing_journal' THEN business := NEW.business_day;
  ELSE SELECT business_day INTO business FROM billing_journal WHERE id = NEW.journal_id; END IF;
  PERFORM pg_advisory_xact_lock_shared(7201, business - DATE '2000-01-01');
  IF EXISTS (SELECT 1 FROM billing_dayclose WHERE day = business AND confirmed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'business day % is closed', business
      USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_day_open';
  END IF;
  RETURN NEW;
END $$;
"""

# Signatures are written once: a field that holds something never changes, and a closing is never deleted.
SIGNED_ONCE = """
CREATE FUNCTION billing_dayclose_signed_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE col text; was jsonb; is_now jsonb;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a closing is never deleted' USING ERRCODE = 'insufficient_privilege';
  END IF;
  was := to_jsonb(OLD); is_now := to_jsonb(NEW);
  FOR col IN SELECT key FROM jsonb_each(was) LOOP
    IF was -> col IS DISTINCT FROM is_now -> col AND was ->> col IS NOT NULL AND was ->> col NOT IN ('', '{}')
       AND NOT (col LIKE 'reopen\\_%' AND OLD.reopened_at IS NULL) THEN
      RAISE EXCEPTION 'billing_dayclose.% never changes', col USING ERRCODE = 'insufficient_privilege';
    END IF;
  END LOOP;
  IF NEW.reopened_at IS NOT NULL AND NEW.confirmed_at IS NULL THEN
    RAISE EXCEPTION 'day % was not closed', NEW.day USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_dayclose_signed_once BEFORE UPDATE OR DELETE ON billing_dayclose
  FOR EACH ROW EXECUTE FUNCTION billing_dayclose_signed_once();
"""

# Per account, a journal and the one that reverses it add up to nothing; a reversal isn't reversed but booked anew.
REVERSAL = """
CREATE FUNCTION billing_reversal_is_exact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first bigint; wrong integer;
BEGIN
  first := NEW.reverses_id;
  IF first IS NULL THEN RETURN NULL; END IF;
  IF EXISTS (SELECT 1 FROM billing_journal WHERE id = first AND reverses_id IS NOT NULL) THEN
    RAISE EXCEPTION 'journal % is a reversal itself', first
      USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_reversal_is_exact';
  END IF;
  SELECT count(*) INTO wrong FROM (SELECT account_id FROM billing_entry WHERE journal_id IN (first, NEW.id)
    GROUP BY account_id HAVING sum(amount) <> 0) differing;
  IF wrong > 0 THEN
    RAISE EXCEPTION 'journal % does not reverse journal % exactly', NEW.id, first
      USING ERRCODE = 'check_violation', CONSTRAINT = 'billing_reversal_is_exact';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_reversal_is_exact AFTER INSERT ON billing_journal
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_reversal_is_exact();
"""

# The bytes of a bill compress five to one; lz4 does it faster than the disk writes. A server built without it keeps them plain.
PLAIN_OR_LZ4 = """
DO $$ BEGIN
  ALTER TABLE billing_billpart ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  ALTER TABLE billing_billpart ALTER COLUMN body SET STORAGE EXTERNAL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_books_and_bills")]

    operations = [
        migrations.RunSQL(OPEN_DAY, BEFORE),
        migrations.RunSQL(
            SIGNED_ONCE,
            "DROP TRIGGER billing_dayclose_signed_once ON billing_dayclose; DROP FUNCTION billing_dayclose_signed_once();",
        ),
        migrations.RunSQL(
            REVERSAL,
            "DROP TRIGGER billing_reversal_is_exact ON billing_journal; DROP FUNCTION billing_reversal_is_exact();",
        ),
        migrations.RunSQL(PLAIN_OR_LZ4, migrations.RunSQL.noop),
        *[
            refuse_changes(table)
            for table in ("billing_billpart", "billing_fundline", "billing_bankcredit", "billing_paymentsplit")
        ],
    ]
