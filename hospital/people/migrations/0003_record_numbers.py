"""Medical record numbers come from a sequence of their own: no two patients, no gaps that matter."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("people", "0002_sign_in")]

    operations = [
        migrations.RunSQL(
            sql="CREATE SEQUENCE people_record_no START 10000001",
            reverse_sql="DROP SEQUENCE people_record_no",
        )
    ]
