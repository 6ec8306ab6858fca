"""Taking and giving back the scarce row (G01).

Whoever's id stands in a place's `booking_id` has it; no counter exists that could drift. Who takes a place queues at
its period, shortly, and looks with the lock in hand. Two shorter ways were tried under a crowd (tests/races) and are
wrong: with SKIP LOCKED alone a caller is told "full" while the taker before them is about to be refused, and a place
stays unsold; waiting at the places themselves, callers keep locks on places that turned out to be taken, and PostgreSQL
finds deadlocks among them.

What a channel may take (AP-02): places of its own pool first, then everybody's. A place of another pool is everybody's
from `common_from` on; one that was given back is nobody's until `free_from`, but for the waiting list (AP-05).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from hospital.kit.transactions import within

from ..models import Channel, Place, Pool
from ..pools import BEFORE_RETURN, OWN_POOL


def open_sql(period: str = "%(period)s") -> str:
    """What a channel may take now: `period`, `own`, `at` and `early` are parameters (taking())."""
    return f"""
        period_id = {period} AND booking_id IS NULL
        AND (pool IN ('common', %(own)s) OR common_from <= %(at)s)
        AND (free_from IS NULL OR free_from <= %(at)s OR %(early)s)
    """


# The channel's own places before everybody's.
_OWN_SQL = "(pool = %(own)s AND (common_from IS NULL OR common_from > %(at)s))"

# Two statements in one journey: the second looks with the lock in hand, in a snapshot of its own.
# PostgreSQL's statistics are of yesterday, when everything was sold, and by them it went through all free places of the house,
# choosing anew for each. So what was chosen is looked up by its key, and so that no index can be taken for "is free"; and no
# index but that of a period's free places leads to free ones (appointments_place_taken, appointments_place_free).
_TAKE = f"""
SELECT 1 FROM appointments_period WHERE id = %(period)s FOR NO KEY UPDATE;
UPDATE appointments_place
SET booking_id = nextval(pg_get_serial_sequence('appointments_booking', 'id')), free_from = NULL
WHERE id = (
    SELECT id FROM appointments_place WHERE {open_sql()} ORDER BY {_OWN_SQL} DESC, seat LIMIT 1
) AND coalesce(booking_id, 0) = 0
RETURNING id, number, booking_id, CASE WHEN {_OWN_SQL} THEN pool ELSE 'common' END
"""  # noqa: S608 - constants only
# The same for many callers of many periods, who are given places in the order in which one after the other would get them.
# Places are locked in the order of their keys, as who stops a session does.
_TAKE_MANY = f"""
SELECT 1 FROM appointments_period WHERE id = ANY(%(periods)s) ORDER BY id FOR NO KEY UPDATE;
WITH chosen AS MATERIALIZED (
    SELECT first.id FROM unnest(%(periods)s::bigint[], %(counts)s::int[]) AS wanted (period_id, count)
    CROSS JOIN LATERAL (
        SELECT id FROM appointments_place WHERE {open_sql("wanted.period_id")} ORDER BY {_OWN_SQL} DESC, seat LIMIT wanted.count
    ) AS first
), locked AS (
    SELECT id FROM appointments_place
    WHERE id = ANY(ARRAY(SELECT id FROM chosen)) AND coalesce(booking_id, 0) = 0 ORDER BY id FOR NO KEY UPDATE
)
UPDATE appointments_place AS place
SET booking_id = nextval(pg_get_serial_sequence('appointments_booking', 'id')), free_from = NULL
FROM locked WHERE place.id = locked.id
RETURNING period_id, {_OWN_SQL} AS own, seat, place.id, number, booking_id, CASE WHEN {_OWN_SQL} THEN pool ELSE 'common' END
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Taken:
    """A place that is ours, the id that the booking must get, and the pool it was sold from."""

    place_id: int
    number: int
    booking_id: int
    pool: Pool


def taking(period_id: int, channel: Channel, at: datetime) -> dict[str, int | str | bool | datetime]:
    """The parameters of OPEN_SQL."""
    return {
        "period": period_id, "at": at, "own": OWN_POOL.get(channel, Pool.COMMON).value, "early": channel in BEFORE_RETURN,
    }  # fmt: skip


@within
def place_take(period_id: int, *, at: datetime, channel: Channel = Channel.APP) -> Taken | None:
    """Take the first place of a period that this channel may have; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, taking(period_id, channel, at))
        row = cursor.fetchone()
    return None if row is None else Taken(row[0], row[1], row[2], Pool(row[3]))


@within
def places_take(wanted: Mapping[int, int], *, at: datetime, channel: Channel) -> dict[int, list[Taken]]:
    """`place_take` for many: so many places of each of these periods, or as many as there are."""
    periods = sorted(wanted)
    asked = {**taking(0, channel, at), "periods": periods, "counts": [wanted[period] for period in periods]}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_MANY, asked)
        rows = sorted(cursor.fetchall(), key=lambda row: (row[0], not row[1], row[2]))
    found: dict[int, list[Taken]] = {period: [] for period in periods}
    for period, _, _, *taken in rows:
        found[period].append(Taken(taken[0], taken[1], taken[2], Pool(taken[3])))
    return found


@within
def place_give_back(place_id: int, *, booking_id: int, free_from: datetime | None = None) -> None:
    """Free the place that this booking has, for everybody from `free_from` on; nothing happens when it has it no more."""
    Place.objects.filter(pk=place_id, booking_id=booking_id).update(booking_id=None, free_from=free_from)
