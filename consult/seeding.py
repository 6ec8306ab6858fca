"""Demo data of consult: the consent, and patients of doctor01 in each state of an online visit. Invented throughout.

Two wait, one is in talk, one visit has ended with a signed note: a workstation as it looks on an ordinary morning.
They come by the verbs that people use, paid at the desk, at instants of the last hours. The demo's heroine isn't among
them: her day begins with an empty page. A tiny house has too few patients for it.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

import appointments.services
import billing.services
from appointments.models import Booking
from billing.models import Channel, PayMethod
from emr.models import Note
from emr.seeding import earlier_visit
from emr.services import DiagnosisSpec, note_save, note_sign
from hospital.forms import services as forms
from hospital.kit.actor import Actor, Role, system
from hospital.kit.transactions import entry
from hospital.organisation.models import Staff
from hospital.people.models import FamilyLink, Patient, Sex

from . import carried, selectors, services
from .models import OnlineVisit
from .prefill import note_texts

_HOUSE = system("consult.seed")
_CODES = "urn:hospital:codes:preconsult"
_HEROINES = ("80000000", "80000001", "80000002")


@dataclass(frozen=True, slots=True)
class _Story:
    """`paid` minutes ago; `lines`: who, how many minutes after the doctor began, what."""

    paid: int
    complaint: str
    symptom: str
    begun: int = 0
    lines: tuple[tuple[str, int, str], ...] = ()
    advice: str = ""


_STORIES = (
    _Story(55, "左乳术后半年，想续开来曲唑", "none"),
    _Story(135, "右乳术后2年复查", "pain", lines=(("patient", 0, "医生您好，最近手指关节早上有点僵，想问问要不要紧。"),)),
    _Story(
        190, "内分泌治疗1年，潮热明显", "none", begun=25,
        lines=(
            ("patient", 1, "医生您好，我吃来曲唑一年了，最近潮热多，夜里睡不好。"),
            ("doctor", 3, "您好，潮热是来曲唑常见的反应。一天大概几次？有没有阴道出血或骨头疼？"),
            ("patient", 5, "一天五六次，没有出血，膝盖偶尔酸。"),
            ("doctor", 8, "近半年查过骨密度吗？除了来曲唑还在吃什么药？有没有药物过敏？"),
            ("patient", 11, "没查过骨密度。只吃来曲唑和钙片，不过敏。"),
        ),
    ),
    _Story(
        260, "右乳术后1年复查", "none", begun=160,
        lines=(
            ("patient", 1, "医生您好，上周的化验结果已经在手机上看到了，麻烦您看看。"),
            ("doctor", 4, "看到了，血象和肿瘤标志物都正常。继续吃来曲唑，注意补钙。"),
            ("patient", 6, "好的，谢谢医生！"),
        ),
        advice="继续来曲唑和钙剂，3 个月后复查血常规、肝肾功能、肿瘤标志物。如有骨痛、胸闷请及时来院。",
    ),
)  # fmt: skip


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    carried.load(at=at)
    doctor = Staff.objects.filter(number="doctor01").first()
    if doctor is None or OnlineVisit.objects.filter(doctor=doctor).exists():
        return
    women = Patient.objects.filter(sex=Sex.FEMALE, verified_at__isnull=False, record_no__startswith="8")
    patients = women.exclude(record_no__in=_HEROINES).order_by("record_no")[: len(_STORIES)]
    offers = selectors.offers_of(doctor.pk, at=at)
    for patient, story, offer in zip(patients, _STORIES, offers, strict=False):
        _tell(patient, doctor, story, offer.period_id, at)


def _tell(patient: Patient, doctor: Staff, story: _Story, period_id: int, at: datetime) -> None:
    department = selectors.online_department(doctor, at=at)
    with transaction.atomic():
        earlier_visit(patient, doctor, department, at - timedelta(days=95))
    link = FamilyLink.objects.filter(patient=patient).order_by("pk").first()
    if link is None:
        return
    mine = Actor(roles=frozenset({Role.PATIENT}), account_id=link.account_id, patient_ids=frozenset({patient.pk}))
    theirs = Actor(
        roles=frozenset({Role.DOCTOR}), account_id=doctor.account_id, staff_id=doctor.pk,
        department_ids=frozenset({department.pk}),
    )  # fmt: skip
    visit = _apply(mine, patient, doctor, story, period_id, at - timedelta(minutes=story.paid))
    begun = at - timedelta(minutes=story.begun)
    if story.begun:
        services.visit_accept(actor=theirs, visit_id=visit.pk, at=begun)
    else:
        begun = at - timedelta(minutes=story.paid - 2)
    for who, after, text in story.lines:
        services.message_post(
            actor=theirs if who == "doctor" else mine, visit_id=visit.pk, text=text, client_key="",
            at=begun + timedelta(minutes=after),
        )  # fmt: skip
    if story.advice:
        _finish(theirs, visit, story, begun + timedelta(minutes=10))


def _apply(mine: Actor, patient: Patient, doctor: Staff, story: _Story, period_id: int, at: datetime) -> OnlineVisit:
    """Evidence, consent, answers, place, money: the patient's way to the waiting room."""
    visit = services.visit_apply(
        actor=mine, patient_id=patient.pk, doctor_id=doctor.pk, at=at - timedelta(minutes=8), shown=None
    )
    services.consent_sign(
        actor=mine, visit_id=visit.pk, version=selectors.consent_current().version, at=at - timedelta(minutes=7)
    )
    visit.refresh_from_db()
    assert visit.form is not None
    forms.response_submit(
        actor=mine, response_id=visit.form.pk, answers=_answers(story), revision=visit.form.revision,
        at=at - timedelta(minutes=3),
    )  # fmt: skip
    booking = services.visit_book(actor=mine, visit_id=visit.pk, period_id=period_id, at=at - timedelta(minutes=2))
    _pay(mine, booking, at)
    visit.refresh_from_db()
    return visit


def _pay(mine: Actor, booking: Booking, at: datetime) -> None:
    """At the desk, in cash: the demo's channels know of no bill of theirs."""
    if booking.charge is not None and booking.charge.amount:
        with transaction.atomic():
            order = billing.services.pay_order_open(
                actor=_HOUSE, charge_ids=[booking.charge.pk], channel=Channel.CASH, method=PayMethod.DESK, at=at
            )
        money = billing.services.Money(
            transaction_id=f"SEED-{order.number}", amount=order.amount, success_at=at, source="desk"
        )
        billing.services.payment_record(order_id=order.pk, money=money, at=at)
        billing.services.notices_deliver(at=at)
    appointments.services.notices_deliver(at=at)


def _coding(system_: str, code: str) -> dict[str, Any]:
    return {"valueCoding": {"system": f"{_CODES}:{system_}", "code": code}}


def _said(link: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"linkId": link, "answer": list(values)}


def _answers(story: _Story) -> list[dict[str, Any]]:
    now = [_said("symptoms", _coding("symptom", story.symptom))]
    if story.symptom == "pain":
        now.append(_said("pain-score", {"valueInteger": 3}))
        now.append(_said("duration", {"valueQuantity": {"value": 10, "unit": "天", "code": "d"}}))
    return [
        {"linkId": "why", "item": [_said("chief-complaint", {"valueString": story.complaint}), _said("purpose", _coding("purpose", "refill"))]},
        {"linkId": "now", "item": now},
        {"linkId": "since", "item": [_said("change", _coding("change", "same"))]},
        {"linkId": "drugs", "item": [_said("takes-drugs", {"valueBoolean": True}),
                                     {"linkId": "drug", "item": [_said("drug-name", {"valueString": "来曲唑"})]}]},
        {"linkId": "allergies", "item": [_said("allergy", _coding("allergy", "none"))]},
        {"linkId": "pregnant", "item": [_said("pregnancy", _coding("pregnancy", "na"))]},
    ]  # fmt: skip


def _finish(theirs: Actor, visit: OnlineVisit, story: _Story, at: datetime) -> None:
    visit.refresh_from_db()
    assert visit.encounter is not None
    note = Note.objects.get(encounter=visit.encounter)
    code = visit.evidence.order_by("pk")[0].code
    texts = {**note.draft.get("fields", {}), **_texts(visit, story)}
    saved = entry(note_save)(
        actor=theirs, note_id=note.pk, fields=texts, diagnoses=[DiagnosisSpec(code, "main")], revision=note.revision,
        at=at, confirmed=list(texts),
    )  # fmt: skip
    entry(note_sign)(actor=theirs, note_id=note.pk, revision=saved.revision, at=at + timedelta(minutes=2))
    services.visit_end(actor=theirs, visit_id=visit.pk, code="done", note=story.advice, at=at + timedelta(minutes=3))


def _texts(visit: OnlineVisit, story: _Story) -> dict[str, str]:
    assert visit.form is not None
    return {
        **note_texts(visit.form.answers),
        "change": "same",
        "exam": "线上复诊，未行体格检查；视频下精神好，对答切题。",
        "results": "血常规、肝肾功能、CEA、CA153 在参考范围内。",
        "plan": story.advice,
    }
