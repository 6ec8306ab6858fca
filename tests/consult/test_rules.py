"""The rules of internet diagnosis (rules section 1), and the acceptance tests T01 to T07."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import DatabaseError, transaction

import appointments.services
from billing.models import Refund
from consult import errors, parameters, services
from consult.models import ConsentSignature, Evidence, OnlineVisit, TalkMessage
from consult.services.applying import Shown
from emr import errors as emr_errors
from emr.models import Note
from emr.services import ItemSpec, order_place, prescription_draft
from hospital.audit.models import Entry
from hospital.kit import clock
from hospital.kit.pictures import PictureRefused
from hospital.kit.problems import Invalid, NotFound, StaleMove
from hospital.kit.transactions import entry
from hospital.organisation import errors as organisation_errors
from hospital.people.models import FamilyLink
from tests.cast import actor_of_person
from tests.consult.stage import Stage, broken_invariants, jpeg
from tests.emr.conftest import C50, drug

pytestmark = pytest.mark.django_db

OTHERS = {"kind": "discharge", "display": "乳腺癌", "hospital": "县医院", "diagnosed_on": date(2026, 1, 5)}
JPEG = jpeg()


# --- coming in ------------------------------------------------------------------------------------------------


def test_T01_without_an_offline_diagnosis_it_is_refused_and_the_clinic_offered_IH01(stage: Stage) -> None:
    with pytest.raises(errors.FirstVisit) as refused:
        stage.apply()
    assert refused.value.code == "IH-01" and not OnlineVisit.objects.exists()


def test_the_page_of_periods_is_no_way_around_IH01(stage: Stage) -> None:
    """A hold straight from appointments, without a visit that is ready, is refused."""
    hold = {"actor": stage.patient, "patient_id": stage.cast.wang_fang.patient_id, "at": stage.at}
    with pytest.raises(errors.FirstVisit):
        appointments.services.booking_hold(period_id=stage.periods()[0].pk, **hold)
    stage.was_here()
    stage.apply()
    with pytest.raises(errors.ConsentNeeded):
        appointments.services.booking_hold(period_id=stage.periods()[0].pk, **hold)


def test_own_records_prove_themselves_and_old_ones_do_not_OP03(stage: Stage) -> None:
    stage.was_here()
    visit = stage.apply()
    assert [(e.kind, e.category) for e in visit.evidence.all()] == [("own", "C50")]
    services.visit_cancel(actor=stage.patient, visit_id=visit.pk, at=stage.at)
    stage.at += timedelta(days=31 * parameters.EVIDENCE_MONTHS.at(stage.at))
    with pytest.raises(errors.FirstVisit):
        stage.apply()


def test_IH02_first_visits_only_by_doctors_in_the_pilot(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters.FIRST_VISIT_DOCTORS, "default", [stage.cast.doctor_li.staff.number])
    assert stage.apply().status == "applying"


def test_IH04_real_names_only_and_no_strangers(stage: Stage) -> None:
    stage.was_here()
    with pytest.raises(errors.RealNameNeeded):
        services.visit_apply(
            actor=stage.actor(stage.cast.unverified), patient_id=stage.cast.unverified.patient_id,
            doctor_id=stage.cast.doctor_li.staff.pk, at=stage.at,
        )  # fmt: skip
    with pytest.raises(NotFound):
        services.visit_apply(
            actor=stage.actor(stage.cast.stranger), patient_id=stage.cast.wang_fang.patient_id,
            doctor_id=stage.cast.doctor_li.staff.pk, at=stage.at,
        )  # fmt: skip


def test_T04_a_doctor_of_less_than_three_years_is_refused_IH05(stage: Stage) -> None:
    stage.was_here()
    doctor = stage.cast.doctor_li.staff
    today = clock.business_day(stage.at)
    doctor.practising_since = today.replace(year=today.year - 3) + timedelta(days=1)
    doctor.save(update_fields=["practising_since"])
    with pytest.raises(organisation_errors.TooFewYears):
        stage.apply()
    doctor.practising_since -= timedelta(days=1)
    doctor.save(update_fields=["practising_since"])
    assert stage.apply().pk


def test_applied_for_twice_it_is_one_visit(stage: Stage) -> None:
    stage.was_here()
    assert stage.apply().pk == stage.apply().pk


def test_IH10_nothing_is_charged_before_consent_and_answers(stage: Stage) -> None:
    stage.was_here()
    visit = stage.apply()
    with pytest.raises(errors.ConsentNeeded):
        stage.hold(visit)
    with pytest.raises(errors.ConsentChanged):
        services.consent_sign(actor=stage.patient, visit_id=visit.pk, version=99, at=stage.at)
    stage.consent(visit)
    with pytest.raises(errors.FormNeeded):
        stage.hold(visit)
    stage.answer(visit)
    assert stage.hold(visit).status == "held"
    signed = ConsentSignature.objects.get()
    assert signed.digest == signed.text.digest and signed.account_id == stage.cast.wang_fang.account.pk
    with pytest.raises(DatabaseError), transaction.atomic():
        ConsentSignature.objects.update(digest="")


# --- paid, accepted, ended ------------------------------------------------------------------------------------


def test_from_payment_to_the_talk_the_answers_become_the_draft_of_the_note(stage: Stage) -> None:
    stage.was_here()
    visit = stage.waiting()
    assert visit.status == "waiting" and visit.booking is not None
    assert visit.answer_until == visit.booking.starts_at + timedelta(hours=24)
    visit = stage.accept(visit)
    note = Note.objects.get(encounter=visit.encounter)
    assert note.draft["fields"]["chief_complaint"] == "右乳术后复查"
    assert "来曲唑" in note.draft["fields"]["present_illness"]
    assert set(note.draft["from_patient"]) == {"chief_complaint", "present_illness"}
    assert visit.qualification["licence_no"] == "110120000001"
    stage.end(visit)
    visit.refresh_from_db()
    visit.booking.refresh_from_db()
    assert (visit.status, visit.end_code, visit.booking.status) == ("ended", "done", "seen")
    assert not Refund.objects.exists()
    assert broken_invariants() == {}


def test_only_the_chosen_doctor_accepts_and_only_once(stage: Stage) -> None:
    stage.was_here()
    visit = stage.waiting()
    for person in (stage.cast.other_doctor, stage.cast.head, stage.cast.nurse, stage.cast.wang_fang):
        with pytest.raises(NotFound):
            services.visit_accept(actor=stage.actor(person), visit_id=visit.pk, at=stage.at)
    stage.accept(visit)
    with pytest.raises(StaleMove):
        stage.accept(visit)


def test_IH19_unanswered_it_ends_by_itself_with_all_the_money_back(stage: Stage) -> None:
    stage.was_here()
    visit = stage.waiting()
    assert services.visits_tidy(at=visit.answer_until - timedelta(seconds=1)) == 0
    assert services.visits_tidy(at=visit.answer_until) == 1
    visit.refresh_from_db()
    visit.booking.refresh_from_db()
    assert (visit.status, visit.booking.status) == ("expired", "cancelled")
    assert Refund.objects.get().amount == 5000
    with pytest.raises(StaleMove):
        services.visit_accept(actor=stage.doctor, visit_id=visit.pk, at=visit.answer_until)
    assert broken_invariants() == {}


@pytest.mark.parametrize(("code", "refunded"), [("first_visit", True), ("emergency", True), ("done", False)])
def test_IH11_the_doctor_ends_with_a_code_guidance_and_the_refund_of_the_policy(
    stage: Stage, code: str, refunded: bool
) -> None:
    stage.was_here()
    visit = stage.talking()
    stage.end(visit, code, "请明天来院")
    assert Refund.objects.exists() is refunded
    last = TalkMessage.objects.filter(visit=visit).latest("seq")
    assert "请明天来院" in last.text and ("退回" in last.text) is refunded
    with pytest.raises(emr_errors.EncounterClosed):
        stage.prescribe(visit)
    with pytest.raises(errors.NotTalking):
        stage.say(visit, "还有问题")
    assert broken_invariants() == {}


def test_a_declined_visit_is_refunded_in_full(stage: Stage) -> None:
    stage.was_here()
    visit = stage.waiting()
    later = stage.at + timedelta(minutes=1)  # than the notice of the payment
    with pytest.raises(Invalid):
        services.visit_decline(actor=stage.doctor, visit_id=visit.pk, code="done", note="", at=later)
    services.visit_decline(actor=stage.doctor, visit_id=visit.pk, code="unsuitable", note="需要查体", at=later)
    assert Refund.objects.get().amount == 5000
    assert broken_invariants() == {}


def test_the_patient_gives_up_before_but_not_during_the_talk(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    with pytest.raises(errors.UnderWay):
        services.visit_cancel(actor=stage.patient, visit_id=visit.pk, at=stage.at)
    with pytest.raises(errors.UnderWay):
        appointments.services.booking_cancel(actor=stage.patient, booking_id=visit.booking_id, at=stage.at)
    stage.end(visit)
    stage.was_here(stage.cast.mother)
    again = stage.waiting(stage.cast.mother, index=1)
    services.visit_cancel(actor=stage.patient, visit_id=again.pk, at=stage.at + timedelta(minutes=1))
    assert Refund.objects.get().amount == 5000


def test_a_hold_that_ran_out_lets_choose_again(stage: Stage) -> None:
    stage.was_here()
    visit = stage.apply()
    stage.consent(visit)
    stage.answer(visit)
    stage.hold(visit)
    appointments.services.holds_expire(at=stage.at + timedelta(hours=1))
    services.visits_tidy(at=stage.at + timedelta(hours=1))
    visit.refresh_from_db()
    assert (visit.status, visit.booking) == ("applying", None)
    assert stage.hold(visit, 1).status == "held"


def test_money_for_a_visit_that_was_cancelled_meanwhile_goes_back(stage: Stage) -> None:
    stage.was_here()
    visit = stage.apply()
    stage.consent(visit)
    stage.answer(visit)
    booking = stage.hold(visit)
    stage.money(visit, booking)
    services.visit_cancel(actor=stage.patient, visit_id=visit.pk, at=stage.at)
    stage.tell()
    booking.refresh_from_db()
    assert booking.status == "cancelled" and Refund.objects.get().amount == 5000
    assert broken_invariants() == {}


# --- evidence of other hospitals ------------------------------------------------------------------------------


def test_anothers_record_counts_once_the_doctor_has_confirmed_it(stage: Stage) -> None:
    visit = stage.waiting(shown=Shown(**OTHERS, file=BytesIO(JPEG)))
    with pytest.raises(errors.EvidenceOpen):
        stage.accept(visit)
    evidence = Evidence.objects.get(visit=visit)
    assert evidence.file.read().startswith(b"\xff\xd8\xff")
    for bad in ("", "X99.999"):
        with pytest.raises(Invalid):
            services.evidence_confirm(
                actor=stage.doctor, visit_id=visit.pk, evidence_id=evidence.pk, code=bad, at=stage.at
            )
    services.evidence_confirm(actor=stage.doctor, visit_id=visit.pk, evidence_id=evidence.pk, code=C50, at=stage.at)
    assert stage.accept(visit).status == "talking"
    assert Entry.objects.filter(action="consult.evidence", reason=C50).count() == 1


@pytest.mark.parametrize("content", [b"%PDF-1.4", b"<svg onload=x>", b"MZ" + b"x" * 50, b"", JPEG + b"x" * 11_000_000])
def test_only_small_pictures_are_kept_G16(stage: Stage, content: bytes) -> None:
    with pytest.raises(PictureRefused):
        stage.apply(shown=Shown(**OTHERS, file=BytesIO(content)))
    assert not OnlineVisit.objects.exists()


# --- orders and prescriptions ---------------------------------------------------------------------------------


def order(stage: Stage, visit: OnlineVisit) -> Any:
    return entry(order_place)(
        actor=stage.doctor, encounter_id=visit.encounter_id, kind="lab", items=[ItemSpec("lab-cbc")], at=clock.now()
    )


def test_T02_another_illness_than_the_proved_one_is_refused_and_ending_offered_IH01(stage: Stage) -> None:
    stage.was_here(code="K29.500")
    visit = stage.talking()
    stage.write(visit, C50)
    for attempt in (lambda: order(stage, visit), lambda: stage.prescribe(visit)):
        with pytest.raises(errors.DiagnosisMismatch) as refused:
            attempt()
        assert refused.value.code == "IH-01-diagnosis"
    stage.write(visit, "K29.500")
    assert order(stage, visit).pk


def test_T03_advice_knows_no_order_and_no_prescription_IH03(stage: Stage) -> None:
    visit = stage.talking(service="advice")
    stage.write(visit)
    for attempt in (lambda: order(stage, visit), lambda: stage.prescribe(visit)):
        with pytest.raises(errors.AdviceOnly) as refused:
            attempt()
        assert refused.value.status == 403


@pytest.mark.parametrize(("days", "passes"), [(-1, True), (1, False)])
def test_T05_under_six_a_guardian_and_a_paediatrician_are_needed_IH06(stage: Stage, days: int, passes: bool) -> None:
    today = clock.business_day(stage.at)
    birth = today.replace(year=today.year - 6) + timedelta(days=days)  # 6 years old, or 5 years and 11 months
    child = stage.cast.new_patient("小宝", birth=birth, account=False)
    stage.cast.links(stage.cast.wang_fang, child, "child")
    stage.was_here(child)
    visit = stage.talking(child)
    stage.write(visit)
    if passes:
        assert stage.prescribe(visit).status == "signed"
        return
    with pytest.raises(errors.GuardianNeeded):
        stage.prescribe(visit)
    services.guardian_confirm(actor=stage.doctor, visit_id=visit.pk, name="王芳", at=stage.at)
    with pytest.raises(errors.GuardianNeeded):
        stage.prescribe(visit)  # oncology is no department for children
    stage.cast.oncology.national_code = "A07"
    stage.cast.oncology.save(update_fields=["national_code"])
    assert stage.prescribe(visit).status == "signed"


def test_T06_special_drugs_are_refused_online_IH07(stage: Stage) -> None:
    drug("morphine", "吗啡缓释片", special_class="narcotic")
    drug("diazepam", "地西泮", special_class="psychotropic2")
    drug("risky", "某注射剂", no_online=True)
    stage.was_here()
    visit = stage.talking()
    stage.write(visit)
    for code in ("morphine", "diazepam", "risky"):
        with pytest.raises(emr_errors.NotOnline):
            stage.prescribe(visit, stage.line(code))


def test_T07_no_line_comes_from_a_generator_IH09(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    with pytest.raises(emr_errors.ForbiddenSource):
        entry(prescription_draft)(
            actor=stage.doctor, encounter_id=visit.encounter_id, lines=[stage.line(source="ai")], at=clock.now()
        )


def test_IH08_only_the_treating_doctor_prescribes(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    stage.write(visit)
    with pytest.raises(emr_errors.NotYourEncounter):
        entry(prescription_draft)(
            actor=actor_of_person(stage.cast.other_doctor), encounter_id=visit.encounter_id, lines=[stage.line()],
            at=clock.now(),
        )  # fmt: skip


def test_what_the_doctor_did_shows_as_cards_once(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    stage.write(visit)
    order(stage, visit)
    stage.prescribe(visit)
    stage.tell(clock.now() + timedelta(seconds=5))
    stage.tell(clock.now() + timedelta(seconds=9))
    cards = [(m.card["what"], m.text) for m in TalkMessage.objects.filter(visit=visit, kind="card").order_by("seq")]
    assert cards == [("order", "血常规"), ("prescription", "来曲唑")]


# --- the talk -------------------------------------------------------------------------------------------------


def test_lines_are_numbered_without_gaps_and_the_same_key_is_the_same_line_G35(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    first = stage.say(visit, "医生您好", key="k1")
    assert stage.say(visit, "医生您好", key="k1").pk == first.pk
    stage.say(visit, "您好", person=stage.cast.doctor_li, key="k1")
    assert list(TalkMessage.objects.filter(visit=visit).order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4]
    with pytest.raises(DatabaseError), transaction.atomic():
        TalkMessage.objects.all().delete()


def test_strangers_and_those_whose_consent_ended_are_out_G19(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    for person in (stage.cast.stranger, stage.cast.other_doctor, stage.cast.pharmacist, stage.cast.admin):
        with pytest.raises(NotFound):
            stage.say(visit, "x", person=person)
    FamilyLink.objects.filter(account=stage.cast.wang_fang.account).update(revoked_at=stage.at)
    with pytest.raises(NotFound):
        stage.say(visit, "x")


def test_a_line_has_limits(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    for text in ("", "  ", "x" * 1001):
        with pytest.raises(errors.TextRefused):
            stage.say(visit, text)
    for n in range(parameters.LINES_PER_MINUTE.at(stage.at)):
        stage.say(visit, "x", key=str(n))
    with pytest.raises(errors.TooFast):
        stage.say(visit, "x", key="more")
    assert stage.say(visit, "x", key="later", at=stage.at + timedelta(minutes=3)).pk


def test_a_silent_talk_ends_by_itself(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    services.visits_tidy(at=visit.started_at + timedelta(hours=48))
    visit.refresh_from_db()
    assert (visit.status, visit.end_code) == ("ended", "silent")
    assert broken_invariants() == {}
