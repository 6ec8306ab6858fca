"""A day's payments, refunds and late postings found without reading every other day; made while the house goes on working."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing", "0013_digital_yuan")]

    operations = [
        AddIndexConcurrently(
            model_name="payment",
            index=BrinIndex(fields=["recorded_at"], autosummarize=True, name="billing_payment_booked"),
        ),
        AddIndexConcurrently(
            model_name="refund",
            index=models.Index(fields=["recorded_at"], condition=Q(status="succeeded"), name="billing_refund_booked"),
        ),
        AddIndexConcurrently(
            model_name="journal",
            index=models.Index(
                fields=["about_day"], condition=Q(about_day__isnull=False), name="billing_journal_about"
            ),
        ),
        AddIndexConcurrently(
            model_name="reconcase",
            index=models.Index(fields=["day"], condition=~Q(status="done"), name="billing_case_unfinished"),
        ),
    ]
