"""What everybody reads in the minute of release, as plain values: the same as the serializers say, which the schema shows.

A serializer finds out its fields anew for each answer and asks each of them for each row; that takes longer than the
queries. tests/appointments/test_api.py holds both to the same words.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from appointments.selectors import PeriodLine, SessionLine
from hospital.kit import clock


def _moment(value: datetime) -> str:
    return clock.local(value).isoformat()


def periods(lines: Iterable[PeriodLine]) -> list[dict[str, Any]]:
    """serializers.PeriodOutput"""
    return [
        {
            "id": line.period.pk, "starts_at": _moment(line.period.starts_at), "ends_at": _moment(line.period.ends_at),
            "free": line.free,
        }
        for line in lines
    ]  # fmt: skip


def session_lines(lines: Iterable[SessionLine]) -> list[dict[str, Any]]:
    """serializers.SessionLineOutput"""
    return [
        {
            "session": {
                "id": line.session.pk, "doctor_id": line.session.doctor_id, "department_id": line.session.department_id,
                "date": line.session.date.isoformat(), "half_day": line.session.half_day,
                "starts_at": _moment(line.session.starts_at), "ends_at": _moment(line.session.ends_at),
                "kind": line.session.kind, "level": line.session.level, "room": line.session.room,
            },
            "free": line.free, "fee": line.fee,
        }
        for line in lines
    ]  # fmt: skip
