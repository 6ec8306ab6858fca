"""Numbers that people and channels read: a letter, the Shanghai day, a gapless-enough sequence of the database."""

from datetime import datetime

from django.db import connection

from hospital.kit import clock

# The same in SQL, for an INSERT that numbers its row itself; `number_head` is `head(letter, at)`.
NEXT_SQL = """
    (SELECT %(number_head)s || lpad(counted, greatest(10, length(counted)), '0')
     FROM (SELECT nextval('billing_number')::text AS counted) AS next)
"""


def head(letter: str, at: datetime) -> str:
    return f"{letter}{clock.business_day(at):%Y%m%d}"


def next_number(letter: str, at: datetime) -> str:
    """'P' -> 'P202611210000000042'; unique because the database counts, short enough for every channel (32)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('billing_number')")
        return f"{head(letter, at)}{int(cursor.fetchone()[0]):010d}"
