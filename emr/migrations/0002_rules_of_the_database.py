"""What the database itself forbids: changes of signed records, and lines of a prescription that isn't a draft."""

from django.db import migrations

from hospital.kit.append_only import refuse_changes

_LINES = """
CREATE FUNCTION emr_prescription_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM emr_prescription
    WHERE status <> 'draft'
      AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.prescription_id END,
                 CASE WHEN TG_OP <> 'DELETE' THEN NEW.prescription_id END)
  ) THEN
    RAISE EXCEPTION 'a signed prescription does not change' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER emr_prescriptionline_signed BEFORE INSERT OR UPDATE OR DELETE ON emr_prescriptionline
  FOR EACH ROW EXECUTE FUNCTION emr_prescription_lines();
"""


class Migration(migrations.Migration):
    dependencies = [("emr", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE emr_number", "DROP SEQUENCE emr_number"),
        refuse_changes("emr_signedversion"),
        refuse_changes("emr_prescriptionreview"),
        refuse_changes("emr_dispensecheck"),
        migrations.RunSQL(
            _LINES,
            "DROP TRIGGER emr_prescriptionline_signed ON emr_prescriptionline; DROP FUNCTION emr_prescription_lines();",
        ),
    ]
