"""Quotas put into force, and places beyond the roster (AP-02).

Whoever changes which pool a place belongs to holds its period, as whoever takes one does (services/places.py).
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry, within

from .. import errors, parameters, policy
from ..models import Period, Place, Pool, Quota, Session
from ..pools import Seat, Share, shared_out
from ..states import SessionStatus
from .places import Taken

_EXTRA = """
WITH grown AS (
    UPDATE appointments_period SET capacity = capacity + 1 WHERE id = %(period)s RETURNING id, session_id, capacity
)
INSERT INTO appointments_place (period_id, session_id, seat, capacity, number, pool, booking_id)
SELECT id, session_id, capacity, capacity,
       (SELECT max(number) + 1 FROM appointments_place AS other WHERE other.session_id = grown.session_id),
       'extra', nextval(pg_get_serial_sequence('appointments_booking', 'id'))
FROM grown
RETURNING id, number, booking_id
"""


@within
def sessions_allot(session_ids: Sequence[int], *, at: datetime) -> int:
    """Share out the free places of these sessions by the quotas of their dates; answers how many are kept for a pool."""
    if not session_ids or not Quota.objects.filter(Q(effective_to=None) | Q(effective_to__gte=clock.business_day(at))):
        return 0
    kept = 0
    for session in Session.objects.filter(pk__in=session_ids).select_related("department").order_by("pk"):
        kept += _allot(session)
    return kept


@within
def _allot(session: Session) -> int:
    starts = dict(
        Period.objects.select_for_update(no_key=True)
        .filter(session=session)
        .order_by("pk")
        .values_list("pk", "starts_at")
    )
    places = Place.objects.filter(session=session).exclude(pool=Pool.EXTRA).order_by("number")
    seats, period_of = [], {}
    for place_id, pool, booking_id, period_id in places.values_list("pk", "pool", "booking_id", "period_id"):
        period_of[place_id] = period_id
        moment = clock.local(starts[period_id]).time()
        seats.append(Seat(place_id, Pool(pool), booking_id is not None, moment))
    kept = 0
    for place_id, share in shared_out(seats, shares_of(session)).items():
        pool = Pool.COMMON if share is None else share.pool
        back_at = None if share is None else share.back_at(starts[period_of[place_id]])
        Place.objects.filter(pk=place_id, booking=None).update(pool=pool, common_from=back_at)
        kept += share is not None
    return kept


def shares_of(session: Session) -> list[Share]:
    """The quotas that hold for a session, one per pool: the doctor's before the department's before the house's."""
    rows = Quota.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=session.date),
        Q(doctor=None) | Q(doctor_id=session.doctor_id),
        Q(department=None) | Q(department_id=session.department_id),
        kind=session.kind, effective_from__lte=session.date,
    )  # fmt: skip
    exact: dict[str, Quota] = {}
    for row in sorted(rows, key=lambda row: (row.doctor_id is not None, row.department_id is not None)):
        exact[row.pool] = row
    return [
        Share(Pool(row.pool), row.percent, row.back_hours, row.from_time, row.to_time)
        for _, row in sorted(exact.items())
        if row.percent
    ]


def quotas_apply(*, actor: Actor, first: date, last: date, at: datetime) -> int:
    """Put the quotas of today's list into force for sessions that exist, one by one; what is sold stays sold."""
    policy.must_run_rosters(actor)
    sessions = Session.objects.filter(date__range=(first, last), status=SessionStatus.OPEN, during__endswith__gt=at)
    return sum(_apply(session_id) for session_id in sessions.order_by("pk").values_list("pk", flat=True))


@entry
def _apply(session_id: int) -> int:
    return _allot(Session.objects.select_related("department").get(pk=session_id))


@within
def place_take_extra(period: Period, *, at: datetime) -> Taken:
    """A place beyond the roster, made for one booking by the doctor (加号). Raises NoMoreExtra (AP-02)."""
    Period.objects.select_for_update(no_key=True).filter(pk=period.pk).values_list("pk", flat=True).get()
    limit = parameters.EXTRA_PLACES.at(at, period.session.department.campus_id)
    Session.objects.select_for_update(no_key=True).filter(pk=period.session_id).values_list("pk", flat=True).get()
    if Place.objects.filter(session_id=period.session_id, pool=Pool.EXTRA, booking__isnull=False).count() >= limit:
        raise errors.NoMoreExtra(limit=limit)
    with connection.cursor() as cursor:
        cursor.execute(_EXTRA, {"period": period.pk})
        place_id, number, booking_id = cursor.fetchone()
    return Taken(place_id, number, booking_id, Pool.EXTRA)
