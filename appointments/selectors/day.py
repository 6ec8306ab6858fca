"""A doctor's day: whom the doctor sees on one date, session by session, for programs that show it."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.kept import Given, Kept
from hospital.kit.masking import mask_name
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.organisation.models import Post, Staff

from .. import policy
from ..line import in_line, past_of
from ..models import Booking, Session
from ..parameters import RETURN_EVERY
from ..states import IN_ROOM_TICKET, WAITING_TICKET, BookingStatus, TicketStatus

# Who is expected, who is here, who was. A hold may still end by itself; what was called off isn't the doctor's any more.
_OF_THE_DAY = [BookingStatus.BOOKED, BookingStatus.CHECKED_IN, BookingStatus.SEEN, BookingStatus.NO_SHOW]
_HERE = {*WAITING_TICKET, *IN_ROOM_TICKET, TicketStatus.AWAY}

_SESSIONS = Kept(lambda: Session.objects.filter(doctor=Given("doctor_id"), date=Given("day")).order_by("during"))
# Of the patients the name alone, which is encrypted; of the tickets what orders a line (line.py).
_VISITS = Kept(
    lambda: (
        Booking.objects.filter(session__doctor=Given("doctor_id"), session__date=Given("day"), status__in=_OF_THE_DAY)
        .order_by("during", "number")
        .values_list(
            "session_id", "pk", "number", "status", "period__starts_at", "period__ends_at", "patient__name",
            "ticket__pk", "ticket__status", "ticket__lane", "ticket__triage", "ticket__priority", "ticket__is_late",
            "ticket__line_at", "ticket__turn", "ticket__not_before_turn",
        )
    )
)  # fmt: skip


@dataclass(slots=True)
class DayTicket:
    """What the order of a line asks of a ticket."""

    pk: int
    status: str
    lane: int
    triage: int
    priority: str
    is_late: bool
    line_at: datetime
    turn: int | None
    not_before_turn: int


@dataclass(slots=True)
class DayVisit:
    """One patient of the day, by a masked name (SEC-09). `place` is where who waits stands in the line, from 1."""

    session_id: int
    booking_id: int
    number: int
    status: str
    starts_at: datetime
    ends_at: datetime
    name: str
    ticket: DayTicket | None
    place: int | None = None

    @property
    def state(self) -> str:
        """The booking's status; from check-in to the end of the visit the ticket's."""
        return self.ticket.status if self.ticket is not None and self.ticket.status in _HERE else self.status

    @property
    def triage(self) -> int | None:
        return self.ticket.triage if self.ticket is not None else None

    @property
    def priority(self) -> str:
        return self.ticket.priority if self.ticket is not None else ""

    @property
    def is_late(self) -> bool:
        return self.ticket is not None and self.ticket.is_late


@dataclass(frozen=True, slots=True)
class DaySession:
    session: Session
    visits: list[DayVisit]


@dataclass(frozen=True, slots=True)
class Day:
    doctor_id: int
    date: date
    sessions: list[DaySession]

    @property
    def version(self) -> str:
        """Changes whenever the picture does."""
        parts = [f"{self.doctor_id}.{self.date}"]
        for one in self.sessions:
            parts.append(f"{one.session.pk}.{one.session.status}.{one.session.room}")
            parts += [
                f"{visit.booking_id}.{visit.number}.{visit.state}.{visit.place}.{visit.triage}{visit.priority}"
                for visit in one.visits
            ]
        return hashlib.sha256("-".join(parts).encode()).hexdigest()[:32]


@entry
def day_for(actor: Actor, doctor_id: int, day: date, *, at: datetime, seen: str = "") -> Day | None:
    """A doctor's day, for the doctor and for those who run queues in the same department: their sessions of it. A
    program that may ask at all sees everybody's. None while it is still what `seen` was: a poll that learns nothing
    leaves no line. Raises NotFound."""
    sessions = [one for one in _SESSIONS.rows(doctor_id=doctor_id, day=day) if policy.may_see_day(actor, one)]
    if not sessions and not _may_ask(actor, doctor_id, day):
        raise NotFound
    visits = [_visit(row) for row in _VISITS.rows(doctor_id=doctor_id, day=day)]
    every = RETURN_EVERY.at(at)
    lines = [_with_places(one, [visit for visit in visits if visit.session_id == one.pk], every) for one in sessions]
    found = Day(doctor_id, day, lines)
    if seen and seen == found.version:
        return None
    record(actor, "day.read", at=at, subject=Staff(pk=doctor_id), reason=f"{day:%F}")
    return found


def _may_ask(actor: Actor, doctor_id: int, day: date) -> bool:
    """A doctor who doesn't sit on that day: may this reader know?"""
    if actor.is_system:
        return Staff.objects.filter(pk=doctor_id).exists()
    if actor.staff_id == doctor_id:
        return True
    posts = Post.objects.filter(staff_id=doctor_id, department_id__in=actor.department_ids, effective_from__lte=day)
    return posts.exists()


def _visit(row: tuple[Any, ...]) -> DayVisit:
    session_id, pk, number, status, starts_at, ends_at, name, *ticket = row
    here = DayTicket(*ticket) if ticket[0] is not None else None
    return DayVisit(session_id, pk, number, status, starts_at, ends_at, mask_name(name), here)


def _with_places(session: Session, visits: list[DayVisit], every: int) -> DaySession:
    tickets = [one.ticket for one in visits if one.ticket is not None]
    waiting = [one for one in tickets if one.status == TicketStatus.WAITING]
    line = in_line(waiting, past_of(tickets), every=every) if waiting else []
    places = {ticket.pk: place for place, ticket in enumerate(line, 1)}
    for one in visits:
        one.place = places.get(one.ticket.pk) if one.ticket is not None else None
    return DaySession(session, visits)
