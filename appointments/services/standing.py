"""The two statements of a hold that carry most of it: how the patient stands who asks for a place, and the booking's row.

Everything that may refuse a place is read at once with the patient's row locked.

Limits are counted per patient, so two requests of one patient come here one after the other (docs/locking.md). The checks
themselves stand with their rules: conduct (AP-06), suspicion (AP-07), booking (AP-01, AP-04), places (AP-02).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from hospital.kit.actor import Actor
from hospital.kit.transactions import within

from ..models import Booking, Channel, Period
from ..states import ACTIVE_BOOKING, BookingStatus
from .places import OPEN_SQL, taking
from .suspicion import Began, device_of

# Two statements in one journey. Each has a snapshot of its own, so the second sees what was committed while the first
# waited for the lock; as one statement it would count what was there before (tests/races).
_STANDING = f"""
SELECT 1 FROM people_patient WHERE id = %(patient)s FOR NO KEY UPDATE;
SELECT
    patient.verified_at IS NOT NULL,
    (SELECT max(ends_at) FROM appointments_ban
     WHERE patient_id = patient.id AND lifted_at IS NULL AND starts_at <= %(at)s AND ends_at > %(at)s),
    (SELECT min(id) FROM appointments_booking
     WHERE patient_id = patient.id AND period_id = %(period)s AND status = %(held)s),
    ARRAY(SELECT department_id FROM appointments_booking
          WHERE patient_id = patient.id AND date = %(day)s AND status = ANY(%(active)s)),
    (SELECT count(*) FROM appointments_booking
     WHERE account_id = %(account)s AND created_at > %(at)s - interval '1 hour'),
    (SELECT count(DISTINCT patient_id) FROM appointments_booking
     WHERE account_id = %(account)s AND patient_id <> patient.id AND created_at > %(at)s - interval '1 day'),
    (SELECT count(DISTINCT account_id) FROM appointments_booking
     WHERE device = %(device)s AND device <> '' AND account_id <> %(account)s AND created_at > %(at)s - interval '1 day'),
    EXISTS (SELECT FROM appointments_place WHERE {OPEN_SQL})
FROM people_patient AS patient WHERE patient.id = %(patient)s
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
    if row is None:
        return None
    proved, banned_until, held_already, departments, hour, people, accounts, room = row
    return Standing(proved, banned_until, held_already, frozenset(departments), Began(hour, people, accounts), room)


@within
def booking_write(booking: Booking) -> bool:
    """Write the row of a new booking, if its session is still open and still this doctor's; whether it was."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {name: getattr(booking, name) for name in _COLUMNS})
        written = int(cursor.rowcount)
    booking._state.adding, booking._state.db = False, connection.alias
    return written == 1
