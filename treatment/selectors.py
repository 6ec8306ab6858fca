"""Reads of treatment. What names a patient goes through `course_for`, which asks and leaves an audit line."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.organisation.models import Staff
from hospital.organisation.selectors import cares_for

from . import placement, policy
from .models import Alarm, Assessment, ClearanceKind, Course, FollowUpTask, Machine, Session
from .services.courses import days_of, hours_of
from .states import LIVE_SESSION, AlarmStatus, CourseStatus, SessionStatus, TaskStatus


def course_for(actor: Actor, course_id: int, *, at: datetime, action: str = "treatment.read") -> Course:
    """The course, for its patient, the people who give it and those with a care relation; NotFound for others."""
    rows = Course.objects.select_related(
        "item", "item__follow_up", "machine", "doctor", "patient", "order", "department"
    )
    course = rows.filter(pk=course_id).first()
    if course is None:
        raise NotFound
    cares = actor.is_staff and cares_for(actor, course.patient_id, at=at)
    if not policy.may_see(actor, course, cares=cares):
        raise NotFound
    with transaction.atomic():
        record(actor, action, at=at, subject=course, patient_id=course.patient_id)
    return course


def session_for(actor: Actor, session_id: int, *, at: datetime) -> Session:
    session = Session.objects.select_related("machine").filter(pk=session_id).first()
    if session is None:
        raise NotFound
    session.course = course_for(actor, session.course_id, at=at)
    return session


def courses_for(actor: Actor) -> QuerySet[Course]:
    """The courses of the patients an account acts for, the newest first."""
    rows = Course.objects.filter(patient_id__in=actor.patient_ids).exclude(status=CourseStatus.CANCELLED)
    return rows.select_related("item", "machine", "patient").order_by("-created_at")


def next_session(course: Course, *, at: datetime) -> Session | None:
    upcoming = course.sessions.filter(status__in=[SessionStatus.BOOKED, SessionStatus.ARRIVED], during__endswith__gt=at)
    return upcoming.select_related("machine").order_by("during").first()


def sessions_of(course: Course) -> list[Session]:
    """By number; of a number that was moved or missed and made up, the live one."""
    rows = (
        course.sessions.exclude(status=SessionStatus.CANCELLED)
        .select_related("machine", "record")
        .order_by("number", "pk")
    )
    latest: dict[int, Session] = {}
    for session in rows:
        known = latest.get(session.number)
        if known is None or session.status in LIVE_SESSION or known.status not in LIVE_SESSION:
            latest[session.number] = session
    return [latest[number] for number in sorted(latest)]


# --- choosing an hour ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One hour at which the whole course is free."""

    machine: Machine
    offer: placement.Offer

    @property
    def value(self) -> str:
        return f"{self.offer.machine_id}@{self.offer.hour:%H:%M}"

    @property
    def part(self) -> str:
        """The part of the day by which hours are grouped."""
        if self.offer.hour < time(12):
            return gettext("Morning")
        return gettext("Afternoon") if self.offer.hour < time(17) else gettext("Evening")


@dataclass(frozen=True, slots=True)
class Choices:
    days: list[date]
    hours: list[Choice]


def choices_of(course: Course, first_day: date, *, at: datetime) -> Choices:
    """The hours at which every session of the course is free, from a first day on (T3). Raises OutOfCourse."""
    days = days_of(course, first_day, at)
    machines = {
        machine.pk: machine for machine in course.item.machines.filter(is_active=True).prefetch_related("blocks")
    }
    window = (clock.day_bounds(days[0])[0], clock.day_bounds(days[-1])[1])
    offers = placement.hours_free(
        [hours_of(machine, _taken(machine, window)) for machine in machines.values()],
        days,
        course.item.minutes,
        _busy(course.patient_id, window),
    )
    hours = [Choice(machines[offer.machine_id], offer) for offer in placement.one_per_hour(offers)]
    return Choices(days, hours)


def _taken(machine: Machine, window: placement.Span) -> list[placement.Span]:
    rows = machine.sessions.filter(status__in=LIVE_SESSION, during__overlap=window)
    spans = [(session.starts_at, session.ends_at) for session in rows.only("during")]
    return spans + [(block.starts_at, block.ends_at) for block in machine.blocks.all()]


def _busy(patient_id: int, window: placement.Span) -> list[placement.Span]:
    rows = Session.objects.filter(patient_id=patient_id, status__in=LIVE_SESSION, during__overlap=window)
    return [(session.starts_at, session.ends_at) for session in rows.only("during")]


def free_times(session: Session, day: date) -> list[placement.Offer]:
    """The free hours of the session's machine on one day, for moving one session."""
    window = clock.day_bounds(day)
    machine = hours_of(session.machine, _taken(session.machine, window))
    return placement.hours_free([machine], [day], session.course.item.minutes, _busy(session.patient_id, window))


# --- the board of the day --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Column:
    """One machine of the board with its sessions of the day, by time."""

    machine: Machine
    sessions: list[Session] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(session.status == SessionStatus.DONE for session in self.sessions)


def board_for(actor: Actor, day: date) -> list[Column]:
    """The machines of the actor's departments with the day's sessions; names are masked by the page (SEC-09)."""
    machines = Machine.objects.filter(department_id__in=actor.department_ids, is_active=True).order_by("code")
    columns = {machine.pk: Column(machine) for machine in machines}
    rows = Session.objects.filter(day=day, machine_id__in=columns).exclude(status=SessionStatus.CANCELLED)
    for session in rows.select_related("patient", "course__item").order_by("during", "pk"):
        columns[session.machine_id].sessions.append(session)
    return list(columns.values())


def session_of_card(actor: Actor, patient_id: int, *, at: datetime) -> Session | None:
    """The patient's booked session of today in the actor's departments: what the scanned card is for."""
    rows = Session.objects.filter(
        patient_id=patient_id,
        day=clock.business_day(at),
        status=SessionStatus.BOOKED,
        course__department_id__in=actor.department_ids,
    )
    return rows.order_by("during").first()


def colleagues_of(course: Course, actor: Actor) -> QuerySet[Staff]:
    """Who may be the second person at the machine (TR-06)."""
    rows = Staff.objects.filter(
        posts__department_id=course.department_id, posts__role__in=[Role.THERAPIST, Role.NURSE], suspended_at=None
    )
    return rows.exclude(pk=actor.staff_id or 0).distinct().order_by("number")


@dataclass(frozen=True, slots=True)
class Release:
    kind: str
    label: str
    given: bool
    may_give: bool


def releases_of(course: Course, actor: Actor) -> list[Release]:
    """What must be there before the first session, what is, and what this person may give (TR-03, TR-06)."""
    given = set(course.clearances.values_list("kind", flat=True))
    wanted = policy.missing_releases(course, set())
    return [
        Release(kind, str(ClearanceKind(kind).label), kind in given, policy.may_release(actor, course, kind))
        for kind in wanted
    ]


def assessments_of(course: Course) -> list[Assessment]:
    return list(course.assessments.order_by("before"))


# --- follow-up -------------------------------------------------------------------------------------------------


def follow_ups_for(actor: Actor) -> QuerySet[FollowUpTask]:
    """What the patients of this account were or will be asked, the open ones first."""
    rows = FollowUpTask.objects.filter(patient_id__in=actor.patient_ids).exclude(status=TaskStatus.CANCELLED)
    open_first = Count("pk", filter=Q(status=TaskStatus.ASKED))
    return rows.annotate(is_open=open_first).select_related("course__item", "patient").order_by("-is_open", "due_at")


def follow_ups_open(actor: Actor) -> int:
    return FollowUpTask.objects.filter(patient_id__in=actor.patient_ids, status=TaskStatus.ASKED).count()


def alarms_for(actor: Actor, *, handled: bool) -> QuerySet[Alarm]:
    """Alarms for the case manager: the oldest unhandled first, or the last handled."""
    if not actor.is_any(Role.CASE_MANAGER):
        raise NotFound
    rows = Alarm.objects.select_related("patient", "department", "handled_by")
    if handled:
        return rows.filter(status=AlarmStatus.HANDLED).order_by("-handled_at")
    return rows.filter(status=AlarmStatus.RAISED).order_by("raised_at")


def weeks_of(sessions: Iterable[Session]) -> list[list[Session | date]]:
    """Sessions as rows of five working days (Monday to Friday), gaps as dates: the calendar of a course."""
    by_day = {session.day: session for session in sessions}
    if not by_day:
        return []
    first, last = min(by_day), max(by_day)
    monday = first - timedelta(days=first.weekday())
    rows: list[list[Session | date]] = []
    while monday <= last:
        week = [monday + timedelta(days=offset) for offset in range(7)]
        shown = week if any(day in by_day for day in week[5:]) else week[:5]
        rows.append([by_day.get(day, day) for day in shown])
        monday += timedelta(days=7)
    return rows
