"""The doctor's side: confirm the evidence, begin, decline, end."""

from datetime import datetime

from appointments.services import booking_cancel_within, booking_seen_within
from emr.models import EncounterKind
from emr.services import encounter_close, encounter_open, note_prefill
from hospital.audit.services import record
from hospital.kit.actor import Actor, system
from hospital.kit.problems import Invalid, NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging.services import message_withdraw, patient_tell
from hospital.organisation.models import CodeSystem, Concept, Staff
from hospital.organisation.policy import may_work_online

from .. import errors, policy
from ..models import REFUNDED_ENDS, EndCode, Evidence, OnlineVisit, Service
from ..prefill import note_texts
from ..states import VISIT, VisitStatus
from .applying import BECAUSE, must_be_ready
from .talking import locked, notice_add

HOUSE = system("consult")


@entry
def evidence_confirm(*, actor: Actor, visit_id: int, evidence_id: int, code: str, at: datetime) -> Evidence:
    """The doctor has read another hospital's record, gives its diagnosis its ICD-10 code and signs that the visit is
    a return visit (IH-01). Raises Invalid for an unknown code."""
    visit = locked(visit_id)
    policy.must_be_doctor(actor, visit)
    evidence = Evidence.objects.filter(pk=evidence_id, visit=visit).first()
    if evidence is None:
        raise NotFound
    concept = Concept.objects.filter(system=CodeSystem.ICD10, code=code.strip(), is_active=True).first()
    if concept is None:
        raise Invalid(fields={"code": errors.NoDiagnosis.next_step})
    evidence.code, evidence.confirmed_at, evidence.confirmed_by_id = concept.code, at, actor.own_staff_id
    evidence.save(update_fields=["code", "confirmed_at", "confirmed_by"])
    record(actor, "consult.evidence", at=at, subject=evidence, patient_id=visit.patient_id, reason=concept.code)
    return evidence


@entry
def guardian_confirm(*, actor: Actor, visit_id: int, name: str, at: datetime) -> OnlineVisit:
    """The doctor has made sure who the child's guardian is and that they are there (IH-06)."""
    visit = locked(visit_id)
    policy.must_be_doctor(actor, visit)
    if visit.status != VisitStatus.TALKING:
        raise errors.NotTalking
    if not name.strip():
        raise Invalid(fields={"name": errors.GuardianNeeded.next_step})
    visit.guardian_name, visit.guardian_at = name.strip()[:40], at
    visit.save(update_fields=["guardian_name", "guardian_at"])
    record(actor, "consult.guardian", at=at, subject=visit, patient_id=visit.patient_id)
    return visit


def qualification(doctor: Staff) -> dict[str, str]:
    """What made this doctor fit for online work on the day (Q40)."""
    return {
        "licence_no": doctor.licence_no,
        "licence_scope": doctor.licence_scope,
        "title": doctor.title,
        "practising_since": doctor.practising_since.isoformat() if doctor.practising_since else "",
        "online_consent_at": doctor.online_consent_at.isoformat() if doctor.online_consent_at else "",
    }


@entry
def visit_accept(*, actor: Actor, visit_id: int, at: datetime) -> OnlineVisit:
    """The doctor begins: encounter opened, the patient's answers become the draft of the note, the talk is open.

    Raises NotFound, OnlineWorkRefused (IH-05), EvidenceOpen (IH-01), StaleMove when it has begun or ended already.
    """
    visit = locked(visit_id)
    policy.must_be_doctor(actor, visit)
    refusal = may_work_online(visit.doctor, at)
    if refusal is not None:
        raise refusal
    must_be_ready(visit)
    if visit.service == Service.RETURN and not proved(visit):
        raise errors.EvidenceOpen
    if visit.status != VisitStatus.WAITING:
        VISIT.move(visit, VisitStatus.TALKING, actor=actor, at=at)  # refuses: StaleMove
    encounter = encounter_open(
        actor=actor, patient_id=visit.patient_id, kind=EncounterKind.ONLINE, department_id=visit.department_id,
        doctor_id=visit.doctor_id, because=BECAUSE, because_id=visit.pk, at=at,
    )  # fmt: skip
    VISIT.move(
        visit, VisitStatus.TALKING, actor=actor, at=at, encounter=encounter, started_at=at,
        qualification=qualification(visit.doctor),
    )  # fmt: skip
    if visit.form is not None:
        note_prefill(actor=actor, encounter_id=encounter.pk, fields=note_texts(visit.form.answers), at=at)
    notice_add(visit, f"{visit.doctor.name}医生已接诊,请描述您的情况。急症请立即拨打 120。", at=at)
    patient_tell(
        key=f"consult.accepted:{visit.pk}", patient_id=visit.patient_id, kind="consult.accepted", at=at,
        context={"visit_id": visit.pk, "doctor": visit.doctor.name}, url=f"/consult/{visit.pk}/talk/",
    )  # fmt: skip
    message_withdraw(key=f"consult.waiting:{visit.pk}", at=at)
    return visit


def proved(visit: OnlineVisit) -> list[Evidence]:
    """The evidence that counts: own records, and others' that the doctor confirmed."""
    return [one for one in Evidence.objects.filter(visit=visit) if one.is_own or one.confirmed_at is not None]


def _end_code(code: str) -> EndCode:
    if code not in EndCode.values or code == EndCode.SILENT:
        raise Invalid(fields={"code": EndCode.DONE.label})
    return EndCode(code)


@entry
def visit_decline(*, actor: Actor, visit_id: int, code: str, note: str, at: datetime) -> OnlineVisit:
    """The doctor doesn't take the visit: coded reason, guidance for the patient, all the money back (IH-11)."""
    visit = locked(visit_id)
    policy.must_be_doctor(actor, visit)
    decided = _end_code(code)
    if decided == EndCode.DONE:
        raise Invalid(fields={"code": EndCode.UNSUITABLE.label})
    VISIT.move(
        visit, VisitStatus.CANCELLED, actor=actor, at=at, reason=decided, ended_at=at, end_code=decided,
        end_note=note.strip()[:500],
    )  # fmt: skip
    _farewell(visit, at)
    if visit.booking_id is not None:
        booking_cancel_within(actor=HOUSE, booking_id=visit.booking_id, at=at, reason=f"declined: {decided}")
    return visit


@entry
def visit_end(*, actor: Actor, visit_id: int, code: str, note: str, at: datetime) -> OnlineVisit:
    """The doctor ends the talk with a coded reason: no more orders, guidance to the patient, refund by policy (IH-11).

    A finished visit is paid for; one that turned out not to be an online visit is not (PAY-09).
    """
    visit = locked(visit_id)
    policy.must_be_doctor(actor, visit)
    return end(visit, _end_code(code), note, actor=actor, at=at)


@within
def end(visit: OnlineVisit, code: EndCode, note: str, *, actor: Actor, at: datetime) -> OnlineVisit:
    VISIT.move(
        visit, VisitStatus.ENDED, actor=actor, at=at, reason=code, ended_at=at, end_code=code,
        end_note=note.strip()[:500],
    )  # fmt: skip
    if visit.encounter_id is not None:
        encounter_close(actor=actor, encounter_id=visit.encounter_id, at=at, reason=code)
    _farewell(visit, at)
    if visit.booking_id is not None:
        if code in REFUNDED_ENDS:
            booking_cancel_within(actor=HOUSE, booking_id=visit.booking_id, at=at, reason=f"ended: {code}")
        else:
            booking_seen_within(actor=HOUSE, booking_id=visit.booking_id, at=at)
    return visit


def _farewell(visit: OnlineVisit, at: datetime) -> None:
    words = {
        EndCode.DONE: "本次就诊已结束。",
        EndCode.CHANGED: "您的病情有变化,需要到院当面检查。",
        EndCode.FIRST_VISIT: "这种情况属于首诊,请先到院就诊。",
        EndCode.UNSUITABLE: "您的情况不适合线上就诊,请到院就诊。",
        EndCode.EMERGENCY: "您的情况需要急诊处理:请立即到最近的医院,或拨打 120。",
        EndCode.IDENTITY: "身份信息无法确认,请带证件到院就诊。",
        EndCode.SILENT: "长时间没有对话,本次就诊已自动结束。",
    }
    refund = "费用将原路全额退回。" if visit.end_code in REFUNDED_ENDS else ""
    notice_add(visit, " ".join(filter(None, [words[EndCode(visit.end_code)], visit.end_note, refund])), at=at)
    patient_tell(
        key=f"consult.ended:{visit.pk}", patient_id=visit.patient_id, kind="consult.ended", at=at,
        context={"visit_id": visit.pk, "doctor": visit.doctor.name}, url=f"/consult/{visit.pk}/",
    )  # fmt: skip
