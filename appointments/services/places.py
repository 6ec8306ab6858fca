"""Taking and giving back the scarce row, one statement each (G01).

Whoever's id stands in a place's `booking_id` has it. No counter exists that could drift, and nobody reads before
writing: the statement that looks for a free place is the one that takes it.
"""

from dataclasses import dataclass

from django.db import connection

from hospital.kit.transactions import within

from ..models import Place

_TAKE = """
UPDATE appointments_place SET booking_id = nextval(pg_get_serial_sequence('appointments_booking', 'id'))
WHERE id = (
    SELECT id FROM appointments_place WHERE period_id = %s AND booking_id IS NULL
    ORDER BY seat LIMIT 1 FOR NO KEY UPDATE {wait}
)
RETURNING id, number, booking_id
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A place that is ours, and the id that the booking must get."""

    place_id: int
    number: int
    booking_id: int


@within
def place_take(period_id: int) -> Taken | None:
    """Take the first free place of a period; None when all are taken.

    First past the places that others are just taking, so that nobody queues while another place is free. If there
    was none, once more with waiting: a place that is locked now comes free when its taker is refused, and telling
    "full" then would leave it unsold while somebody wants it (G01).
    """
    for wait in ("SKIP LOCKED", ""):
        with connection.cursor() as cursor:
            cursor.execute(_TAKE.format(wait=wait), [period_id])
            row = cursor.fetchone()
        if row is not None:
            return Taken(*row)
    return None


@within
def place_give_back(place_id: int, *, booking_id: int) -> None:
    """Free the place that this booking has; nothing happens when it has it no more."""
    Place.objects.filter(pk=place_id, booking_id=booking_id).update(booking_id=None)
