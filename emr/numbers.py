"""Numbers that people read out: a letter, the day, and a running number from a sequence of the database."""

from datetime import datetime

from django.db import connection

from hospital.kit import clock


def next_number(prefix: str, at: datetime) -> str:
    """E.g. 'L2611210000042': unique while fewer than ten million are drawn on one day."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('emr_number')")
        drawn = int(cursor.fetchone()[0])
    return f"{prefix}{clock.local(at):%y%m%d}{drawn % 10_000_000:07d}"
