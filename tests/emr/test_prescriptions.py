"""Prescriptions: limits, checks, pharmacist, payment, dispensing (rules section 2 and 9; T07-T10, G37)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing.models import Charge
from emr import charging, errors, services
from emr.models import Delivery, Encounter, Prescription, PrescriptionLine, SignedVersion
from emr.services.dispensing import MATCHES
from hospital.kit import clock
from hospital.kit.problems import Problem, StaleMove
from hospital.kit.transactions import entry
from hospital.messaging.models import Message

from .conftest import Clinic, drug

pytestmark = pytest.mark.django_db

ALL = [name for _group, name, _words in MATCHES]


def dispense(
    clinic: Clinic, prescription: Prescription, matches: list[str] | None = None, person: object = None
) -> object:
    actor = clinic.actor(person or clinic.cast.second_pharmacist)  # type: ignore[arg-type]
    return entry(services.prescription_dispense)(
        actor=actor, prescription_id=prescription.pk, matches=ALL if matches is None else matches, at=clock.now()
    )


def test_the_whole_way_from_the_draft_into_the_patients_hand_RX11(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    assert prescription.status == "signed" and not Charge.objects.exists(), "no payment before the pharmacist (IH-08)"
    clinic.take(prescription)
    prescription = clinic.review(prescription)
    assert prescription.status == "approved"
    charge = Charge.objects.get(pk=prescription.charge_id)
    assert charge.amount == 1200 and charge.expires_at == prescription.valid_until
    assert Message.objects.filter(kind="prescription.approved").count() == 1
    patient = clinic.actor(clinic.cast.wang_fang)
    entry(services.delivery_choose)(
        actor=patient, prescription_id=prescription.pk, by_courier=True, recipient="王芳", phone="13800000000",
        address="山东省临沂市", at=clock.now(),
    )  # fmt: skip
    clinic.pay(prescription)
    assert prescription.status == "paid"
    dispense(clinic, prescription)
    send = entry(services.delivery_send)
    pharmacist = clinic.actor(clinic.cast.pharmacist)
    send(actor=pharmacist, prescription_id=prescription.pk, courier="顺丰", tracking_no="SF1", at=clock.now())
    entry(services.delivery_arrive)(actor=patient, prescription_id=prescription.pk, at=clock.now())
    prescription.refresh_from_db()
    assert prescription.status == "delivered" and Delivery.objects.get().address == "山东省临沂市"
    assert [link.kind for link in SignedVersion.objects.order_by("sequence")] == ["prescription", "review"]
    raw = connection.cursor()
    raw.execute("SELECT address FROM emr_delivery")
    assert "临沂" not in raw.fetchone()[0]


def test_six_drugs_are_refused_T09(clinic: Clinic) -> None:
    for number in range(5):
        drug(f"d{number}", f"药{number}", atc=f"A0{number}AA01")
    with pytest.raises(errors.TooManyDrugs):
        clinic.prescribe(clinic.line(), *(clinic.line(f"d{number}") for number in range(5)))


def test_eight_days_need_a_reason_and_thirteen_weeks_are_refused_T09(clinic: Clinic) -> None:
    with pytest.raises(errors.TooManyDays):
        clinic.prescribe(clinic.line(days=8))
    with pytest.raises(errors.LongerThanAllowed):
        clinic.prescribe(clinic.line(days=91), long_reason="外地患者")
    assert clinic.prescribe(clinic.line(days=28), long_reason="外地患者，病情稳定").status == "signed"


@pytest.mark.parametrize("source", ["ai", "", "generated"])
def test_no_line_comes_from_a_generator_T07(clinic: Clinic, source: str) -> None:
    with pytest.raises(errors.ForbiddenSource):
        clinic.draft(clinic.line(source=source))
    clinic.draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        PrescriptionLine.objects.update(source=source)


def test_a_copied_line_names_an_earlier_line_of_the_same_patient_IH09(clinic: Clinic) -> None:
    with pytest.raises(errors.ForbiddenSource):
        clinic.draft(clinic.line(source="copied"))
    earlier = clinic.prescribe().lines.get()
    copied = clinic.draft(clinic.line(source="copied", copied_from_id=earlier.pk)).lines.get()
    assert copied.copied_from_id == earlier.pk


@pytest.mark.parametrize(
    "changes", [{"usage_note": "遵医嘱"}, {"dose": Decimal(0)}, {"route": ""}, {"days": 0}, {"per_day": Decimal(0)}]
)
def test_an_incomplete_line_is_refused_RX06(clinic: Clinic, changes: dict[str, object]) -> None:
    with pytest.raises(errors.FieldsMissing):
        clinic.draft(clinic.line(**changes))


def test_the_quantity_is_computed_from_the_usage_DS05(clinic: Clinic) -> None:
    line = clinic.draft(clinic.line(days=84), long_reason="x").lines.get()
    assert line.quantity == 3


def test_an_allergy_is_a_hard_stop_DS01(clinic: Clinic) -> None:
    drug("amox", "阿莫西林", ingredient="阿莫西林", allergy_groups=["penicillins"], atc="J01CA04")
    with transaction.atomic():
        services.allergy_add(
            actor=clinic.li, patient_id=clinic.encounter.patient_id, substance="青霉素", group="penicillins",
            at=clock.now(),
        )  # fmt: skip
    with pytest.raises(errors.DrugRefused) as refused:
        clinic.prescribe(clinic.line("amox"), override_reason="已皮试")
    assert list(refused.value.fields) == ["DS-01 阿莫西林"]


@pytest.mark.parametrize("changes", [{"dose": Decimal(5)}, {"per_day": Decimal(2)}, {"route": "静脉滴注"}])
def test_above_the_label_or_by_the_wrong_route_is_a_hard_stop_DS03_DS04(
    clinic: Clinic, changes: dict[str, object]
) -> None:
    with pytest.raises(errors.DrugRefused):
        clinic.prescribe(clinic.line(**changes), override_reason="x")


def test_the_same_group_needs_a_reason_that_the_pharmacist_reads_DS02_DS14(clinic: Clinic) -> None:
    drug("anastrozole", "阿那曲唑", atc="L02BG03")
    with pytest.raises(errors.WarningsOpen):
        clinic.prescribe(clinic.line(), clinic.line("anastrozole"))
    signed = clinic.prescribe(clinic.line(), clinic.line("anastrozole"), override_reason="换药过渡")
    assert {one["rule"] for one in signed.warnings} == {"DS-02"}


def test_missing_facts_are_shown_as_not_checked_never_as_safe_DS14(clinic: Clinic) -> None:
    drug("unknown", "新药", max_single=None, max_daily=None, atc="")
    signed = clinic.prescribe(clinic.line("unknown"))
    assert [one["level"] for one in signed.warnings] == ["unchecked"] * 3


def test_not_online_and_special_classes_are_refused_T06(clinic: Clinic) -> None:
    drug("morphine", "吗啡", special_class="narcotic", atc="N02AA01")
    drug("taxol", "紫杉醇注射液", no_online=True, atc="L01CD01")
    with pytest.raises(errors.SpecialClass):
        clinic.prescribe(clinic.line("morphine"))
    Encounter.objects.filter(pk=clinic.encounter.pk).update(kind="N")
    for code in ("morphine", "taxol"):
        with pytest.raises(errors.NotOnline):
            clinic.prescribe(clinic.line(code))


def test_no_diagnosis_no_prescription(clinic: Clinic) -> None:
    drafted = clinic.draft()
    with pytest.raises(errors.DiagnosisMissing):
        entry(services.prescription_sign)(
            actor=clinic.li, prescription_id=drafted.pk, revision=drafted.revision, at=clock.now()
        )


def test_two_tabs_of_one_draft_meet_a_conflict_G11(clinic: Clinic) -> None:
    drafted = clinic.draft()
    clinic.draft(clinic.line(days=5), prescription_id=drafted.pk, revision=1)
    with pytest.raises(StaleMove):
        clinic.draft(clinic.line(days=6), prescription_id=drafted.pk, revision=1)
    with pytest.raises(StaleMove):
        entry(services.prescription_sign)(actor=clinic.li, prescription_id=drafted.pk, revision=1, at=clock.now())


def test_signed_lines_never_change_T10(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    clinic.take(prescription)
    with pytest.raises(DatabaseError, match="does not change"), transaction.atomic():
        PrescriptionLine.objects.update(days=30)
    with pytest.raises(StaleMove):
        clinic.draft(prescription_id=prescription.pk, revision=prescription.revision)


def test_returned_is_answered_by_a_new_one_T10(clinic: Clinic) -> None:
    first = clinic.prescribe()
    clinic.take(first)
    with pytest.raises(errors.ReasonMissing):
        clinic.review(first, "return")
    clinic.review(first, "return", comment="请核对频次")
    assert Message.objects.get(kind="prescription.returned").account_id == clinic.cast.doctor_li.account.pk
    second = clinic.prescribe(replaces_id=first.pk)
    first.refresh_from_db()
    assert (first.status, second.replaces_id) == ("void", first.pk)


def test_nobody_but_another_pharmacist_decides_G37(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    for person in (clinic.cast.doctor_li, clinic.cast.nurse, clinic.cast.wang_fang, clinic.cast.admin):
        with pytest.raises(Problem, match="not-found"):
            clinic.take(prescription, person)
    clinic.take(prescription)
    with pytest.raises(errors.TakenByAnother):
        clinic.take(prescription, clinic.cast.second_pharmacist)
    with pytest.raises(errors.TakenByAnother):
        clinic.review(prescription, person=clinic.cast.second_pharmacist)


def test_a_prescriber_who_is_a_pharmacist_too_may_not_review_his_own_RX09(clinic: Clinic) -> None:
    from hospital.organisation.models import Post

    prescription = clinic.prescribe()
    li = clinic.cast.doctor_li
    Post.objects.create(staff=li.staff, department=clinic.cast.pharmacy, role="pharmacist", effective_from="2020-01-01")
    with pytest.raises(errors.SelfReview):
        clinic.take(prescription, li)


def test_steps_out_of_order_are_refused_G37(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    with pytest.raises(StaleMove):
        clinic.review(prescription)
    with pytest.raises(StaleMove):
        dispense(clinic, prescription)
    clinic.take(prescription)
    clinic.review(prescription)
    with pytest.raises(StaleMove):
        dispense(clinic, prescription)


def test_all_ten_matches_and_another_hand_RX10(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    clinic.take(prescription)
    clinic.review(prescription)
    clinic.pay(prescription)
    with pytest.raises(errors.MatchesMissing) as refused:
        dispense(clinic, prescription, ALL[:-1])
    assert list(refused.value.fields) == ["diagnosis"]
    with pytest.raises(errors.SelfReview):
        dispense(clinic, prescription, person=clinic.cast.pharmacist)
    dispense(clinic, prescription)
    charge = Charge.objects.get(pk=prescription.charge_id)
    assert not charging.prescription_may_refund(charge, clock.now())


def test_an_undecided_one_expires_T08_and_a_forgotten_one_goes_back(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    clinic.take(prescription)
    assert services.prescriptions_tidy(at=clock.now() + timedelta(minutes=31)) in {0, 1}
    Prescription.objects.filter(pk=prescription.pk).update(valid_until=clock.now() - timedelta(seconds=1))
    assert services.prescriptions_tidy(at=clock.now()) == 1
    prescription.refresh_from_db()
    assert prescription.status == "expired"


def test_an_approved_one_expires_with_its_charge_T08(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    clinic.take(prescription)
    prescription = clinic.review(prescription)
    Charge.objects.filter(pk=prescription.charge_id).update(status="expired", ended_at=clock.now())
    with transaction.atomic():
        charging.prescription_ended(prescription.charge_id, clock.now())
    prescription.refresh_from_db()
    assert prescription.status == "expired"


def test_a_longer_validity_needs_a_reason_and_has_an_end_RX01(clinic: Clinic) -> None:
    clinic.none_known()
    clinic.save()
    drafted = clinic.draft()
    sign = entry(services.prescription_sign)
    values = {"actor": clinic.li, "prescription_id": drafted.pk, "revision": drafted.revision, "at": clock.now()}
    for days, reason in ((2, ""), (4, "外地"), (0, "x")):
        with pytest.raises(errors.ReasonMissing):
            sign(**values, valid_days=days, extend_reason=reason)
    signed = sign(**values, valid_days=3, extend_reason="外地患者")
    assert signed.valid_until == clock.day_bounds(clock.today())[1] + timedelta(days=2)


def test_void_takes_the_open_charge_with_it(clinic: Clinic) -> None:
    prescription = clinic.prescribe()
    clinic.take(prescription)
    prescription = clinic.review(prescription)
    entry(services.prescription_void)(
        actor=clinic.li, prescription_id=prescription.pk, at=clock.now(), reason="患者改主意"
    )
    assert Charge.objects.get(pk=prescription.charge_id).status == "cancelled"
