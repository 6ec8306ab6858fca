"""SEC-10, G15, T20: a record opens outside the care relations only with a reason, for hours, seen by everybody."""

from datetime import timedelta

import pytest
import time_machine
from django_otp.oath import TOTP

from hospital.audit.models import Entry
from hospital.kit import clock, invariants
from hospital.messaging.delivery import deliver_due
from hospital.messaging.models import Message
from hospital.organisation.models import CareRelation
from hospital.workstation.models import EmergencyAccess
from hospital.workstation.services import found_token
from tests.cast import actor_of_person, client_for


def token_of(person) -> str:
    totp = TOTP(person.device.bin_key)
    totp.time = clock.now().timestamp()
    return f"{totp.token():06d}"


@pytest.fixture
def doctor(cast):
    return client_for(cast.doctor_li)


def _found(cast, doctor, text):
    return doctor.post("/staff/emergency/", {"text": text})


def _open(cast, doctor, **changes):
    asked = {
        "found": found_token(actor_of_person(cast.doctor_li), cast.stranger.patient),
        "reason": "life",
        "words": "急诊昏迷，需查过敏史",
        "token": token_of(cast.doctor_li),
    }
    return doctor.post("/staff/emergency/open/", asked | changes)


@pytest.mark.parametrize("spell", [str, "+86 {}".format, lambda phone: f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"])
def test_a_whole_phone_number_finds_the_patient_masked(cast, doctor, spell):
    page = _found(cast, doctor, spell(cast.stranger.phone)).content.decode()
    assert "赵*" in page and "打开" in page
    for secret in (cast.stranger.name, cast.stranger.phone, cast.stranger.patient.document_no):
        assert secret not in page
    assert Entry.objects.get(action="emergency.search").patient_id == cast.stranger.patient_id


def test_document_and_record_numbers_find_too(cast, doctor):
    for text in (cast.stranger.patient.document_no, cast.stranger.patient.record_no):
        assert "赵*" in _found(cast, doctor, text).content.decode()


def test_names_and_parts_of_numbers_find_nobody_and_leave_a_line(cast, doctor):
    for text in (cast.stranger.name, cast.stranger.phone[:8], cast.stranger.patient.document_no[:10]):
        assert _found(cast, doctor, text).status_code == 422
    assert Entry.objects.filter(action="emergency.search", outcome="SEC-10-nobody", patient_id=None).count() == 3


def test_searches_are_limited(cast, doctor):
    """G23: nobody tries out numbers."""
    answers = [_found(cast, doctor, f"1370000{turn:04d}").status_code for turn in range(32)]
    assert answers == [422] * 30 + [429] * 2


def test_the_record_opens_for_four_hours_and_everybody_is_told(cast, doctor):
    path = f"/staff/patients/{cast.stranger.patient_id}/"
    start = clock.now()
    with time_machine.travel(start, tick=False):
        assert doctor.get(path).status_code == 404
        assert _open(cast, doctor)["location"] == path
        assert doctor.get(path).status_code == 200
        assert client_for(cast.nurse).get(path).status_code == 404  # for the doctor alone
        deliver_due(at=clock.now())
    told = {message.account_id: message.kind for message in Message.objects.all()}
    assert told == {
        cast.stranger.account.pk: "emergency.opened",
        cast.head.account.pk: "emergency.to_review",
        cast.auditor.account.pk: "emergency.to_review",
    }
    line = Entry.objects.get(action="emergency.open")
    assert line.patient_id == cast.stranger.patient_id and "急诊昏迷" in line.reason
    inbox = client_for(cast.stranger).get("/messages/").content.decode()
    assert "紧急" in inbox and cast.doctor_li.name in inbox
    shown = client_for(cast.stranger).get("/record-access/").content.decode()
    assert "急诊昏迷，需查过敏史" in shown and cast.doctor_li.name in shown
    with time_machine.travel(start + timedelta(hours=4, seconds=1), tick=False):
        assert client_for(cast.doctor_li).get(path).status_code == 404
    for truth in invariants.registered():
        assert not invariants.offenders(truth), truth.name


@pytest.mark.parametrize("changes", [{"token": "000000"}, {"words": ""}, {"reason": "curiosity"}, {"reason": ""}])
def test_without_reason_words_or_second_factor_it_stays_closed(cast, doctor, changes):
    answer = _open(cast, doctor, **changes)
    assert answer.status_code == 422
    assert not EmergencyAccess.objects.exists() and not CareRelation.objects.exists() and not Message.objects.exists()


def test_ids_cant_be_tried_out(cast, doctor):
    """Only whoever found the patient by a whole number may open; a token is good for its finder, for ten minutes."""
    start = clock.now()
    for found in ("", str(cast.stranger.patient_id), found_token(actor_of_person(cast.head), cast.stranger.patient)):
        assert _open(cast, doctor, found=found).status_code == 409
    with time_machine.travel(start, tick=False):
        old = found_token(actor_of_person(cast.doctor_li), cast.stranger.patient)
    with time_machine.travel(start + timedelta(minutes=11), tick=False):
        assert _open(cast, doctor, found=old).status_code == 409
    assert not EmergencyAccess.objects.exists()


def test_a_patient_in_care_needs_no_emergency(cast, doctor):
    cast.care_begins(cast.doctor_li, cast.stranger)
    assert f"/staff/patients/{cast.stranger.patient_id}/" in _found(cast, doctor, cast.stranger.phone).content.decode()
    assert _open(cast, doctor).status_code == 409
    assert not EmergencyAccess.objects.exists()


def test_a_failing_audit_line_keeps_the_record_closed(cast, doctor, monkeypatch):
    """G15: no opening without its line."""
    monkeypatch.setattr("hospital.workstation.services.record", _broken)
    with pytest.raises(RuntimeError):
        _open(cast, doctor)
    assert not EmergencyAccess.objects.exists() and not CareRelation.objects.exists()


def _broken(*args, **kwargs):
    raise RuntimeError("no audit")


def test_the_head_sees_what_was_read_and_judges(cast, doctor):
    _open(cast, doctor)
    doctor.get(f"/staff/patients/{cast.stranger.patient_id}/")
    access = EmergencyAccess.objects.get()
    head, path = client_for(cast.head), f"/staff/emergency/reviews/{access.pk}/"
    assert path in head.get("/staff/emergency/reviews/").content.decode()
    page = head.get(path)
    assert [line.entry.action for line in page.context["opening"].lines] == ["emergency.open", "record.read"]
    assert cast.stranger.name not in page.content.decode()
    assert head.post(path, {"outcome": "justified", "words": ""}).status_code == 422
    assert head.post(path, {"outcome": "justified", "words": "抢救记录相符"}).status_code == 302
    access.refresh_from_db()
    assert (access.status, access.reviewed_by) == ("justified", cast.head.staff)
    assert doctor.get(f"/staff/patients/{cast.stranger.patient_id}/").status_code == 200
    assert set(Message.objects.filter(kind="emergency.to_review").values_list("status", flat=True)) == {"withdrawn"}
    assert head.post(path, {"outcome": "unjustified", "words": "改判"}).status_code == 409  # once


def test_what_was_not_justified_closes_at_once(cast, doctor):
    _open(cast, doctor)
    path = f"/staff/emergency/reviews/{EmergencyAccess.objects.get().pk}/"
    assert client_for(cast.auditor).post(path, {"outcome": "unjustified", "words": "无就诊记录"}).status_code == 302
    assert doctor.get(f"/staff/patients/{cast.stranger.patient_id}/").status_code == 404


def test_nobody_judges_their_own(cast):
    """The head, who is a doctor too, opens one: only the auditor is asked."""
    head = client_for(cast.head)
    asked = {
        "found": found_token(actor_of_person(cast.head), cast.stranger.patient),
        "reason": "cover",
        "words": "代班查房",
        "token": token_of(cast.head),
    }
    assert head.post("/staff/emergency/open/", asked).status_code == 302
    path = f"/staff/emergency/reviews/{EmergencyAccess.objects.get().pk}/"
    assert head.post(path, {"outcome": "justified", "words": "自己审核"}).status_code == 409
    assert EmergencyAccess.objects.get().status == "waiting"
    told = Message.objects.filter(kind="emergency.to_review").values_list("account_id", flat=True)
    assert list(told) == [cast.auditor.account.pk]


def test_late_judgements_are_marked_and_counted(cast, doctor):
    start = clock.now()
    with time_machine.travel(start, tick=False):
        _open(cast, doctor)
    with time_machine.travel(start + timedelta(days=3, minutes=1), tick=False):
        auditor = client_for(cast.auditor)
        assert "已超期" in auditor.get("/staff/emergency/reviews/").content.decode()
        assert "紧急调阅" in auditor.get("/staff/").content.decode()


def test_the_command_bar_shows_the_way_when_nobody_in_care_is_found(cast, doctor):
    answer = doctor.post("/staff/command/", {"q": "zzzz"}, headers={"HX-Request": "true"}).content.decode()
    assert "/staff/emergency/" in answer
    other = client_for(cast.pharmacist).post("/staff/command/", {"q": "zzzz"}, headers={"HX-Request": "true"})
    assert "/staff/emergency/" not in other.content.decode()
