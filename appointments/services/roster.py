"""Sessions: generated from the week roster, stopped, finished."""

from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Max, Q

from hospital.kit import clock, sweeps
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from .. import parameters, policy
from ..kinds import registered
from ..models import Booking, ReleaseRule, Session
from ..states import BOOKING, SESSION, BookingStatus, SessionStatus
from .conduct import absence_count
from .pools import sessions_allot
from .queue import line_close, session_may_close

STOPPED_SWEEP = "appointments.stopped"

# One statement: a session never exists without its periods, nor a period without its places. Who generates the same
# day twice, or at the same time, makes nothing the second time (appointments_session_start, _doctor_once).
_GENERATE = """
WITH days AS (
    SELECT asked::date AS date, campus.id AS campus_id,
           CASE WHEN own.id IS NULL THEN extract(isodow FROM asked)::int ELSE own.runs_as END AS runs_as,
           own.id IS NULL AND special.kind IN ('holiday', 'in_lieu') AS holiday
    FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS asked
    CROSS JOIN organisation_campus AS campus
    LEFT JOIN organisation_specialday AS special ON special.day = asked::date
    LEFT JOIN LATERAL (
        SELECT id, runs_as FROM appointments_rosterday AS decided
        WHERE decided.day = asked::date AND (decided.campus_id = campus.id OR decided.campus_id IS NULL)
        ORDER BY decided.campus_id NULLS LAST LIMIT 1
    ) AS own ON true
), wanted AS (
    SELECT slot.*, days.date,
           CASE WHEN starts < time '12:00' THEN 'am' WHEN starts < time '18:00' THEN 'pm' ELSE 'evening' END AS half_day,
           (days.date + slot.starts) AT TIME ZONE 'Asia/Shanghai' AS starts_at,
           (days.date + slot.ends) AT TIME ZONE 'Asia/Shanghai' AS ends_at,
           (SELECT (days.date - release.days_ahead + release.opens) AT TIME ZONE 'Asia/Shanghai'
            FROM appointments_releaserule AS release
            WHERE release.kind = slot.kind AND days.date >= release.effective_from
              AND (release.effective_to IS NULL OR days.date <= release.effective_to)
              AND (release.department_id = slot.department_id OR release.department_id IS NULL)
            ORDER BY release.department_id NULLS LAST LIMIT 1) AS releases_at
    FROM appointments_rosterslot AS slot
    JOIN organisation_staff AS doctor ON doctor.id = slot.doctor_id AND doctor.suspended_at IS NULL
    JOIN organisation_department AS department ON department.id = slot.department_id
    JOIN days ON days.campus_id = department.campus_id AND days.runs_as = slot.weekday
     AND (NOT coalesce(days.holiday, false) OR slot.on_holidays)
    WHERE days.date >= slot.effective_from AND (slot.effective_to IS NULL OR days.date <= slot.effective_to)
), sessions AS (
    INSERT INTO appointments_session
        (roster_slot_id, doctor_id, department_id, room, date, half_day, during, kind, level, fee_item, status,
         stop_reason, releases_at)
    SELECT id, doctor_id, department_id, room, date, half_day, tstzrange(starts_at, ends_at), kind, level, fee_item,
           'open', '', releases_at
    FROM wanted
    WHERE starts_at > %(at)s
      AND NOT EXISTS (SELECT FROM appointments_closure AS closed
                      WHERE closed.ended_at IS NULL AND wanted.date BETWEEN closed.first AND closed.last
                        AND (closed.doctor_id IS NULL OR closed.doctor_id = wanted.doctor_id)
                        AND (closed.department_id IS NULL OR closed.department_id = wanted.department_id)
                        AND closed.half_day IN ('', wanted.half_day))
      AND NOT EXISTS (SELECT FROM appointments_session AS made
                      WHERE made.doctor_id = wanted.doctor_id AND made.date = wanted.date
                        AND made.during && tstzrange(starts_at, ends_at))
    ORDER BY doctor_id, starts_at
    ON CONFLICT DO NOTHING
    RETURNING id, roster_slot_id, during
), periods AS (
    INSERT INTO appointments_period (session_id, starts_at, ends_at, capacity)
    SELECT sessions.id, starts_at, starts_at + make_interval(mins => slot.period_minutes), slot.places_per_period
    FROM sessions
    JOIN appointments_rosterslot AS slot ON slot.id = sessions.roster_slot_id
    CROSS JOIN generate_series(
        lower(during), upper(during) - make_interval(mins => slot.period_minutes),
        make_interval(mins => slot.period_minutes)
    ) AS starts_at
    RETURNING id, session_id, starts_at, capacity
), places AS (
    INSERT INTO appointments_place (period_id, session_id, seat, capacity, number)
    SELECT periods.id, session_id, seat, capacity,
           row_number() OVER (PARTITION BY session_id ORDER BY starts_at, seat)
    FROM periods CROSS JOIN generate_series(1, capacity) AS seat
)
SELECT coalesce(array_agg(id), '{}') FROM sessions
"""


@entry
def sessions_generate(*, actor: Actor, first: date, last: date, at: datetime) -> int:
    """Make the sessions of the roster for [first, last] that don't exist yet; answers how many were made."""
    policy.must_stop_sessions(actor)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # the planner expects millions of rows and compiles longer than it works
        cursor.execute(_GENERATE, {"first": first, "last": last, "at": at})
        made: list[int] = cursor.fetchone()[0]
    sessions_allot(made, at=at)
    return len(made)


def sessions_open_ahead(*, at: datetime) -> int:
    """The sweep: sessions of today and of the days ahead, and one day more than the earliest release (AP-03)."""
    today = clock.business_day(at)
    rules = ReleaseRule.objects.filter(Q(effective_to=None) | Q(effective_to__gte=today))
    release = rules.aggregate(most=Max("days_ahead"))["most"]
    ahead = max(parameters.DAYS_AHEAD.at(at), 0 if release is None else release + 1)
    return sessions_generate(
        actor=system("appointments.sessions"), first=today, last=today + timedelta(days=ahead), at=at
    )


@entry
def session_stop(*, actor: Actor, session_id: int, reason: str, at: datetime) -> int:
    """Stop a session (停诊): nobody can book it from now on; its bookings are worked off by a sweep (stops.py).

    Answers how many bookings that concerns. Raises NotFound, StaleMove (AP-08).
    """
    policy.must_stop_sessions(actor)
    session = Session.objects.filter(pk=session_id).first()
    if session is None:
        raise NotFound
    SESSION.move(session, SessionStatus.STOPPED, actor=actor, at=at, reason=reason, stop_reason=reason[:200])
    # Who is taking a place this moment has its row locked and is waited for here; who comes later finds the session
    # stopped. So the sweep misses nobody.
    list(session.places.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    sweeps.wake(STOPPED_SWEEP)
    active = [BookingStatus.HELD, BookingStatus.BOOKED, BookingStatus.CHECKED_IN]
    return Booking.objects.filter(session=session, status__in=active).count()


def sessions_close(*, at: datetime) -> int:
    """The sweep: sessions whose hours are over finish; who booked and never came is a no-show (AP-06)."""
    over = Session.objects.filter(status=SessionStatus.OPEN, during__endswith__lte=at - timedelta(minutes=60))
    done = 0
    for session_id in over.order_by("pk").values_list("pk", flat=True)[:500]:
        done += _session_close(session_id=session_id, at=at)
    return done


@entry
def _session_close(*, session_id: int, at: datetime) -> int:
    actor = system("appointments.close")
    session = Session.objects.select_for_update(no_key=True).get(pk=session_id)
    if session.status != SessionStatus.OPEN or not session_may_close(session, at=at):
        return 0
    line_close(session, at=at)
    SESSION.move(session, SessionStatus.FINISHED, actor=actor, at=at)
    comes = [name for name, kind in registered().items() if kind.comes]
    missed = session.bookings.filter(status=BookingStatus.BOOKED, kind__in=comes)
    for booking in missed.select_for_update(no_key=True).order_by("pk"):
        BOOKING.move(booking, BookingStatus.NO_SHOW, actor=actor, at=at, ended_at=at)
        absence_count(booking, at=at)
    return 1
