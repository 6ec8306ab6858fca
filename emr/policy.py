"""Who may do what in emr: pure questions, asked by services and selectors."""

from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.organisation.models import Staff

from .errors import EncounterClosed, NotLicensed, NotYourEncounter
from .models import Encounter, EncounterStatus


def is_treating_doctor(actor: Actor, encounter: Encounter) -> bool:
    return actor.is_any(Role.DOCTOR) and actor.staff_id is not None and actor.staff_id == encounter.doctor_id


def must_treat(actor: Actor, encounter: Encounter) -> None:
    """MR-01: only the treating doctor writes, orders, prescribes and signs; another doctor may know that it exists."""
    if not actor.is_any(Role.DOCTOR):
        raise NotFound
    if not is_treating_doctor(actor, encounter):
        raise NotYourEncounter


def must_be_open(encounter: Encounter) -> None:
    if encounter.status != EncounterStatus.OPEN:
        raise EncounterClosed


def must_be_licensed(doctor: Staff) -> None:
    """MR-01, MR-04: a signature needs a licence that is not suspended."""
    if not doctor.licence_no or doctor.suspended_at is not None:
        raise NotLicensed


def staff_of(actor: Actor) -> int:
    """The member of staff who acts; NotFound when it is a patient or a program."""
    if actor.staff_id is None:
        raise NotFound
    return actor.staff_id
