"""Reads of treatment. What names a patient goes through `course_for`, which asks and leaves an audit line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from hospital.audit.services import record
from hospital.forms.models import Response
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.organisation.models import Staff
from hospital.organisation.selectors import cares_for

from .. import placement, policy
from ..models import Assessment, ClearanceKind, Course, Machine, Session
from ..parameters import CHECK_IN_HOURS
from ..states import LIVE_SESSION, OPEN_SESSION, CourseStatus, SessionStatus
from .calendar import days_of, hours_of


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
    """The one to come to: of today also while the late may still check in, and until it is given (AP-10)."""
    here = Q(status=SessionStatus.ARRIVED, day__gte=clock.business_day(at))
    late = Q(during__endswith__gte=at - timedelta(hours=CHECK_IN_HOURS.at(at)))
    upcoming = course.sessions.filter(here | late, status__in=OPEN_SESSION)
    return upcoming.select_related("machine").order_by("during").first()


def last_session(sessions: Iterable[Session]) -> Session | None:
    """The session that is still to come after all others: what "ends on" means to a patient."""
    open_ones = [session for session in sessions if session.status in {SessionStatus.BOOKED, SessionStatus.ARRIVED}]
    return max(open_ones, key=lambda session: session.starts_at, default=None)


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
        [hours_of(machine, taken_of(machine, window)) for machine in machines.values()],
        days,
        course.item.minutes,
        busy_of(course.patient_id, window),
    )
    hours = [Choice(machines[offer.machine_id], offer) for offer in placement.one_per_hour(offers)]
    return Choices(days, hours)


def taken_of(machine: Machine, window: placement.Span) -> list[placement.Span]:
    rows = machine.sessions.filter(status__in=LIVE_SESSION, during__overlap=window)
    spans = [(session.starts_at, session.ends_at) for session in rows.only("during")]
    return spans + [(block.starts_at, block.ends_at) for block in machine.blocks.all()]


def busy_of(patient_id: int, window: placement.Span) -> list[placement.Span]:
    rows = Session.objects.filter(patient_id=patient_id, status__in=LIVE_SESSION, during__overlap=window)
    return [(session.starts_at, session.ends_at) for session in rows.only("during")]


def free_times(session: Session, day: date) -> list[placement.Offer]:
    """The free hours of the session's machine on one day, for moving one session."""
    window = clock.day_bounds(day)
    machine = hours_of(session.machine, taken_of(session.machine, window))
    return placement.hours_free([machine], [day], session.course.item.minutes, busy_of(session.patient_id, window))


# --- what must be there, and who is there ------------------------------------------------------------------------


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


def assessment_due(course: Course, number: int) -> Assessment | None:
    """The first assessment that should have been handed in before session `number` (TR-04)."""
    for assessment in course.assessments.filter(before__lte=number, done_at=None).order_by("before"):
        response = Response.objects.filter(pk=assessment.response_id).first() if assessment.response_id else None
        if response is None or response.is_open:
            return assessment
    return None


def assessments_of(course: Course) -> list[Assessment]:
    return list(course.assessments.order_by("before"))


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
