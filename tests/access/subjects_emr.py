"""Records: of the patient and who acts for them, of those who care for them, of the desk whose work it is."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from emr import services
from emr.models import AmendmentRequest, Encounter, Problem
from hospital.kit import clock
from hospital.kit.transactions import entry
from tests.access.subjects import OK, Case, subject
from tests.cast import Cast, Person, actor_of_person
from tests.emr.conftest import C50, FIELDS, Clinic, furnish, open_visit


def _clinic(cast: Cast, person: Person) -> Clinic:
    if not Encounter.objects.exists():
        furnish(cast)
    return Clinic(cast, open_visit(cast, patient=person))


def _signed(cast: Cast, person: Person) -> Clinic:
    clinic = _clinic(cast, person)
    clinic.none_known()
    note = clinic.save({**FIELDS, "plan": "CANARY-NOTE 继续治疗"})
    entry(services.note_sign)(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())
    return clinic


def _report(cast: Cast, person: Person) -> Any:
    clinic = _clinic(cast, person)
    report = clinic.file(key=f"ACCESS|{person.patient_id}|{clinic.encounter.pk}")
    return clinic.release(report, "CANARY-COMMENT")


@subject("emr.report")
def report(cast: Cast, rule: str) -> Sequence[Case]:
    mine, theirs = _report(cast, cast.wang_fang), _report(cast, cast.stranger)
    waiting = _clinic(cast, cast.wang_fang).file(key="ACCESS|waiting")
    return [
        Case("own", {"pk": mine.pk}, {"wang_fang"}, secrets=["CANARY-COMMENT"]),
        Case("of the stranger", {"pk": theirs.pk}, {"stranger"}, secrets=["CANARY-COMMENT"]),
        Case("own, not released", {"pk": waiting.pk}, set()),
    ]


def _prescription(cast: Cast, person: Person, upto: str) -> Any:
    clinic = _clinic(cast, person)
    prescription = clinic.prescribe()
    if upto == "signed":
        return prescription
    clinic.take(prescription)
    if upto == "reviewing":
        return prescription
    prescription = clinic.review(prescription)
    if upto == "approved":
        return prescription
    clinic.pay(prescription)
    if upto == "paid":
        return prescription
    patient = actor_of_person(person)
    entry(services.delivery_choose)(
        actor=patient, prescription_id=prescription.pk, by_courier=upto in {"waiting", "sent"}, recipient="王芳",
        phone="13800000000", address="虚构市", at=clock.now(),
    )  # fmt: skip
    from emr.services.dispensing import MATCHES

    entry(services.prescription_dispense)(
        actor=actor_of_person(cast.second_pharmacist), prescription_id=prescription.pk,
        matches=[name for _group, name, _words in MATCHES], at=clock.now(),
    )  # fmt: skip
    if upto == "sent":
        entry(services.delivery_send)(
            actor=actor_of_person(cast.pharmacist), prescription_id=prescription.pk, courier="顺丰", tracking_no="1",
            at=clock.now(),
        )  # fmt: skip
    prescription.refresh_from_db()
    return prescription


@subject("emr.prescription")
def prescription(cast: Cast, rule: str) -> Sequence[Case]:
    upto = {"emr.arrived": "sent", "emr.prescription_void": "signed"}.get(rule, "approved")
    mine = _prescription(cast, cast.wang_fang, upto)
    data = {"way": "pickup", "reason": "x"}
    may = {"doctor_li"} if rule == "emr.prescription_void" else {"wang_fang"}
    cases = [Case("own", {"pk": mine.pk}, may, data=data, secrets=[mine.number])]
    if rule != "emr.prescription_void":
        # hers is only just signed: to its owner a change is too early (409), to everybody else it isn't there
        theirs = _prescription(cast, cast.stranger, "signed")
        cases.append(Case("of the stranger", {"pk": theirs.pk}, {"stranger"}, data=data, success=OK | {409}))
    return cases


@subject("emr.pharmacy")
def pharmacy(cast: Cast, rule: str) -> Sequence[Case]:
    upto = {
        "emr.pharmacy_take": "signed", "emr.pharmacy_review": "reviewing", "emr.pharmacy_dispense": "paid",
        "emr.pharmacy_send": "waiting", "emr.pharmacy_hand_over": "pickup",
    }.get(rule, "signed")  # fmt: skip
    mine = _prescription(cast, cast.wang_fang, upto)
    from emr.services.dispensing import MATCHES

    data = {
        "outcome": "pass", "match": [name for _group, name, _words in MATCHES], "courier": "顺丰", "tracking_no": "1"
    }  # fmt: skip
    # Pharmacist took and reviewed it: the second one is told so (409), the reviewer may not dispense (403, RX-10).
    told = {"emr.pharmacy_review": {409}, "emr.pharmacy_dispense": {403}}.get(rule, set())
    may = {"pharmacist", "second_pharmacist"}
    return [Case("in the queue", {"pk": mine.pk}, may, data=data, secrets=[mine.number], success=OK | told)]


@subject("emr.encounter")
def encounter(cast: Cast, rule: str) -> Sequence[Case]:
    signed = rule in {"emr.note_amend", "emr.amendment_ask", "emr.encounter"}
    clinic = _signed(cast, cast.wang_fang) if signed else _clinic(cast, cast.wang_fang)
    if rule == "emr.note_sign":
        clinic.none_known()
        clinic.save()
    fields = {f"f_{name}": text for name, text in FIELDS.items()}
    note = clinic.note
    data: dict[str, Any] = {
        **fields, "revision": note.revision, "version": 1, "dx": C50, "dx_main": C50, "reason": "补充", "none_known": "1",
        "item": "lab-cbc",
    }  # fmt: skip
    if rule == "emr.prescribe":
        data = {
            "drug_0": "letrozole",
            "dose_0": "2.5",
            "per_day_0": "1",
            "days_0": "7",
            "route_0": "口服",
            "action": "save",
        }
    return [Case("in her care", {"pk": clinic.encounter.pk}, {"doctor_li"}, data=data, secrets=["CANARY-NOTE"])]


@subject("emr.order")
def order(cast: Cast, rule: str) -> Sequence[Case]:
    placed = _clinic(cast, cast.wang_fang).order()
    return [Case("ordered by her", {"pk": placed.pk}, {"doctor_li"}, data={"reason": "x"})]


@subject("emr.result")
def result(cast: Cast, rule: str) -> Sequence[Case]:
    clinic = _clinic(cast, cast.wang_fang)
    filed = clinic.file(key="ACCESS|result")
    data = {"handled": "已通知", "comment": "好"}
    return [Case("in her care", {"pk": filed.pk}, {"doctor_li"}, data=data)]


@subject("emr.patient")
def patient(cast: Cast, rule: str) -> Sequence[Case]:
    _signed(cast, cast.wang_fang)
    return [
        Case("in her care", {"pk": cast.wang_fang.patient_id}, {"doctor_li"}),
        Case("in nobody's care", {"pk": cast.mother.patient_id}, set()),
    ]


@subject("emr.problem")
def problem(cast: Cast, rule: str) -> Sequence[Case]:
    _signed(cast, cast.wang_fang)
    data = {"problem": Problem.objects.get().pk, "status": "resolved"}
    return [
        Case("in her care", {"pk": cast.wang_fang.patient_id}, {"doctor_li"}, data=data),
        Case("in nobody's care", {"pk": cast.mother.patient_id}, set(), data=data),
    ]


@subject("emr.amendment")
def amendment(cast: Cast, rule: str) -> Sequence[Case]:
    clinic = _signed(cast, cast.wang_fang)
    with transaction.atomic():
        services.encounter_close(actor=clinic.li, encounter_id=clinic.encounter.pk, at=clock.now())
    asked: AmendmentRequest = entry(services.amendment_ask)(
        actor=clinic.li, note_id=clinic.note.pk, reason="漏写", at=clock.now()
    )
    return [Case("asked", {"pk": asked.pk}, {"records"}, data={"decision": "approve"})]


def _lab_order(cast: Cast, person: Person, *, paid: bool) -> Any:
    clinic = _clinic(cast, person)
    clinic.save()
    order = clinic.order()
    if paid:
        clinic.pay(order)
    return order


@subject("emr.patient_order")
def patient_order(cast: Cast, rule: str) -> Sequence[Case]:
    mine, theirs = _lab_order(cast, cast.wang_fang, paid=False), _lab_order(cast, cast.stranger, paid=False)
    return [
        Case("own", {"pk": mine.pk}, {"wang_fang"}, secrets=[mine.placer_number]),
        Case("of the stranger", {"pk": theirs.pk}, {"stranger"}, secrets=[theirs.placer_number]),
    ]


@subject("emr.specimen")
def specimen(cast: Cast, rule: str) -> Sequence[Case]:
    order = _lab_order(cast, cast.wang_fang, paid=True)
    return [Case("a paid order of the laboratory", {"pk": order.pk}, {"nurse", "technician"}, data={"x": "y"})]
