"""What emr asks before an online encounter may order or prescribe, and at signing (IH-01..IH-10, Q38..Q41)."""

from collections.abc import Mapping
from datetime import datetime

from emr.models import Encounter
from emr.selectors import encounter_diagnoses
from hospital.kit import clock
from hospital.kit.problems import Text
from hospital.organisation.policy import may_work_online

from . import errors, parameters, policy
from .models import ConsentSignature, OnlineVisit, Service
from .services.answering import proved
from .states import VisitStatus

PAEDIATRIC = ("A07", "A08")  # national codes of departments for children


def visit_of(encounter: Encounter) -> OnlineVisit:
    return OnlineVisit.objects.select_related("patient", "doctor", "department").get(pk=encounter.because_id or 0)


def may_order(encounter: Encounter, at: datetime) -> None:
    """Orders and prescriptions: of a return visit under way, for the illness that was diagnosed before."""
    visit = visit_of(encounter)
    if visit.service == Service.ADVICE:
        raise errors.AdviceOnly
    if visit.status != VisitStatus.TALKING:
        raise errors.NotTalking
    if not ConsentSignature.objects.filter(visit=visit).exists():
        raise errors.ConsentNeeded
    _same_illness(visit, encounter, at)


def _same_illness(visit: OnlineVisit, encounter: Encounter, at: datetime) -> None:
    """IH-01: the main diagnosis is of the same three-character category as the evidence."""
    if visit.doctor.number in parameters.FIRST_VISIT_DOCTORS.at(at):
        return
    diagnoses = encounter_diagnoses(encounter)
    if not diagnoses:
        raise errors.NoDiagnosis
    main = next((one for one in diagnoses if one.role == "main"), diagnoses[0])
    if main.code[:3].upper() not in {one.category for one in proved(visit)}:
        raise errors.DiagnosisMismatch(code=main.code)


def may_prescribe(encounter: Encounter, at: datetime) -> None:
    may_order(encounter, at)
    visit = visit_of(encounter)
    refusal = may_work_online(visit.doctor, at)
    if refusal is not None:
        raise refusal
    age = parameters.GUARDIAN_AGE.at(at)
    if policy.age_on(visit.patient.birth_date, clock.business_day(at)) < age and not _guarded(visit):
        raise errors.GuardianNeeded(age=age)


def _guarded(visit: OnlineVisit) -> bool:
    """IH-06: the guardian was confirmed in the visit, and the department is one for children."""
    return visit.guardian_at is not None and visit.department.national_code.startswith(PAEDIATRIC)


def defects(encounter: Encounter, at: datetime) -> Mapping[str, Text]:
    """Quality rules of class A of the online record (Q38..Q41)."""
    visit = visit_of(encounter)
    found: dict[str, Text] = {}
    if visit.service == Service.RETURN and not proved(visit):
        found["Q38"] = errors.EvidenceOpen.title
    consent = ConsentSignature.objects.filter(visit=visit).first()
    if consent is None or (visit.started_at is not None and consent.at > visit.started_at):
        found["Q39"] = errors.ConsentNeeded.title
    if not visit.qualification.get("licence_no"):
        found["Q40"] = errors.NotTalking.title
    child = policy.age_on(visit.patient.birth_date, clock.business_day(at)) < parameters.GUARDIAN_AGE.at(at)
    if child and not _guarded(visit):
        found["Q41"] = errors.GuardianNeeded.next_step
    return found
