"""SEC-04: the auditor finds each line by patient, person, action and time; searching and exporting leave lines too."""

import csv
from datetime import timedelta

import pytest
from django.db import transaction

from hospital.audit.models import Entry
from hospital.audit.services import record
from hospital.kit import clock
from tests.cast import actor_of_person, client_for

PATH = "/staff/audit/"


@pytest.fixture
def trail(cast):
    """Three lines: two people, two patients, three actions, one of yesterday."""
    now = clock.now()
    with transaction.atomic():
        doctor, nurse = actor_of_person(cast.doctor_li), actor_of_person(cast.nurse)
        record(doctor, "record.read", at=now, patient_id=cast.wang_fang.patient_id, reason="=1+1")
        record(nurse, "report.read", at=now, patient_id=cast.stranger.patient_id, reason="交接班")
        record(doctor, "note.sign", at=now - timedelta(days=1), patient_id=cast.wang_fang.patient_id)
    return client_for(cast.auditor)


def _actions(trail, **asked):
    return [line.entry.action for line, _number in trail.get(PATH, asked).context["lines"] if "." in line.entry.action
            and not line.entry.action.startswith("audit.")]  # fmt: skip


def test_by_patient_person_action_and_time(cast, trail):
    today, yesterday = clock.today(), clock.today() - timedelta(days=1)
    assert _actions(trail, record_no=cast.wang_fang.patient.record_no) == ["record.read", "note.sign"]
    assert _actions(trail, staff=cast.nurse.account.login) == ["report.read"]
    assert _actions(trail, staff=cast.doctor_li.name) == ["record.read", "note.sign"]
    assert _actions(trail, action="report.") == ["report.read"]
    assert _actions(trail, action="note.sign") == ["note.sign"]
    assert _actions(trail, since=today) == ["report.read", "record.read"]
    assert _actions(trail, until=yesterday) == ["note.sign"]
    assert _actions(trail, record_no="T9999999") == [] == _actions(trail, staff="nobody")


def test_each_search_leaves_its_own_line(cast, trail):
    trail.get(PATH, {"record_no": cast.wang_fang.patient.record_no})
    line = Entry.objects.filter(action="audit.search").latest("pk")
    assert line.staff_id == cast.auditor.staff.pk and cast.wang_fang.patient.record_no in line.reason


def test_an_export_says_who_and_what_for_and_starts_no_formula(cast, trail):
    """G17, SEC-09."""
    answer = trail.post(f"{PATH}export/", {"record_no": cast.wang_fang.patient.record_no, "purpose": "年度核查"})
    rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert rows[0][2:] == [cast.auditor.account.login, "年度核查"]
    assert [row[4] for row in rows[2:]] == ["record.read", "note.sign"]
    assert rows[2][9] == "'=1+1"
    assert cast.wang_fang.name not in answer.content.decode()
    assert "年度核查" in Entry.objects.get(action="audit.export").reason


def test_no_export_without_a_purpose_and_never_more_than_the_limit(cast, trail, monkeypatch):
    assert trail.post(f"{PATH}export/", {"purpose": ""}).status_code == 422
    monkeypatch.setattr("hospital.people.parameters.EXPORT_ROWS.default", 1)
    assert trail.post(f"{PATH}export/", {"purpose": "抽查"}).content.count(b"\n") == 3


def test_only_auditors_search(cast, trail):
    for who in (cast.admin, cast.head, cast.records):
        assert client_for(who).get(PATH).status_code == 404
