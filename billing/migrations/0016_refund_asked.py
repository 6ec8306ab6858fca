"""What a refund was asked for is kept, so that the same key for anything else is told apart (G09)."""

from django.db import migrations, models

FROZEN = """
CREATE OR REPLACE TRIGGER billing_refund_frozen BEFORE UPDATE OR DELETE ON billing_refund FOR EACH ROW
  EXECUTE FUNCTION billing_frozen('number', 'amount', 'payment_id', 'charge_id', 'settlement_id', 'key'{more});
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0015_packages")]

    operations = [
        migrations.AddField("refund", "asked", models.JSONField(blank=True, null=True)),
        migrations.RunSQL(FROZEN.format(more=", 'asked'"), FROZEN.format(more="")),
    ]
