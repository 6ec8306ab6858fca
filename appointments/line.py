"""The order of a queue (AP-11). Pure: tickets in, the line out; whoever shows or calls asks here, so that the screen
in the hall, the phone and the doctor's desk never disagree.

Triage above "usual" goes first. Then appointments, with one patient who is back from an exam after every so many of
them; then walk-ins; last, who missed two calls. Within a class the old, the military, the disabled and the pregnant go
before others, unless they came late. Who missed a call is put back by so many calls, wherever that is (AP-10).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from .models import TicketLane, Triage
from .states import TicketStatus


class InLine(Protocol):
    pk: Any
    lane: int
    triage: int
    priority: str
    is_late: bool
    line_at: datetime
    not_before_turn: int


class Called(Protocol):
    lane: int
    status: str
    turn: int | None


T = TypeVar("T", bound=InLine)


@dataclass(frozen=True, slots=True)
class Past:
    """What the line remembers of the calls so far: how many, and how many since one who was back from an exam."""

    turns: int = 0
    since_return: int = 0


def past_of(tickets: Iterable[Called]) -> Past:
    """What the calls of a session have been so far."""
    turns = sorted((one.turn, _was_return(one)) for one in tickets if one.turn is not None)
    if not turns:
        return Past()
    last_return = max((turn for turn, is_return in turns if is_return), default=0)
    return Past(turns[-1][0], sum(turn > last_return for turn, _ in turns))


def _was_return(ticket: Called) -> bool:
    """Who waits again after an exam went in as an appointment before."""
    return ticket.lane == TicketLane.RETURN and ticket.status != TicketStatus.WAITING


def _within_class(ticket: InLine) -> tuple[bool, datetime, int]:
    first = bool(ticket.priority) and not ticket.is_late
    return (not first, ticket.line_at, ticket.pk)


def in_line(waiting: Iterable[T], past: Past, *, every: int) -> list[T]:
    """Who is called first stands first. `every`: so many appointments before one who is back from an exam."""
    back = [ticket for ticket in waiting if ticket.not_before_turn > past.turns + 1]
    free = [ticket for ticket in waiting if ticket.not_before_turn <= past.turns + 1]
    last = sorted((one for one in free if one.lane == TicketLane.LAST), key=_within_class)
    urgent = [one for one in free if one.triage < Triage.USUAL and one.lane != TicketLane.LAST]
    urgent.sort(key=lambda one: (one.triage, _within_class(one)))
    taken = {one.pk for one in [*last, *urgent]}
    usual = sorted((one for one in free if one.pk not in taken), key=_within_class)
    returns = [one for one in usual if one.lane == TicketLane.RETURN]
    walk_ins = [one for one in usual if one.lane == TicketLane.WALK_IN]
    appointments = [one for one in usual if one.lane not in {TicketLane.RETURN, TicketLane.WALK_IN}]
    line = [*urgent, *_merged(appointments, returns, past.since_return, every), *walk_ins, *last]
    for ticket in sorted(back, key=lambda one: (one.not_before_turn, one.pk)):
        line.insert(ticket.not_before_turn - past.turns - 1, ticket)
    return line


def _merged(appointments: list[T], returns: list[T], since_return: int, every: int) -> list[T]:
    """回诊 among appointments: one after every `every`, the sooner when some have gone already; all when none is left."""
    merged: list[T] = []
    ahead, back = list(appointments), list(returns)
    while ahead or back:
        if back and (since_return >= every or not ahead):
            merged.append(back.pop(0))
            since_return = 0
        else:
            merged.append(ahead.pop(0))
            since_return += 1
    return merged
