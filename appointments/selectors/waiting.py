"""How long: where a ticket stands in its line, and about when it is called (A5). What was said at check-in is kept with
the ticket, so that `expected_errors` can tell how far it was from what happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from ..line import Past, in_line, past_of
from ..models import Session, Ticket, TicketLane
from ..parameters import CHECK_IN_LATE, RETURN_EVERY
from ..states import IN_ROOM_TICKET, BookingStatus, TicketStatus

# Weight of the plan against visits that are over: three visits of the day count as much as the plan does.
_PLAN_COUNTS = 3
# Of those who booked and haven't come yet, so many come, and about so long before their time.
_COMES = 0.85
_COMES_EARLY = timedelta(minutes=8)


@dataclass(frozen=True, slots=True)
class QueueLine:
    """Where a waiting patient stands: how many go before, and about how many minutes until the call."""

    ahead: int
    minutes: int


def line_of(session: Session, *, at: datetime, tickets: Sequence[Ticket] | None = None) -> tuple[Past, list[Ticket]]:
    """The past and the line of a session, first called first (AP-11)."""
    if tickets is None:
        tickets = list(session.tickets.select_related("booking", "session"))
    past = past_of(tickets)
    waiting = [one for one in tickets if one.status == TicketStatus.WAITING]
    return past, in_line(waiting, past, every=RETURN_EVERY.at(at))


def queue_position(ticket: Ticket, *, at: datetime) -> QueueLine:
    """How many go before this ticket, who is in the room included, and the minutes until its call by the pace of the
    session so far, those who are still to come before it included."""
    session = ticket.session
    tickets = list(session.tickets.select_related("booking"))
    _, line = line_of(session, at=at, tickets=tickets)
    before = next((place for place, one in enumerate(line) if one.pk == ticket.pk), 0)
    in_room = [one for one in tickets if one.status in IN_ROOM_TICKET]
    pace = _pace(session, tickets)
    expected = max(at, session.starts_at) + sum((_left(one, pace, at) for one in in_room), timedelta()) + before * pace
    for comes_at in sorted(_to_come_before(ticket, at)):
        if comes_at < expected:
            expected += _COMES * pace
    return QueueLine(before + len(in_room), max(0, round((expected - at).total_seconds() / 60)))


def _left(ticket: Ticket, pace: timedelta, at: datetime) -> timedelta:
    """Of a visit that goes on: what is left of a usual one, but never nothing."""
    since = at - ticket.serving_at if ticket.serving_at is not None else timedelta()
    return max(pace - since, pace / 5)


def _to_come_before(ticket: Ticket, at: datetime) -> list[datetime]:
    """When those arrive who have booked, aren't here yet and would go before this ticket."""
    if ticket.lane == TicketLane.LAST:
        return []
    booked = ticket.session.bookings.filter(status=BookingStatus.BOOKED).values_list("during", flat=True)
    late = timedelta(minutes=CHECK_IN_LATE.at(at))
    starts = [during.lower for during in booked if during.lower is not None and during.lower + late > at]
    if ticket.lane == TicketLane.APPOINTMENT:
        starts = [start for start in starts if start < ticket.line_at]
    return [max(start - _COMES_EARLY, at) for start in starts]


def _pace(session: Session, tickets: Iterable[Ticket]) -> timedelta:
    """Time from one patient to the next: the plan, corrected by the last visits of this session."""
    over = [one for one in tickets if one.status == TicketStatus.FINISHED and one.serving_at and one.finished_at]
    over.sort(key=lambda one: one.finished_at or session.ends_at)
    times = [one.finished_at - one.serving_at for one in over[-10:] if one.finished_at and one.serving_at]
    plan = (session.ends_at - session.starts_at) / max(1, session.places.count())
    return (_PLAN_COUNTS * plan + sum(times, timedelta())) / (_PLAN_COUNTS + len(times))


@dataclass(frozen=True, slots=True)
class ExpectedErrors:
    """Of the minutes told at check-in, against the first call: how many, and how far off, in minutes.

    bias: above zero, patients were called later than told.
    """

    tickets: int
    median: float
    p90: float
    bias: float


def expected_errors(first: date, last: date, *, department_id: int | None = None) -> ExpectedErrors | None:
    """The measured error of the expected minutes over some days; None when nobody was called."""
    rows = Ticket.objects.filter(
        session__date__range=(first, last), expected_at__isnull=False, first_called_at__isnull=False
    )
    if department_id is not None:
        rows = rows.filter(session__department_id=department_id)
    off = [
        (called - expected).total_seconds() / 60
        for called, expected in rows.values_list("first_called_at", "expected_at")
        if called is not None and expected is not None
    ]
    if not off:
        return None
    sizes = sorted(abs(one) for one in off)
    p90 = sizes[min(len(sizes) - 1, round(0.9 * len(sizes)))]
    return ExpectedErrors(len(off), round(median(sizes), 1), round(p90, 1), round(sum(off) / len(off), 1))
