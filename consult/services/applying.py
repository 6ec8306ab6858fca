"""The patient's way to the doctor: evidence, consent, questions, time, payment."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import IO, Any

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from appointments.models import Booking, Period
from appointments.services import booking_cancel_within, booking_hold_within
from appointments.states import ACTIVE_BOOKING
from emr.selectors import OfflineDiagnosis, offline_diagnoses
from hospital.audit.services import record
from hospital.forms.services import response_start, response_stop
from hospital.forms.states import FINISHED
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.pictures import picture_read
from hospital.kit.problems import Invalid, NotFound
from hospital.kit.transactions import entry, within
from hospital.organisation.models import Staff
from hospital.organisation.policy import may_work_online
from hospital.people.models import Patient

from .. import errors, parameters, policy, selectors
from ..models import ConsentSignature, Evidence, EvidenceKind, OnlineVisit, Service
from ..states import LIVE, VISIT, VisitStatus
from .talking import locked, notice_add

FORM = "preconsult-oncology"
BECAUSE = "consult.visit"
MOST_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """A record of another hospital, as the patient shows it."""

    kind: str
    display: str
    hospital: str
    diagnosed_on: date
    file: IO[bytes] | None = None


def proving(patient_id: int, *, at: datetime) -> list[OfflineDiagnosis]:
    """Own diagnoses young enough to prove a return visit, newest first (IH-01, OP-03)."""
    since = at - timedelta(days=30 * parameters.EVIDENCE_MONTHS.at(at))
    return [one for one in offline_diagnoses(patient_id, at=at) if one.at >= since]


@within
def visit_apply_within(
    *, actor: Actor, patient_id: int, doctor_id: int, at: datetime, shown: Shown | None = None,
    service: str = Service.RETURN,
) -> OnlineVisit:  # fmt: skip
    """Apply for an online visit. This hospital's own diagnoses are linked by themselves; `shown` is another's record.

    Raises NotFound, RealNameNeeded (IH-04), OnlineWorkRefused (IH-05), FirstVisit (IH-01, IH-02). Applied for twice,
    it is the same visit.
    """
    if actor.is_any(Role.UNVERIFIED):
        raise errors.RealNameNeeded
    if not actor.acts_for(patient_id):
        raise NotFound
    patient: Patient | None = Patient.objects.filter(pk=patient_id).first()
    doctor = Staff.objects.filter(pk=doctor_id, is_listed=True).first()
    if patient is None or doctor is None:
        raise NotFound
    if patient.verified_at is None:
        raise errors.RealNameNeeded
    refusal = may_work_online(doctor, at)
    if refusal is not None:
        raise refusal
    live = OnlineVisit.objects.filter(patient=patient, doctor=doctor, status__in=LIVE).first()
    if live is not None:
        return live
    own = proving(patient_id, at=at) if service == Service.RETURN else []
    if service == Service.RETURN and not own and shown is None and not _in_pilot(doctor, at):
        raise errors.FirstVisit
    picture = _picture(shown) if shown is not None and service == Service.RETURN else None
    department = selectors.online_department(doctor, at=at)
    try:
        with transaction.atomic():
            visit = OnlineVisit.objects.create(
                patient=patient, account_id=actor.own_account_id, doctor=doctor, department=department,
                service=service, created_at=at,
            )  # fmt: skip
    except IntegrityError:  # applied for in another tab in the same instant
        return OnlineVisit.objects.get(patient=patient, doctor=doctor, status__in=LIVE)
    VISIT.begin(visit, actor=actor, at=at)
    _link(visit, own, shown, picture)
    visit.form = response_start(
        actor=actor, questionnaire=FORM, patient_id=patient_id, because=BECAUSE, because_id=visit.pk, at=at
    )
    visit.save(update_fields=["form"])
    record(actor, "consult.apply", at=at, subject=visit, patient_id=patient_id)
    return visit


@entry
def visit_apply(
    *, actor: Actor, patient_id: int, doctor_id: int, at: datetime, shown: Shown | None = None,
    service: str = Service.RETURN,
) -> OnlineVisit:  # fmt: skip
    """visit_apply_within, in a transaction of its own."""
    return visit_apply_within(
        actor=actor, patient_id=patient_id, doctor_id=doctor_id, at=at, shown=shown, service=service
    )


def _in_pilot(doctor: Staff, at: datetime) -> bool:
    """IH-02: first visits only by doctors whom the hospital named."""
    return doctor.number in parameters.FIRST_VISIT_DOCTORS.at(at)


def _picture(shown: Shown) -> ContentFile[bytes] | None:
    """The photographed page, made anew from its pixels (G16)."""
    if shown.kind not in EvidenceKind.values or shown.kind == EvidenceKind.OWN:
        raise Invalid(fields={"kind": str(EvidenceKind.choices)})
    if shown.file is None:
        return None
    made = picture_read(shown.file, most_bytes=MOST_BYTES)
    return ContentFile(made.content, name=f"{secrets.token_hex(20)}.jpg")


def _link(visit: OnlineVisit, own: list[OfflineDiagnosis], shown: Shown | None, picture: Any) -> None:
    for one in own[:20]:
        Evidence.objects.create(
            visit=visit, kind=EvidenceKind.OWN, diagnosis_id=one.diagnosis_id, code=one.code, display=one.display,
            diagnosed_on=clock.business_day(one.at),
        )  # fmt: skip
    if shown is not None:
        Evidence.objects.create(
            visit=visit, kind=shown.kind, display=shown.display.strip()[:300], hospital=shown.hospital.strip()[:100],
            diagnosed_on=shown.diagnosed_on, **({"file": picture} if picture else {}),
        )  # fmt: skip


@entry
def consent_sign(*, actor: Actor, visit_id: int, version: int, at: datetime) -> ConsentSignature:
    """Sign the present version of the consent (IH-10). Raises ConsentChanged when another one is in force."""
    visit = locked(visit_id)
    policy.must_be_patient(actor, visit)
    text = selectors.consent_current()
    if text.version != version:
        raise errors.ConsentChanged
    signed = ConsentSignature.objects.filter(visit=visit).first()
    if signed is None:
        signed = ConsentSignature.objects.create(
            visit=visit, text=text, digest=text.digest, account_id=actor.own_account_id, at=at, ip=actor.ip or None,
            device=actor.device,
        )  # fmt: skip
        record(actor, "consult.consent", at=at, subject=visit, patient_id=visit.patient_id)
    return signed


def must_be_ready(visit: OnlineVisit) -> None:
    """What comes before the first chargeable act: consent (IH-10) and the answered questions."""
    if not ConsentSignature.objects.filter(visit=visit).exists():
        raise errors.ConsentNeeded
    if visit.form is None or visit.form.status not in FINISHED:
        raise errors.FormNeeded


@entry
def visit_book(*, actor: Actor, visit_id: int, period_id: int, at: datetime, proved: bool = False) -> Booking:
    """Hold a place in the doctor's online session; paid, the visit waits for the doctor.

    Raises ConsentNeeded, FormNeeded, NotThisSession and what appointments refuses. `proved`: the question that
    suspicion asks for was answered (AP-07).
    """
    visit = locked(visit_id)
    policy.must_be_patient(actor, visit)
    must_be_ready(visit)
    if visit.status == VisitStatus.PAYING and visit.booking is not None:
        if visit.booking.status in ACTIVE_BOOKING:
            return visit.booking
        VISIT.move(visit, VisitStatus.APPLYING, actor=actor, at=at, booking=None)
    period = Period.objects.select_related("session").filter(pk=period_id).first()
    if period is None or period.session.doctor_id != visit.doctor_id or period.session.kind != "online":
        raise errors.NotThisSession
    booking = booking_hold_within(
        actor=actor, patient_id=visit.patient_id, period_id=period_id, at=at, proved=proved
    )  # fmt: skip
    VISIT.move(
        visit, VisitStatus.PAYING, actor=actor, at=at, booking=booking, department_id=period.session.department_id
    )
    return booking


@entry
def visit_cancel(*, actor: Actor, visit_id: int, at: datetime) -> OnlineVisit:
    """The patient gives up before the doctor has begun; what was paid goes back whole (AP-05, PAY-09)."""
    visit = locked(visit_id)
    policy.must_be_patient(actor, visit)
    if visit.status == VisitStatus.TALKING:
        raise errors.UnderWay
    booking = visit.booking
    VISIT.move(visit, VisitStatus.CANCELLED, actor=actor, at=at, reason="patient", ended_at=at)
    if booking is not None and booking.status in ACTIVE_BOOKING:
        booking_cancel_within(
            actor=actor, booking_id=booking.pk, at=at, reason=gettext_noop("online visit cancelled by the patient")
        )
    if visit.form_id is not None:
        response_stop(actor=actor, response_id=visit.form_id, at=at, reason=gettext_noop("visit cancelled"))
    if visit.last_seq:
        notice_add(visit, "患者已取消本次就诊。", at=at)
    return visit
