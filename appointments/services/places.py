"""Taking and giving back the scarce row (G01).

Whoever's id stands in a place's `booking_id` has it; no counter exists that could drift. Who takes a place queues at
its period, shortly, and looks with the lock in hand. Two shorter ways were tried under a crowd (tests/races) and are
wrong: with SKIP LOCKED alone a caller is told "full" while the taker before them is about to be refused, and a place
stays unsold; waiting at the places themselves, callers keep locks on places that turned out to be taken, and PostgreSQL
finds deadlocks among them.
"""

from dataclasses import dataclass

from django.db import connection

from hospital.kit.transactions import within

from ..models import Period, Place

_TAKE = """
UPDATE appointments_place SET booking_id = nextval(pg_get_serial_sequence('appointments_booking', 'id'))
WHERE id = (SELECT id FROM appointments_place WHERE period_id = %s AND booking_id IS NULL ORDER BY seat LIMIT 1)
  AND booking_id IS NULL
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
    """Take the first free place of a period; None when all are taken."""
    free = Place.objects.filter(period_id=period_id, booking=None)
    if not free.exists():
        return None  # nobody needs to queue to hear that
    Period.objects.select_for_update(no_key=True).filter(pk=period_id).values_list("pk", flat=True).get()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [period_id])
        row = cursor.fetchone()
    return None if row is None else Taken(*row)


@within
def place_give_back(place_id: int, *, booking_id: int) -> None:
    """Free the place that this booking has; nothing happens when it has it no more."""
    Place.objects.filter(pk=place_id, booking_id=booking_id).update(booking_id=None)
