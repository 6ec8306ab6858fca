"""Reads of the workstation."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.actor import CLINICIANS, Actor
from hospital.kit.fields import blind
from hospital.kit.problems import NotFound
from hospital.organisation import names
from hospital.organisation.models import CareRelation
from hospital.organisation.selectors import cares_for
from hospital.people.models import Patient

from .navigation import places_for

MOST = 8
# Names are encrypted: parts of names, pinyin and initials are compared here, over those seen most lately.
_COMPARED = 300
PATIENT_PAGE = "/staff/patients/{id}/"


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    url: str
    icon: str
    text: str = ""


def command_find(*, actor: Actor, text: str, at: datetime) -> list[Found]:
    """What one may open by this text, at most MOST entries: patients in one's care, then pages."""
    wanted = text.strip().casefold()
    patients = [_patient(patient, at) for patient in patients_in_care(actor, wanted, at=at)] if wanted else []
    pages = [
        Found(str(place.title), place.path, place.icon)
        for _group, places in places_for(actor)
        for place in places
        if wanted in str(place.title).casefold()
    ]
    return [*patients, *pages][:MOST]


def patients_in_care(actor: Actor, wanted: str, *, at: datetime) -> list[Patient]:
    """Patients whom the actor may open now (MR-12), by record number, telephone, document number or (part of the) name.

    Nobody outside the care relations is ever found, so that the search can't be used to learn who is a patient.
    """
    if actor.staff_id is None or not actor.is_any(*CLINICIANS):
        return []
    live = CareRelation.objects.filter(
        Q(staff_id=actor.staff_id) | Q(department_id__in=actor.department_ids), starts_at__lte=at, ends_at__gt=at
    )
    mine = Patient.objects.filter(pk__in=live.values("patient_id"))
    exact = mine.filter(
        Q(record_no__iexact=wanted)
        | Q(phone_index=blind(wanted, purpose="patient.phone"))
        | Q(document_index=blind(wanted.upper(), purpose="patient.document_no"))
        | Q(name_index=blind(wanted, purpose="patient.name"))
    )
    found: list[Patient] = list(exact.order_by("-pk")[:MOST])
    if len(found) < MOST:
        lately = live.order_by("-starts_at").values_list("patient_id", flat=True)[:_COMPARED]
        seen = {patient.pk for patient in found}
        for patient in mine.filter(pk__in=list(lately)):
            if patient.pk not in seen and _matches(patient.name, wanted):
                found.append(patient)
    return found[:MOST]


def patient_in_care(actor: Actor, patient_id: int, *, at: datetime) -> Patient:
    """A patient whom the actor cares for now, of whom the page shows no more than it masks; NotFound otherwise."""
    patient: Patient | None = Patient.objects.filter(pk=patient_id).first()
    if patient is None or not cares_for(actor, patient_id, at=at):
        raise NotFound
    return patient


def _matches(name: str, wanted: str) -> bool:
    if wanted in name.casefold():
        return True
    if not wanted.isascii():
        return False
    pinyin, initials = names.person(name)
    return pinyin.startswith(wanted.replace(" ", "")) or initials.startswith(wanted)


def _patient(patient: Patient, at: datetime) -> Found:
    age = age_on(patient.birth_date, clock.business_day(at))
    text = _("%(sex)s, %(age)d years, record no. %(number)s") % {
        "sex": patient.get_sex_display(),
        "age": age,
        "number": patient.record_no,
    }
    return Found(patient.masked_name, PATIENT_PAGE.format(id=patient.pk), "user", text)


def age_on(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
