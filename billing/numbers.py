"""Numbers that people and channels read: a letter, the Shanghai day, a gapless-enough sequence of the database."""

from datetime import datetime

from django.db import connection

from hospital.kit import clock


def next_number(letter: str, at: datetime) -> str:
    """'P' -> 'P202611210000000042'; unique because the database counts, short enough for every channel (32)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('billing_number')")
        return f"{letter}{clock.business_day(at):%Y%m%d}{int(cursor.fetchone()[0]):010d}"
