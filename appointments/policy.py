"""Who may do what in appointments. Pure: a strange object answers as if it weren't there (NotFound)."""

from datetime import datetime, timedelta

from hospital.kit.actor import CLINICIANS, Actor, Role
from hospital.kit.problems import NotFound
from hospital.organisation.selectors import cares_for

from . import errors, kinds, parameters
from .models import Booking, Level, Session
from .states import BookingStatus, SessionStatus

HALF_YEAR = timedelta(days=183)  # so long a missed visit counts (AP-06)
# Who stands where patients check in: nurses' station, window, kiosk.
CHECK_IN_ROLES = CLINICIANS | {Role.CASHIER}
# Who calls patients: the doctor, or the nurse at the door of the same department.
QUEUE_ROLES = frozenset({Role.DOCTOR, Role.NURSE})


def must_act_for(actor: Actor, patient_id: int) -> None:
    """Raise NotFound unless the actor may book and cancel for this patient."""
    if not (actor.is_system or actor.acts_for(patient_id)):
        raise NotFound


def must_be_proved(is_proved: bool) -> None:
    """Raise RealNameNeeded while the patient's real name isn't proved (AP-01, IH-04)."""
    if not is_proved:
        raise errors.RealNameNeeded


def cancel_until(booking: Booking, at: datetime) -> datetime:
    """The last instant at which the patient may cancel (AP-05)."""
    return booking.starts_at - timedelta(hours=cancel_hours(booking.session, at))


def cancel_hours(session: Session, at: datetime) -> int:
    """How long before, by the kind of clinic: an expert's place is harder to fill again (AP-05)."""
    is_normal = session.level == Level.NORMAL
    return (parameters.CANCEL_HOURS if is_normal else parameters.CANCEL_HOURS_EXPERT).at(at)


def may_cancel(booking: Booking, at: datetime) -> bool:
    """May the patient still give it back?"""
    if booking.status == BookingStatus.HELD or is_stopped(booking):
        return True  # there is no visit to come to, so no hour is too late (AP-08)
    return booking.status == BookingStatus.BOOKED and at <= cancel_until(booking, at)


def can_be_moved(booking: Booking) -> bool:
    """Another time may be given to a visit at the hospital that is booked and has not begun."""
    return booking.status == BookingStatus.BOOKED and kinds.get(booking.kind).comes


def may_move(booking: Booking, at: datetime) -> bool:
    """May the patient still take another time (AP-05)?"""
    return can_be_moved(booking) and may_cancel(booking, at)


def is_stopped(booking: Booking) -> bool:
    """The clinic was stopped and the patient hasn't chosen yet: nobody should set out for it (AP-08)."""
    return can_be_moved(booking) and booking.session.status == SessionStatus.STOPPED


def counts_when_given_back(booking: Booking) -> bool:
    """Does a cancel by the patient count among those of the month (AP-06)? Not a hold, a stopped clinic, an online visit."""
    return can_be_moved(booking) and not is_stopped(booking)


def must_check_in(actor: Actor) -> None:
    """Raise NotFound unless the actor works where patients check in."""
    if not (actor.is_system or (actor.is_staff and actor.is_any(*CHECK_IN_ROLES))):
        raise NotFound


def may_run_queue(actor: Actor, session: Session) -> bool:
    """The session's doctor, and doctors and nurses posted in its department."""
    if actor.staff_id is None or not actor.is_any(*QUEUE_ROLES):
        return False
    return actor.staff_id == session.doctor_id or session.department_id in actor.department_ids


def may_see_day(actor: Actor, session: Session) -> bool:
    """Who may run the queue of the session; a program came in by a key that names this read."""
    return actor.is_system or may_run_queue(actor, session)


def must_run_queue(actor: Actor, session: Session) -> None:
    if not may_run_queue(actor, session):
        raise NotFound


def must_stop_sessions(actor: Actor) -> None:
    """Stopping a clinic is the administration's, or the head's of that department (AP-08)."""
    if not (actor.is_system or actor.is_any(Role.ADMIN, Role.HEAD)):
        raise NotFound


# Who examines: laboratory and exam rooms.
EXAM_ROLES = frozenset({Role.TECHNICIAN, Role.NURSE})
# Who plans exams with and for a patient.
EXAM_PLANNERS = frozenset({Role.DOCTOR, Role.CASE_MANAGER})


def must_plan_exams(actor: Actor, patient_id: int, *, at: datetime) -> None:
    """The patient, the family, and doctors who treat them (MR-12)."""
    if actor.is_system or actor.acts_for(patient_id):
        return
    if not (actor.is_staff and actor.is_any(*EXAM_PLANNERS) and cares_for(actor, patient_id, at=at)):
        raise NotFound


def must_book_next(actor: Actor, patient_id: int, *, at: datetime) -> None:
    """The doctor who treats the patient books the next visit (MR-12)."""
    if not (actor.is_staff and actor.is_any(Role.DOCTOR) and cares_for(actor, patient_id, at=at)):
        raise NotFound


def must_book_urgent(actor: Actor) -> None:
    """The reserve is opened by doctors only (AP-14)."""
    if not (actor.is_system or actor.is_any(Role.DOCTOR)):
        raise NotFound


def must_run_exams(actor: Actor) -> None:
    if not (actor.is_system or (actor.is_staff and actor.is_any(*EXAM_ROLES))):
        raise NotFound


def must_keep_machines(actor: Actor) -> None:
    """Who takes a machine out of use: those who work at it, and the administration."""
    if not (actor.is_system or actor.is_any(Role.TECHNICIAN, Role.ADMIN, Role.HEAD)):
        raise NotFound


def must_keep_kiosks(actor: Actor) -> None:
    """Keys of kiosks are the administration's."""
    if not (actor.is_system or actor.is_any(Role.ADMIN)):
        raise NotFound


def must_run_rosters(actor: Actor, department_id: int | None = None) -> None:
    """Rosters and quotas are kept by the administration and by the head of the department concerned."""
    if actor.is_system or actor.is_any(Role.ADMIN):
        return
    if not (actor.is_any(Role.HEAD) and department_id is not None and department_id in actor.department_ids):
        raise NotFound


# Who speaks with patients by telephone and at the window.
DESK_ROLES = frozenset({Role.CASHIER, Role.NURSE})


def must_serve(actor: Actor) -> None:
    """Who books for patients at the window or on the telephone."""
    if not (actor.is_staff and actor.is_any(*DESK_ROLES)):
        raise NotFound


def may_add_extra(actor: Actor, session: Session) -> bool:
    """An extra place (加号) is the doctor's own, or the nurse's of that department for the patient before them."""
    if actor.staff_id is None or actor.staff_id == session.doctor_id:
        return actor.is_system or actor.staff_id == session.doctor_id
    return actor.is_any(Role.NURSE) and session.department_id in actor.department_ids


# Who reads which rules were set aside: the head of the department, and the auditor all of them.
OVERRIDE_READERS = frozenset({Role.HEAD, Role.AUDITOR})


def must_phone(actor: Actor) -> None:
    if not (actor.is_staff and actor.is_any(*DESK_ROLES)):
        raise NotFound


def may_see(actor: Actor, booking: Booking) -> bool:
    return actor.acts_for(booking.patient_id)
