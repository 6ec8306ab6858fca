"""Notes: save, conflict, sign, amend (MR-01..MR-04, G10, G11, T11)."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from emr import chain, errors, selectors, services
from emr.models import Diagnosis, Encounter, Note, NoteVersion, SignedVersion
from emr.services import DiagnosisSpec
from hospital.kit import clock
from hospital.kit.transactions import entry

from .conftest import C50, FIELDS, Clinic

pytestmark = pytest.mark.django_db


def test_a_draft_is_kept_with_each_save(clinic: Clinic) -> None:
    clinic.save({"chief_complaint": "右乳癌术后2年"})
    note = clinic.save({"chief_complaint": "右乳癌术后2年复查", "nonsense": "x"})
    assert note.revision == 2
    assert note.draft["fields"] == {"chief_complaint": "右乳癌术后2年复查"}


def test_the_second_of_two_editors_meets_a_conflict_and_nothing_is_lost_G11(clinic: Clinic) -> None:
    clinic.save({"plan": "first"}, revision=0)
    with pytest.raises(errors.NoteConflict) as refused:
        clinic.save({"plan": "second"}, revision=0)
    assert refused.value.revision == 1
    assert clinic.note.draft["fields"]["plan"] == "first"


def test_a_repeated_save_of_the_same_text_is_the_same_save(clinic: Clinic) -> None:
    clinic.save({"plan": "same"}, revision=0)
    assert clinic.save({"plan": "same"}, revision=0).revision == 1


def test_signing_makes_a_version_diagnoses_and_a_problem(clinic: Clinic) -> None:
    version = clinic.sign()
    assert version.version == 1 and chain.link_is_whole(version) and not version.late
    assert clinic.note.status == "signed"
    row = Diagnosis.objects.get(encounter=clinic.encounter)
    assert (row.code, row.role, row.display) == (C50, "main", "乳房恶性肿瘤")
    found = selectors.offline_diagnoses(clinic.encounter.patient_id, at=clock.now())
    assert [(one.code, one.category, one.is_main) for one in found] == [(C50, "C50", True)]


def test_a_draft_is_no_evidence_of_a_diagnosis_IH01(clinic: Clinic) -> None:
    clinic.save()
    assert selectors.offline_diagnoses(clinic.encounter.patient_id, at=clock.now()) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"chief_complaint": ""}, "chief_complaint"),
        ({"chief_complaint": "复查"}, "chief_complaint"),
        ({"chief_complaint": "右乳癌术后两年复查伴有间断性胸壁不适及乏力多时"}, "chief_complaint"),
        ({"chief_complaint": "左乳癌术后2年"}, ""),
        ({"plan": ""}, "plan"),
        ({"present_illness": "患者，男，62岁，无不适。"}, "present_illness"),
        ({"present_illness": "身份证110101199003070038，无不适"}, "present_illness"),
        ({"exam": "体温____℃"}, "exam"),
        ({"temperature": "47"}, "temperature"),
        ({"weight": "abc"}, "weight"),
        ({"change": "dead"}, "change"),
        ({"next-visit": "2026-13-01"}, "next-visit"),
    ],
)
def test_rules_of_class_A_hold_a_signature_back(clinic: Clinic, changes: dict[str, str], field: str) -> None:
    clinic.none_known()
    note = clinic.save({**FIELDS, **changes})
    sign = entry(services.note_sign)
    if not field:  # the diagnosis says no side: nothing to compare
        sign(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())
        return
    with pytest.raises(errors.QualityRefusal) as refused:
        sign(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())
    assert set(refused.value.fields) == {field}
    assert clinic.note.status == "draft" and not SignedVersion.objects.exists()


def test_no_allergy_statement_no_signature_Q05(clinic: Clinic) -> None:
    note = clinic.save()
    with pytest.raises(errors.QualityRefusal) as refused:
        entry(services.note_sign)(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())
    assert set(refused.value.fields) == {"allergies"}


def test_a_diagnosis_of_the_other_sex_is_refused_Q14(clinic: Clinic) -> None:
    clinic.none_known()
    note = clinic.save(code="C61.x00")
    with pytest.raises(errors.QualityRefusal) as refused:
        entry(services.note_sign)(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())
    assert set(refused.value.fields) == {"diagnoses"}


def test_a_code_that_no_catalogue_has_is_refused_Q04(clinic: Clinic) -> None:
    clinic.none_known()
    note = clinic.save(code="C50.999x")
    with pytest.raises(errors.QualityRefusal):
        entry(services.note_sign)(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())


def test_what_the_patient_answered_must_be_confirmed_C1_IH09(clinic: Clinic) -> None:
    clinic.none_known()
    with transaction.atomic():
        services.note_prefill(
            actor=clinic.li, encounter_id=clinic.encounter.pk, fields={"present_illness": "我最近很好"}, at=clock.now()
        )
    note = clinic.save({**FIELDS, "present_illness": "我最近很好"})
    sign = entry(services.note_sign)
    with pytest.raises(errors.QualityRefusal) as refused:
        sign(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())
    assert set(refused.value.fields) == {"present_illness"}
    note = entry(services.note_save)(
        actor=clinic.li, note_id=note.pk, fields={**FIELDS, "present_illness": "我最近很好"},
        diagnoses=[DiagnosisSpec(C50, "main")], revision=note.revision, at=clock.now(), confirmed=["present_illness"],
    )  # fmt: skip
    sign(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())


def test_prefill_never_writes_over_the_doctor(clinic: Clinic) -> None:
    clinic.save({"present_illness": "mine"})
    with transaction.atomic():
        note = services.note_prefill(
            actor=clinic.li, encounter_id=clinic.encounter.pk, fields={"present_illness": "theirs"}, at=clock.now()
        )
    assert note.draft["fields"]["present_illness"] == "mine"


def test_only_the_treating_doctor_signs_MR01_G37(clinic: Clinic) -> None:
    clinic.none_known()
    note = clinic.save()
    for person, refusal in (
        (clinic.cast.other_doctor, errors.NotYourEncounter),
        (clinic.cast.nurse, Exception),
        (clinic.cast.pharmacist, Exception),
        (clinic.cast.wang_fang, Exception),
    ):
        with pytest.raises(refusal):
            entry(services.note_sign)(
                actor=clinic.actor(person), note_id=note.pk, revision=note.revision, at=clock.now()
            )
    assert clinic.note.status == "draft"


def test_a_doctor_without_licence_signs_nothing(clinic: Clinic) -> None:
    clinic.none_known()
    note = clinic.save()
    clinic.cast.doctor_li.staff.__class__.objects.filter(pk=clinic.cast.doctor_li.staff.pk).update(licence_no="")
    with pytest.raises(errors.NotLicensed):
        entry(services.note_sign)(actor=clinic.li, note_id=note.pk, revision=note.revision, at=clock.now())


def amend(clinic: Clinic, *, reason: str = "补充查体", version: int = 1) -> SignedVersion:
    amended: SignedVersion = entry(services.note_amend)(
        actor=clinic.li, note_id=clinic.note.pk, fields={**FIELDS, "exam": "补充：左乳未触及肿物。"},
        diagnoses=[DiagnosisSpec(C50, "main"), DiagnosisSpec("K29.500")], reason=reason, version=version,
        at=clock.now(),
    )  # fmt: skip
    return amended


def test_an_amendment_adds_a_version_and_the_old_one_stays_readable_T11(clinic: Clinic) -> None:
    first = clinic.sign()
    second = amend(clinic)
    assert (second.version, second.reason, second.previous) == (2, "补充查体", first.seal)
    versions = NoteVersion.objects.filter(document_id=clinic.note.pk).order_by("version")
    texts = [{row[0]: row[2] for row in version.data["sections"]}["exam"] for version in versions]
    assert texts == [FIELDS["exam"], "补充：左乳未触及肿物。"]
    live = Diagnosis.objects.filter(encounter=clinic.encounter, withdrawn_at=None)
    assert sorted(live.values_list("code", flat=True)) == [C50, "K29.500"]
    assert Diagnosis.objects.filter(encounter=clinic.encounter).count() == 3


def test_an_amendment_needs_a_reason_and_the_version_that_was_read(clinic: Clinic) -> None:
    clinic.sign()
    with pytest.raises(errors.ReasonMissing):
        amend(clinic, reason="  ")
    amend(clinic)
    with pytest.raises(errors.NoteConflict):
        amend(clinic)


def test_a_signed_note_takes_no_more_saves_MR02(clinic: Clinic) -> None:
    clinic.sign()
    with pytest.raises(errors.NoteSigned):
        clinic.save()


def test_an_archived_note_needs_leave_from_the_records_office_T11(clinic: Clinic) -> None:
    clinic.sign()
    entry(services.encounter_close)(actor=clinic.li, encounter_id=clinic.encounter.pk, at=clock.now())
    assert clinic.note.status == "archived"
    with pytest.raises(errors.AmendmentNeedsApproval):
        amend(clinic)
    asked = entry(services.amendment_ask)(actor=clinic.li, note_id=clinic.note.pk, reason="漏写", at=clock.now())
    with pytest.raises(errors.AmendmentNeedsApproval):
        amend(clinic)
    with pytest.raises(Exception, match="not-found"):
        entry(services.amendment_decide)(actor=clinic.li, request_id=asked.pk, approve=True, at=clock.now())
    records = clinic.actor(clinic.cast.records)
    entry(services.amendment_decide)(actor=records, request_id=asked.pk, approve=True, at=clock.now())
    assert amend(clinic).version == 2
    with pytest.raises(errors.AmendmentNeedsApproval):
        amend(clinic, version=2)


def test_a_note_long_after_the_visit_is_stamped_late_Q45(clinic: Clinic) -> None:
    Encounter.objects.filter(pk=clinic.encounter.pk).update(started_at=clock.now() - timedelta(hours=25))
    assert clinic.sign().late


def test_the_database_refuses_changes_of_signed_versions(clinic: Clinic) -> None:
    clinic.sign()
    for statement in ("UPDATE emr_signedversion SET reason = 'x'", "DELETE FROM emr_signedversion"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_closing_a_visit_waits_with_the_archive_for_the_signature(clinic: Clinic) -> None:
    entry(services.encounter_close)(actor=clinic.li, encounter_id=clinic.encounter.pk, at=clock.now())
    clinic.encounter.refresh_from_db()
    assert clinic.encounter.status == "closed"
    clinic.sign()
    clinic.encounter.refresh_from_db()
    assert clinic.encounter.status == "archived"
    assert Note.objects.get(encounter=clinic.encounter).status == "archived"
