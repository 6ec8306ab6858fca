"""The two statements of a hold that carry most of it: how the patient stands who asks for a place, and the booking's row.

Everything that may refuse a place is read at once with the patient's row locked.

Limits are counted per patient, so two requests of one patient come here one after the other (docs/locking.md). The checks
themselves stand with their rules: conduct (AP-06), suspicion (AP-07), booking (AP-01, AP-04), places (AP-02).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from billing.models import Charge
from hospital.kit.actor import Actor
from hospital.kit.transactions import within

from ..models import Booking, Channel, Period
from ..states import ACTIVE_BOOKING, BookingStatus
from .places import Taken, open_sql, taking
from .suspicion import Began, device_of


def _facts_sql(asked: str) -> str:
    """What a refusal may rest on. `asked` names the values of one who asks: a parameter each, or a column each."""
    period, account, device, day = (asked % name for name in ("period", "account", "device", "day"))
    return f"""
    patient.verified_at IS NOT NULL,
    (SELECT max(ends_at) FROM appointments_ban
     WHERE patient_id = patient.id AND lifted_at IS NULL AND starts_at <= %(at)s AND ends_at > %(at)s),
    (SELECT min(id) FROM appointments_booking
     WHERE patient_id = patient.id AND period_id = {period} AND status = %(held)s),
    ARRAY(SELECT department_id FROM appointments_booking
          WHERE patient_id = patient.id AND date = {day} AND status = ANY(%(active)s)),
    (SELECT count(*) FROM appointments_booking
     WHERE account_id = {account} AND created_at > %(at)s - interval '1 hour'),
    (SELECT count(DISTINCT patient_id) FROM appointments_booking
     WHERE account_id = {account} AND patient_id <> patient.id AND created_at > %(at)s - interval '1 day'),
    (SELECT count(DISTINCT account_id) FROM appointments_booking
     WHERE device = {device} AND device <> '' AND account_id <> {account} AND created_at > %(at)s - interval '1 day'),
    EXISTS (SELECT FROM appointments_place WHERE {open_sql(period)})
    """  # noqa: S608 - constants only


# Two statements in one journey. Each has a snapshot of its own, so the second sees what was committed while the first
# waited for the lock; as one statement it would count what was there before (tests/races).
_STANDING = f"""
SELECT 1 FROM people_patient WHERE id = %(patient)s FOR NO KEY UPDATE;
SELECT {_facts_sql("%%(%s)s")}
FROM people_patient AS patient WHERE patient.id = %(patient)s
"""  # noqa: S608 - constants only
# For many who ask at once nobody is waited for: whose row another request has is left to the verb that waits.
_LOCK_MANY = "SELECT id FROM people_patient WHERE id = ANY(%(patients)s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
# `conflicts`: what the constraints on bookings would forbid (AP-04). With the patient's row locked no other can come between.
_STANDING_MANY = f"""
SELECT patient.id, EXISTS (
    SELECT FROM appointments_booking AS other
    WHERE other.patient_id = patient.id AND other.status = ANY(%(active)s) AND (
        other.during && tstzrange(asked.starts_at, asked.ends_at)
        OR (other.doctor_id = asked.doctor AND other.date = asked.day AND other.half_day = asked.half_day))
) AS conflicts, {_facts_sql("asked.%s")}
FROM unnest(
    %(patients)s::bigint[], %(periods)s::bigint[], %(accounts)s::bigint[], %(devices)s::text[], %(days)s::date[],
    %(doctors)s::bigint[], %(halves)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]
) AS asked (patient, period, account, device, day, doctor, half_day, starts_at, ends_at)
JOIN people_patient AS patient ON patient.id = asked.patient
"""  # noqa: S608 - constants only
# Asked again with the place in hand: a stop or another doctor that came between is seen here, one that comes later waits
# for our place and then finds our booking (session_stop, session_substitute).
_COLUMNS = (
    "id", "patient_id", "account_id", "place_id", "period_id", "session_id", "doctor_id", "department_id", "date",
    "half_day", "during", "kind", "channel", "pool", "device", "moves", "number", "status", "charge_id", "held_until",
    "cancel_reason", "created_at",
)  # fmt: skip
_WRITE = f"""
INSERT INTO appointments_booking ({", ".join(_COLUMNS)})
SELECT {", ".join(f"%({name})s" for name in _COLUMNS)}
FROM appointments_session WHERE id = %(session_id)s AND status = 'open' AND doctor_id = %(doctor_id)s
"""  # noqa: S608 - constants only
# The same for many: what is the session's own is copied where it stands.
_WRITE_MANY = """
INSERT INTO appointments_booking (
    id, patient_id, account_id, place_id, period_id, session_id, doctor_id, department_id, date, half_day, during, kind,
    channel, pool, device, moves, number, status, charge_id, held_until, cancel_reason, created_at
)
SELECT
    new.id, new.patient_id, new.account_id, new.place_id, period.id, session.id, session.doctor_id, session.department_id,
    session.date, session.half_day, tstzrange(period.starts_at, period.ends_at), session.kind, %(channel)s, new.pool, new.device, 0, new.number,
    %(held)s, new.charge_id, new.held_until, '', %(at)s
FROM unnest(
    %(id)s::bigint[], %(patient_id)s::bigint[], %(account_id)s::bigint[], %(place_id)s::bigint[], %(period_id)s::bigint[],
    %(doctor_id)s::bigint[], %(pool)s::text[], %(device)s::text[], %(number)s::int[], %(charge_id)s::bigint[],
    %(held_until)s::timestamptz[]
) AS new (id, patient_id, account_id, place_id, period_id, doctor_id, pool, device, number, charge_id, held_until)
JOIN appointments_period AS period ON period.id = new.period_id
JOIN appointments_session AS session ON session.id = period.session_id
WHERE session.status = 'open' AND session.doctor_id = new.doctor_id
"""
_MANY = (
    "id", "patient_id", "account_id", "place_id", "period_id", "doctor_id", "pool", "device", "number", "charge_id",
    "held_until",
)  # fmt: skip
_ACTIVE = [str(status) for status in ACTIVE_BOOKING]


@dataclass(frozen=True, slots=True)
class Standing:
    is_proved: bool  # the real name (AP-01)
    banned_until: datetime | None  # AP-06
    held_already: int | None  # this patient's hold of this very period
    departments: frozenset[int]  # of that day's bookings (AP-04)
    began: Began  # AP-07
    is_room: bool  # a place that this channel may have; who is told "full" needn't queue for it (AP-02)


@within
def patient_standing(
    *, actor: Actor, patient_id: int, period: Period, day: date, channel: Channel, at: datetime
) -> Standing | None:
    """Lock the patient's row and read; None when there is no such patient."""
    asked: dict[str, Any] = {
        **taking(period.pk, channel, at), "patient": patient_id, "day": day, "held": BookingStatus.HELD.value,
        "active": _ACTIVE, "account": actor.account_id, "device": device_of(actor),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, asked)
        row = cursor.fetchone()
    return None if row is None else _standing(row)


def _standing(row: Sequence[Any]) -> Standing:
    proved, banned_until, held_already, departments, hour, people, accounts, room = row
    return Standing(proved, banned_until, held_already, frozenset(departments), Began(hour, people, accounts), room)


@dataclass(frozen=True, slots=True)
class Asking:
    """One of many who ask for a place; patients, accounts and devices of those who ask together all differ."""

    patient_id: int
    account_id: int | None
    device: str
    period: Period


@within
def patients_lock(patient_ids: Sequence[int]) -> set[int]:
    """Lock these patients' rows, but for those that another transaction has; answers which are locked."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_MANY, {"patients": list(patient_ids)})
        return {patient_id for (patient_id,) in cursor.fetchall()}


@within
def patient_standings(asking: Sequence[Asking], *, channel: Channel, at: datetime) -> dict[int, tuple[Standing, bool]]:
    """How each patient stands whose row is locked, and whether another booking of theirs is in the way (AP-04)."""
    sessions = [one.period.session for one in asking]
    asked: dict[str, Any] = {
        **taking(0, channel, at), "held": BookingStatus.HELD.value, "active": _ACTIVE,
        "patients": [one.patient_id for one in asking], "periods": [one.period.pk for one in asking],
        "accounts": [one.account_id for one in asking], "devices": [one.device for one in asking],
        "days": [session.date for session in sessions], "doctors": [session.doctor_id for session in sessions],
        "halves": [str(session.half_day) for session in sessions],
        "starts": [one.period.starts_at for one in asking], "ends": [one.period.ends_at for one in asking],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STANDING_MANY, asked)
        return {patient_id: (_standing(row), conflicts) for patient_id, conflicts, *row in cursor.fetchall()}


def booking_of(
    *, actor: Actor, patient_id: int, period: Period, taken: Taken, channel: Channel, charge: Charge,
    held_until: datetime, at: datetime,
) -> Booking:  # fmt: skip
    """The booking that holds a place which was taken for it; not yet written."""
    session = period.session
    return Booking(
        pk=taken.booking_id, patient_id=patient_id, account_id=actor.account_id, place_id=taken.place_id,
        period=period, session=session, doctor_id=session.doctor_id, department_id=session.department_id,
        date=session.date, half_day=session.half_day, during=DateTimeTZRange(period.starts_at, period.ends_at), kind=session.kind,
        channel=channel, pool=taken.pool, number=taken.number, status=BookingStatus.HELD, charge=charge, held_until=held_until,
        created_at=at, device=device_of(actor) if actor.is_patient else "", moves=0,
    )  # fmt: skip


@within
def booking_write(booking: Booking) -> bool:
    """Write the row of a new booking, if its session is still open and still this doctor's; whether it was."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {name: getattr(booking, name) for name in _COLUMNS})
        written = int(cursor.rowcount)
    booking._state.adding, booking._state.db = False, connection.alias
    return written == 1


@within
def bookings_write(bookings: Sequence[Booking], *, at: datetime) -> bool:
    """`booking_write` for many of one channel; whether every one of their sessions still was open and its doctor's."""
    rows: dict[str, Any] = {name: [getattr(booking, name) for booking in bookings] for name in _MANY}
    rows |= {"channel": str(bookings[0].channel), "held": BookingStatus.HELD.value, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_MANY, rows)
        written = int(cursor.rowcount)
    for booking in bookings:
        booking._state.adding, booking._state.db = False, connection.alias
    return written == len(bookings)
