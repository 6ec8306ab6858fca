"""Who may do what in an online visit. Pure questions; a strange visit answers as if it weren't there."""

from datetime import date

from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound

from .models import OnlineVisit


def is_doctor_of(actor: Actor, visit: OnlineVisit) -> bool:
    return actor.is_any(Role.DOCTOR) and actor.staff_id is not None and actor.staff_id == visit.doctor_id


def is_patient_of(actor: Actor, visit: OnlineVisit) -> bool:
    return actor.is_patient and actor.acts_for(visit.patient_id)


def must_be_member(actor: Actor, visit: OnlineVisit) -> None:
    """Only the patient's side and the treating doctor are in the talk (G19)."""
    if not (is_patient_of(actor, visit) or is_doctor_of(actor, visit)):
        raise NotFound


def must_be_patient(actor: Actor, visit: OnlineVisit) -> None:
    if not is_patient_of(actor, visit):
        raise NotFound


def must_be_doctor(actor: Actor, visit: OnlineVisit) -> None:
    """IH-05, IH-08: nobody answers in the doctor's name."""
    if not is_doctor_of(actor, visit):
        raise NotFound


def age_on(birth: date, day: date) -> int:
    """Full years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
