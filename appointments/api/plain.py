"""What everybody reads in the minute of release, as plain values: the same as the serializers say, which the schema shows.

A serializer finds out its fields anew for each answer and asks each of them for each row; that takes longer than the
queries. tests/appointments/test_api.py holds both to the same words.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.http import HttpResponse

from appointments.models import Booking, Session
from appointments.selectors import Day, DayVisit, PeriodLine, SessionLine
from hospital.kit import clock

_WRITE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def answer(body: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Plain values as JSON, as DRF's renderer writes them."""
    return HttpResponse(_WRITE(body), content_type="application/json", headers=headers)


@lru_cache(maxsize=8192)
def _moment(value: datetime) -> str:
    """Kept, because all sessions of a day share the same few moments, and finding the wall clock takes longer than a row."""
    return clock.local(value).isoformat()


def booking(made: Booking) -> dict[str, Any]:
    """serializers.BookingOutput, as JSON has it"""
    return {
        "id": made.pk, "patient_id": made.patient_id, "doctor_id": made.doctor_id, "department_id": made.department_id,
        "session_id": made.session_id, "period_id": made.period_id, "kind": str(made.kind), "number": made.number,
        "status": str(made.status), "starts_at": _moment(made.starts_at), "ends_at": _moment(made.ends_at),
        "charge_id": made.charge_id, "held_until": None if made.held_until is None else _moment(made.held_until),
    }  # fmt: skip


def periods(lines: Iterable[PeriodLine]) -> list[dict[str, Any]]:
    """serializers.PeriodOutput"""
    return [
        {"id": line.id, "starts_at": _moment(line.starts_at), "ends_at": _moment(line.ends_at), "free": line.free}
        for line in lines
    ]


def session_lines(lines: Iterable[SessionLine]) -> list[dict[str, Any]]:
    """serializers.SessionLineOutput"""
    return [{"session": _session(line.session), "free": line.free, "fee": line.fee} for line in lines]


def _session(session: Session) -> dict[str, Any]:
    """serializers.SessionOutput"""
    return {
        "id": session.pk, "doctor_id": session.doctor_id, "department_id": session.department_id,
        "date": session.date.isoformat(), "half_day": session.half_day,
        "starts_at": _moment(session.starts_at), "ends_at": _moment(session.ends_at),
        "kind": session.kind, "level": session.level, "room": session.room,
    }  # fmt: skip


def day(found: Day) -> dict[str, Any]:
    """serializers.DayOutput"""
    return {
        "doctor_id": found.doctor_id,
        "date": found.date.isoformat(),
        "sessions": [
            {"session": _session(one.session), "status": one.session.status, "visits": [_visit(visit) for visit in one.visits]}
            for one in found.sessions
        ],
    }  # fmt: skip


def _visit(visit: DayVisit) -> dict[str, Any]:
    return {
        "booking_id": visit.booking_id, "number": visit.number, "name": visit.name, "state": visit.state,
        "starts_at": _moment(visit.starts_at), "ends_at": _moment(visit.ends_at), "place": visit.place,
        "is_late": visit.is_late, "triage": visit.triage, "priority": visit.priority,
    }  # fmt: skip
