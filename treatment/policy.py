"""Who may do what with a course: pure questions over what the caller looked up."""

from datetime import datetime, timedelta

from hospital.kit.actor import Actor, Role

from .models import ClearanceKind, Course, Machine, Review, Session
from .parameters import CHECK_IN_HOURS, MOVE_CUT_OFF_HOURS
from .states import CourseStatus, SessionStatus

AT_THE_MACHINE = frozenset({Role.THERAPIST, Role.NURSE})
RUNS_MACHINES = AT_THE_MACHINE | {Role.HEAD}
FOUR_EYES = frozenset({ClearanceKind.PHYSICIAN, ClearanceKind.PHYSICIST})  # of one plan: never the same person


def works_there(actor: Actor, course: Course) -> bool:
    """A therapist or nurse posted in the department that gives the course."""
    return not actor.roles.isdisjoint(AT_THE_MACHINE) and course.department_id in actor.department_ids


def runs(actor: Actor, machine: Machine) -> bool:
    """Who may say that a machine is down: those who work with it, and the head of its department."""
    return not actor.roles.isdisjoint(RUNS_MACHINES) and machine.department_id in actor.department_ids


def review_is_due(course: Course, last: Review | None, began_at: datetime | None, at: datetime) -> bool:
    """The doctor has not seen the patient for longer than the item allows (TR-09)."""
    seen_at = last.at if last else began_at
    if not course.item.review_days or seen_at is None:
        return False
    return at - seen_at > timedelta(days=course.item.review_days)


def is_its_doctor(actor: Actor, course: Course) -> bool:
    return actor.is_any(Role.DOCTOR) and actor.staff_id is not None and actor.staff_id == course.doctor_id


def may_see(actor: Actor, course: Course, *, cares: bool) -> bool:
    if actor.is_staff:
        return works_there(actor, course) or is_its_doctor(actor, course) or cares
    return actor.acts_for(course.patient_id)


def may_place(actor: Actor, course: Course) -> bool:
    """The patient's own account, the people at the machine, the doctor (T3: patient self-service)."""
    return actor.acts_for(course.patient_id) or works_there(actor, course) or is_its_doctor(actor, course)


def may_release(actor: Actor, course: Course, kind: str) -> bool:
    """Consent is the patient's; the plan is approved by its doctor and checked by someone else there (TR-03, TR-06)."""
    if kind == ClearanceKind.CONSENT:
        return actor.acts_for(course.patient_id)
    if kind == ClearanceKind.PHYSICIAN:
        return is_its_doctor(actor, course)
    return works_there(actor, course)


def may_still_move(session: Session, at: datetime, *, by_patient: bool) -> bool:
    """Booked ones until the cut-off, for staff until they begin; a missed one is made up whenever."""
    if session.status == SessionStatus.MISSED:
        return True
    cut_off = timedelta(hours=MOVE_CUT_OFF_HOURS.at(at)) if by_patient else timedelta(0)
    return session.status == SessionStatus.BOOKED and at <= session.starts_at - cut_off


def may_check_in(session: Session, at: datetime) -> bool:
    return session.starts_at - timedelta(hours=CHECK_IN_HOURS.at(at)) <= at <= last_call(session, at)


def last_call(session: Session, at: datetime) -> datetime:
    """Until when somebody who is late is still treated."""
    return session.ends_at + timedelta(hours=CHECK_IN_HOURS.at(at))


def can_be_given(course: Course) -> bool:
    return course.status in {CourseStatus.PLACED, CourseStatus.RUNNING}


def missing_releases(course: Course, given: set[str]) -> list[str]:
    """The names of the releases that are still missing, in the order of the item."""
    wanted = [ClearanceKind.CONSENT.value] if course.item.consent_text else []
    wanted += [kind for kind in course.item.releases if kind != ClearanceKind.CONSENT]
    return [kind for kind in wanted if kind not in given]


def assessments_wanted(planned: int, every: int) -> list[int]:
    """Before which sessions an assessment is due: the first, each `every`-th after it, and after the last (TR-04)."""
    if not every:
        return []
    return [*range(1, planned + 1, every), planned + 1]
