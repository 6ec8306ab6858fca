"""The screens in the hall and at the doors: nobody signs in there, so names are masked (A5, SEC-09)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from hospital.kit import clock
from hospital.kit.masking import mask_name

from .. import kinds, parameters
from ..models import Session, Ticket
from ..states import IN_ROOM_TICKET, SessionStatus, TicketStatus
from .waiting import line_of

# So long a call stands above the rooms of every picture, for who waits for a room of another picture.
_CALL_STANDS = timedelta(minutes=2)
_CALLS_SHOWN = 4
_POLL = 5  # seconds; no picture may stand shorter, or a screen that asks so often would leave it out


@dataclass(frozen=True, slots=True)
class HallRoom:
    """One line of the screen in the hall: names are masked (SEC-09)."""

    session: Session
    called: str
    called_number: int | None
    called_again: bool
    called_at: datetime | None  # while the patient is called and hasn't come in yet
    waiting: list[tuple[int, str]]
    more: int

    @property
    def name(self) -> str:
        return self.session.room or self.session.doctor.name


@dataclass(frozen=True, slots=True)
class HallPicture:
    """What a screen shows now. More rooms than it has room for take turns, so that none stands below its edge; who is
    called in a room that isn't shown stands above them."""

    rooms: list[HallRoom]
    number: int
    of: int
    seconds: int
    calls: list[HallRoom]
    elsewhere: list[HallRoom]


def hall_rooms(department_id: int, *, at: datetime, room: str | None = None, shown: int = 4) -> list[HallRoom]:
    """Who is called and who waits at each room of a department now; at one room only for the screen at its door."""
    sessions = list(
        Session.objects.filter(
            department_id=department_id, date=clock.business_day(at), status=SessionStatus.OPEN,
            during__startswith__lte=at + timedelta(hours=1), during__endswith__gt=at - timedelta(hours=2),
            kind__in=[name for name, kind in kinds.registered().items() if kind.comes],
        )
        .select_related("doctor")
        .order_by("during")
    )  # fmt: skip
    sessions.sort(key=lambda session: _as_counted(session.room))
    if room is not None:
        sessions = [session for session in sessions if session.room == room][:1]
    tickets = list(Ticket.objects.filter(session__in=sessions).select_related("booking__patient"))
    rooms = []
    for session in sessions:
        own = [ticket for ticket in tickets if ticket.session_id == session.pk]
        called = next((ticket for ticket in own if ticket.status in IN_ROOM_TICKET), None)
        line = line_of(session, at=at, tickets=own)[1]
        rooms.append(
            HallRoom(
                session, mask_name(called.booking.patient.name) if called else "",
                called.booking.number if called else None, bool(called and called.calls > 1),
                called.called_at if called and called.status == TicketStatus.CALLED else None,
                [(ticket.booking.number, mask_name(ticket.booking.patient.name)) for ticket in line[:shown]],
                max(0, len(line) - shown),
            )
        )  # fmt: skip
    return rooms


def _as_counted(name: str) -> list[tuple[int, str]]:
    """Room 2 before room 10, as people count and letters don't."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def hall_picture(rooms: list[HallRoom], *, at: datetime) -> HallPicture:
    """The rooms whose turn it is by the clock: the same on every screen of the hall, and with no script to turn them."""
    most = max(1, parameters.HALL_ROOMS.at(at))
    seconds = max(_POLL, parameters.HALL_SECONDS.at(at))
    of = max(1, -(-len(rooms) // most))
    size = max(1, -(-len(rooms) // of))  # 9 rooms are 5 and 4, not 8 and 1
    index = int(at.timestamp()) // seconds % of
    here = rooms[index * size : (index + 1) * size]
    elsewhere = [room for room in rooms if room not in here]
    fresh = [room for room in rooms if room.called_at is not None and room.called_at > at - _CALL_STANDS]
    fresh.sort(key=lambda room: room.called_at or at, reverse=True)
    return HallPicture(here, index + 1, of, seconds, fresh[:_CALLS_SHOWN] if of > 1 else [], elsewhere)
