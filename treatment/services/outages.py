"""A machine is down: every session that it would have given gets another time by one action (TR-08, AP-14).

The outage and its list are one transaction; each session then moves in one of its own, at once and again by a sweep,
so that a crash in the middle leaves nobody without a new time for longer than a minute.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_noop

from hospital.audit.services import record
from hospital.kit import clock, sweeps
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.messaging.services import patient_tell
from hospital.organisation.workdays import workdays_from

from .. import errors, placement, policy
from ..models import Course, Displaced, Machine, MachineBlock, Outage, Session
from ..selectors.calendar import hours_of, last_day
from ..selectors.courses import busy_of, taken_of
from ..states import DISPLACED, LIVE_SESSION, SESSION, DisplacedStatus, SessionStatus
from .locks import course_locked, queue_at
from .placing import cancel, insert, remind
from .safety import interruption_watch

HOUSE = system("treatment.outage")
SWEEP = "treatment.outages"
_LOOK_AHEAD = 30  # working days within which a new time is looked for


@entry
def machine_down(
    *, actor: Actor, machine_id: int, starts_at: datetime, ends_at: datetime, reason: str, at: datetime
) -> Outage:
    """Declare a machine down: nobody is placed there any more, and what was booked there is to be moved."""
    machine = queue_at(Machine.objects.filter(pk=machine_id)).first()
    if machine is None or not policy.runs(actor, machine):
        raise NotFound
    if ends_at <= starts_at or ends_at <= at:
        raise errors.NoTime
    during = DateTimeTZRange(starts_at, ends_at)
    try:
        with transaction.atomic():
            MachineBlock.objects.create(machine=machine, during=during, reason=reason)
    except IntegrityError as error:
        raise errors.AlreadyDown from error
    outage = Outage.objects.create(
        machine=machine, during=during, reason=reason, declared_by_id=actor.own_staff_id, declared_at=at
    )
    hit = Session.objects.filter(machine=machine, status=SessionStatus.BOOKED, during__overlap=during)
    for session in hit.filter(during__endswith__gt=at).order_by("pk"):
        line = Displaced.objects.create(outage=outage, session=session)
        DISPLACED.begin(line, actor=HOUSE, at=at)
    record(actor, "treatment.machine_down", at=at, subject=outage, reason=reason)
    sweeps.wake(SWEEP)
    return outage


def displaced_move(*, at: datetime) -> int:
    """The sweep: give each session that an outage hit another time, those first whom a pause harms most (TR-08)."""
    waiting = Displaced.objects.filter(status=DisplacedStatus.WAITING)
    order = waiting.order_by("session__course__category", "session__during", "pk")
    return sum(_move(displaced_id=pk, at=at) for pk in order.values_list("pk", flat=True)[:500])


@entry
def _move(*, displaced_id: int, at: datetime) -> int:
    found = Displaced.objects.select_related("session").get(pk=displaced_id)
    course = course_locked(found.session.course_id)
    line = (
        Displaced.objects.select_for_update(no_key=True).filter(pk=displaced_id, status=DisplacedStatus.WAITING).first()
    )
    if line is None:
        return 0
    session = (
        Session.objects.select_for_update(no_key=True, of=("self",)).select_related("machine").get(pk=line.session_id)
    )
    if session.status != SessionStatus.BOOKED:
        # It was moved by hand, or the course was stopped, in the meantime: there is nobody to call.
        DISPLACED.move(line, DisplacedStatus.STRANDED, actor=HOUSE, at=at)
        DISPLACED.move(line, DisplacedStatus.TOLD, actor=HOUSE, at=at, told_at=at)
        return 1
    cancel(session, actor=HOUSE, at=at, reason=gettext_noop("machine down"))
    moved = _placed_anew(course, session, at)
    if moved is None:
        _strand(course, session, line, at)
        return 1
    DISPLACED.move(line, DisplacedStatus.MOVED, actor=HOUSE, at=at, moved_to=moved)
    remind(course, moved, at)
    patient_tell(
        key=f"treatment.displaced:{line.pk}",
        patient_id=course.patient_id,
        kind="treatment.displaced",
        at=at,
        context={
            "item": course.item.name,
            "old": f"{clock.local(session.starts_at):%m-%d %H:%M}",
            "new": f"{clock.local(moved.starts_at):%m-%d %H:%M}",
            "room": moved.machine.room,
        },
        url=f"/treatment/{course.pk}/",
    )
    interruption_watch(course, at=at)
    return 1


def _strand(course: Course, session: Session, line: Displaced, at: datetime) -> None:
    """No time was found: the number stays open, the patient chooses, the room calls."""
    lost = Session(
        course=course, patient_id=session.patient_id, machine=session.machine, number=session.number, of=session.of,
        day=session.day, during=session.during, status=SessionStatus.MISSED, ended_at=at,
    )  # fmt: skip
    lost.save(force_insert=True)
    SESSION.begin(lost, actor=HOUSE, at=at, reason="machine down")
    DISPLACED.move(line, DisplacedStatus.STRANDED, actor=HOUSE, at=at, moved_to=lost)
    patient_tell(
        key=f"treatment.displaced:{line.pk}",
        patient_id=course.patient_id,
        kind="treatment.stranded",
        at=at,
        context={"item": course.item.name, "old": f"{clock.local(session.starts_at):%m-%d %H:%M}"},
        url=f"/treatment/{course.pk}/",
    )
    interruption_watch(course, at=at)


def _placed_anew(course: Course, session: Session, at: datetime) -> Session | None:
    """The first free time from the same day on, as near to the old hour as can be, on it or on a matched machine."""
    machines = _stand_ins(course, session.machine)
    taken_days = set(course.sessions.filter(status__in=LIVE_SESSION).values_list("day", flat=True))
    for day in _days(session, course, at):
        if day in taken_days:
            continue
        for machine, hour in _hours(course, machines, day, session, at):
            moved = Session(
                course=course, patient_id=course.patient_id, machine=machine, number=session.number, of=session.of,
                day=day, during=DateTimeTZRange(*placement.span(day, hour, course.item.minutes)),
            )  # fmt: skip
            try:
                insert([moved], actor=HOUSE, at=at)
            except errors.HourTaken:
                continue  # somebody was faster; the next hour
            return moved
    return None


def _stand_ins(course: Course, machine: Machine) -> list[Machine]:
    """The machine itself and those matched with it, the others first: it is the one that is down (TR-07)."""
    usable = queue_at(Machine.objects.filter(items=course.item, is_active=True)).prefetch_related("blocks")
    rows = sorted(usable, key=lambda one: one.code)
    matched = [
        other
        for other in rows
        if other.pk != machine.pk and machine.beam_match and other.beam_match == machine.beam_match
    ]
    return [*matched, *(other for other in rows if other.pk == machine.pk)]


def _days(session: Session, course: Course, at: datetime) -> Iterator[date]:
    earliest = max(session.day, clock.business_day(at))
    for number, day in enumerate(workdays_from(earliest, weekdays_only=True)):
        if day > last_day(course) or number == _LOOK_AHEAD:
            return
        yield day


def _hours(
    course: Course, machines: list[Machine], day: date, session: Session, at: datetime
) -> list[tuple[Machine, time]]:
    """Free hours of the day that still lie ahead, the nearest to the old hour first."""
    window = clock.day_bounds(day)
    busy = busy_of(course.patient_id, window)
    by_pk = {machine.pk: machine for machine in machines}
    columns = [hours_of(machine, taken_of(machine, window)) for machine in machines]
    offers = placement.hours_free(columns, [day], course.item.minutes, busy)
    old = clock.local(session.starts_at)
    minutes = old.hour * 60 + old.minute
    soon = at + timedelta(hours=1)
    ahead = [offer for offer in offers if clock.at_local(day, offer.hour) > soon]
    ahead.sort(key=lambda offer: (abs(offer.hour.hour * 60 + offer.hour.minute - minutes), offer.machine_id))
    return [(by_pk[offer.machine_id], offer.hour) for offer in ahead]


@entry
def displaced_told(*, actor: Actor, displaced_id: int, at: datetime) -> None:
    """The patient was reached by phone: the line leaves the list."""
    rows = Displaced.objects.select_for_update(no_key=True, of=("self",)).select_related("outage__machine", "session")
    line = rows.filter(pk=displaced_id).first()
    if line is None or not policy.runs(actor, line.outage.machine):
        raise NotFound
    DISPLACED.move(line, DisplacedStatus.TOLD, actor=actor, at=at, told_by_id=actor.own_staff_id, told_at=at)
    record(actor, "treatment.displaced_told", at=at, subject=line, patient_id=line.session.patient_id)
