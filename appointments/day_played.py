"""A day at the hospital, played through the product's own verbs: who books, comes early or late or not at all, misses
the call, is sent to an exam and comes back, and a doctor who is slower than the plan. For `manage.py queue_day` and the tests.

Nothing here decides anything: what happens to a ticket is what the verbs do with it. The dice are seeded, so the same
number plays the same day.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

from billing.models import Category, PriceItem
from hospital.kit import clock, invariants
from hospital.kit.actor import Actor, Role, system
from hospital.organisation.models import Campus, Department, Staff
from hospital.people import identity
from hospital.people.models import Account, DocumentType, Patient, Sex

from . import errors, selectors, services
from .models import Booking, Channel, Level, Period, RosterSlot, Session, Ticket, TicketLane, VisitKind
from .states import IN_ROOM_TICKET, BookingStatus, TicketStatus

HOUSE = system("appointments.day_played")
_FEE = "DAY-PLAYED"
_HOURS = ((time(8), time(11, 30)), (time(13, 30), time(16, 30)))  # 78 periods of five minutes
PERIODS = 78


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of all visits; minutes of a visit."""

    never_come: float = 0.05
    walk_in: float = 0.08
    miss_a_call: float = 0.04
    miss_the_second: float = 0.5
    to_an_exam: float = 0.08
    never_back: float = 0.05
    urgent: float = 0.01
    minutes: float = 4.2
    spread: float = 0.35


@dataclass
class Day:
    """One day being played."""

    visits: int
    at: datetime
    dice: random.Random
    habits: Habits = field(default_factory=Habits)
    events: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _number: int = 0

    @property
    def day(self) -> date:
        return clock.business_day(self.at) + timedelta(days=1)

    # --- The house --------------------------------------------------------------------------------------------
    def build(self) -> list[Session]:
        """A department with as many doctors as the visits need, their sessions of tomorrow, and the patients booked."""
        campus = Campus.objects.create(code="DP", name="演练院区")
        department = Department.objects.create(campus=campus, code="DP-1", national_code="A19", name="演练门诊")
        PriceItem.objects.create(
            code=_FEE, name="演练挂号费", category=Category.REGISTRATION, price=0, unit="次", source="演练",
            effective_from=self.at - timedelta(days=1),
        )  # fmt: skip
        for number in range(-(-self.visits // PERIODS)):
            account = Account(login=f"DP{number:04d}", created_at=self.at, is_staff=True)
            account.set_unusable_password()
            account.save(force_insert=True)
            doctor = Staff.objects.create(account=account, number=f"DP{number:04d}", name=f"医生{number}")
            for starts, ends in _HOURS:
                RosterSlot.objects.create(
                    doctor=doctor, department=department, room=f"{number + 1}诊室", weekday=self.day.isoweekday(),
                    starts=starts, ends=ends, kind=VisitKind.CLINIC, level=Level.NORMAL, period_minutes=5,
                    places_per_period=1, fee_item=_FEE, effective_from=self.day, effective_to=self.day,
                )  # fmt: skip
        services.sessions_generate(actor=HOUSE, first=self.day, last=self.day, at=self.at)
        sessions = list(Session.objects.filter(date=self.day).select_related("doctor").order_by("pk"))
        for number, period in enumerate(self._periods(sessions)):
            self._book(number, period)
        return sessions

    def _periods(self, sessions: list[Session]) -> list[Period]:
        """As many as there are visits, spread over all sessions."""
        periods = list(Period.objects.filter(session__in=sessions).order_by("pk"))
        return sorted(self.dice.sample(periods, self.visits), key=lambda one: (one.session_id, one.starts_at))

    def _book(self, number: int, period: Period) -> None:
        born = date(1935, 1, 1) + timedelta(days=self.dice.randrange(75 * 365))
        patient = Patient.objects.create(
            record_no=f"DP{number:06d}", name=f"患者{number}", document_type=DocumentType.ID_CARD,
            document_no=identity.compose(f"{110101 + number // 400}", born, number % 400 * 2), sex=Sex.FEMALE,
            birth_date=born, region_code="110101", verified_at=self.at, created_at=self.at,
        )  # fmt: skip
        walks_in = self.dice.random() < self.habits.walk_in
        at = clock.at_local(self.day, time(7)) if walks_in else self.at
        booking = services.booking_hold(
            actor=HOUSE, patient_id=patient.pk, period_id=period.pk, at=at,
            channel=Channel.DESK if walks_in else Channel.APP,
        )  # fmt: skip
        if self.dice.random() >= self.habits.never_come:
            comes = period.starts_at + timedelta(minutes=self.dice.gauss(-12, 9))
            opens = period.starts_at - timedelta(minutes=30)
            self._later(max(comes, opens), lambda now: self._arrives(booking, now))

    # --- The day ----------------------------------------------------------------------------------------------
    def _later(self, at: datetime, act: Callable[[datetime], None]) -> None:
        self._number += 1
        heapq.heappush(self.events, (at, self._number, act))

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def play(self, sessions: list[Session], report: Callable[[str], None] = lambda text: None) -> None:
        """Every event in its time, the sweep that closes sessions every hour, until the night."""
        for session in sessions:
            late = timedelta(minutes=self.dice.uniform(0, 10))
            self._later(session.starts_at + late, self._ready(session))
        for hour in range(9, 24):
            self._later(clock.at_local(self.day, time(hour, 1)), self._hour)
        done = 0
        while self.events:
            at, _, act = heapq.heappop(self.events)
            act(at)
            done += 1
            if done % 2000 == 0:
                report(f"{clock.local(at):%H:%M} {done} events")

    def _hour(self, now: datetime) -> None:
        services.sessions_close(at=now)

    def _arrives(self, booking: Booking, now: datetime) -> None:
        try:
            ticket = services.booking_check_in(actor=HOUSE, booking_id=booking.pk, at=now)
        except errors.TooLate:
            self._count("too_late")
            return
        if self.dice.random() < self.habits.urgent:
            services.ticket_prioritise(
                actor=self._doctor(ticket.session), ticket_id=ticket.pk, at=now, reason="演练", triage=2
            )
        self._ready(ticket.session)(now)

    def _doctor(self, session: Session) -> Actor:
        return Actor(
            roles=frozenset({Role.DOCTOR}),
            staff_id=session.doctor_id,
            account_id=session.doctor.account_id,
            department_ids=frozenset({session.department_id}),
        )

    def _ready(self, session: Session) -> Callable[[datetime], None]:
        """The doctor calls whoever is next, unless somebody is in the room or nobody waits."""

        def call(now: datetime) -> None:
            busy = Ticket.objects.filter(session=session, status__in=IN_ROOM_TICKET).exists()
            if busy or now < session.starts_at:
                return
            try:
                ticket = services.ticket_call(actor=self._doctor(session), session_id=session.pk, at=now)
            except errors.QueueEmpty:
                return
            self._called(ticket, now)

        return call

    def _called(self, ticket: Ticket, now: datetime) -> None:
        missing = self.habits.miss_the_second if ticket.misses else self.habits.miss_a_call
        if ticket.encounter_id is None and self.dice.random() < missing:
            self._later(now + timedelta(seconds=90), lambda at: self._passed(ticket, at))
            return
        if ticket.encounter_id is None:
            self.waits.append((now - ticket.created_at).total_seconds() / 60)
        self._later(now + timedelta(seconds=20), lambda at: self._begins(ticket, at))

    def _passed(self, ticket: Ticket, now: datetime) -> None:
        services.ticket_pass(actor=self._doctor(ticket.session), ticket_id=ticket.pk, at=now)
        self._count("passed")
        self._ready(ticket.session)(now)

    def _begins(self, ticket: Ticket, now: datetime) -> None:
        services.ticket_start(actor=self._doctor(ticket.session), ticket_id=ticket.pk, at=now)
        takes = self.habits.minutes * self.dice.lognormvariate(0, self.habits.spread)
        self._later(now + timedelta(minutes=takes), lambda at: self._ends(ticket, at))

    def _ends(self, ticket: Ticket, now: datetime) -> None:
        ticket.refresh_from_db()
        doctor = self._doctor(ticket.session)
        first = ticket.lane != TicketLane.RETURN
        if first and self.dice.random() < self.habits.to_an_exam:
            services.ticket_send_to_exam(actor=doctor, ticket_id=ticket.pk, at=now)
            self._count("to_an_exam")
            if self.dice.random() >= self.habits.never_back:
                back = now + timedelta(minutes=self.dice.uniform(20, 60))
                self._later(back, lambda at: self._arrives(ticket.booking, at))
        else:
            services.ticket_finish(actor=doctor, ticket_id=ticket.pk, at=now)
        self._ready(ticket.session)(now)

    # --- The evening ------------------------------------------------------------------------------------------
    def result(self) -> dict[str, Any]:
        """What became of everybody; `stuck` must be 0 and `broken_invariants` empty."""
        tickets = Ticket.objects.filter(session__date=self.day)
        live = [TicketStatus.WAITING, TicketStatus.AWAY, *IN_ROOM_TICKET]
        bookings = Booking.objects.filter(date=self.day)
        off = selectors.expected_errors(self.day, self.day)
        broken = [one.name for one in invariants.registered() if invariants.offenders(one)]
        return {
            "visits": bookings.count(),
            "tickets": tickets.count(),
            "stuck": tickets.filter(status__in=live).count() + bookings.filter(status__in=[BookingStatus.BOOKED, BookingStatus.CHECKED_IN]).count(),
            "by_end": {status: bookings.filter(status=status).count() for status in ("seen", "no_show", "cancelled")},
            "happened": dict(sorted(self.counts.items())),
            "open_sessions": Session.objects.filter(date=self.day, status="open").count(),
            "wait_minutes": {"median": round(median(self.waits), 1), "most": round(max(self.waits), 1)} if self.waits else None,
            "expected_minutes_error": None if off is None else {
                "tickets": off.tickets, "median": off.median, "p90": off.p90, "bias": off.bias
            },
            "broken_invariants": broken,
        }  # fmt: skip
