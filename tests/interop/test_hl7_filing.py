"""Results come in by HL7: filed once, for the right person only, refused with a reason, answered always (E4, H12)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from emr.models import CriticalAlert, OrderStatus, Report
from hospital.interop import filing, services
from hospital.interop.models import InboundMessage, InboundStatus
from hospital.kit import clock
from tests.cast import Cast, client_for
from tests.emr.conftest import Clinic, clinic
from tests.interop.messages import answer_of, oru

__all__ = ["clinic"]
pytestmark = pytest.mark.django_db


def send(content: str | bytes) -> tuple[str, str, str]:
    raw = content if isinstance(content, bytes) else content.encode()
    return answer_of(services.message_answer(raw, peer="10.0.0.9", at=clock.now()))


def refused(code: str, answer: tuple[str, str, str], verdict: str = "AE") -> None:
    assert answer[0] == verdict and answer[2], answer
    row = InboundMessage.objects.latest("pk")
    assert (row.status, row.problem) == (InboundStatus.REFUSED, code)
    assert not Report.objects.exists()


def test_a_result_is_filed_under_its_order(clinic: Clinic) -> None:
    order = clinic.order()
    clinic.pay(order)
    assert send(oru(clinic.cast.wang_fang.patient, placer=order.placer_number)) == ("AA", "M1", "")
    report = Report.objects.get()
    order.refresh_from_db()
    assert (report.order, order.status) == (order, OrderStatus.REPORTED)
    value = report.observations.get()
    assert (value.name, value.value, value.unit, value.flag) == ("血红蛋白", "108", "g/L", "L")
    row = InboundMessage.objects.get()
    assert row.status == InboundStatus.FILED and row.patient == clinic.cast.wang_fang.patient
    assert list(row.reports.all()) == [report]


def test_the_same_message_again_is_the_same_report(cast: Cast) -> None:
    content = oru(cast.wang_fang.patient)
    assert [send(content) for _ in range(3)] == [("AA", "M1", "")] * 3
    assert Report.objects.count() == 1 and InboundMessage.objects.count() == 1


def test_the_same_report_in_a_new_message_is_the_same_report(cast: Cast) -> None:
    send(oru(cast.wang_fang.patient, number="M1"))
    send(oru(cast.wang_fang.patient, number="M2"))
    assert Report.objects.count() == 1 and InboundMessage.objects.count() == 2


def test_a_correction_replaces(cast: Cast) -> None:
    send(oru(cast.wang_fang.patient, number="M1"))
    send(oru(cast.wang_fang.patient, number="M2", obx=("OBX|1|NM|HGB^血红蛋白||118|g/L|115-150|N|||C",)))
    first, second = Report.objects.order_by("version")
    assert second.replaces == first and second.observations.get().value == "118"


def test_a_number_with_other_content_is_rejected(cast: Cast) -> None:
    send(oru(cast.wang_fang.patient))
    code, number, said = send(oru(cast.wang_fang.patient, filler="F2"))
    assert (code, number) == ("AR", "M1") and said
    assert Report.objects.count() == 1


def test_a_wrong_patient_is_refused(cast: Cast) -> None:
    """The record number of one person with the name or birthday of another files nothing."""
    patient, other = cast.wang_fang.patient, cast.stranger.patient
    for number, pid in enumerate(
        [
            f"PID|1||{patient.record_no}||{other.name}||{patient.birth_date:%Y%m%d}|F",
            f"PID|1||{patient.record_no}||{patient.name}||{other.birth_date:%Y%m%d}|F",
            f"PID|1||{patient.record_no}||{patient.name}||{patient.birth_date:%Y%m%d}|M",
            f"PID|1||{patient.record_no}~{other.record_no}||{patient.name}||{patient.birth_date:%Y%m%d}|F",
            f"PID|1||{patient.record_no}||{patient.name}{14 * chr(124)}{other.document_no}",
        ]
    ):
        refused("hl7-patient-mismatch", send(oru(patient, number=f"W{number}", pid=pid)))


def test_an_order_of_someone_else_is_refused(clinic: Clinic) -> None:
    order = clinic.order()
    clinic.pay(order)
    refused("report-wrong-patient", send(oru(clinic.cast.stranger.patient, placer=order.placer_number)))


def test_unknown_patients_orders_and_kinds_are_refused(cast: Cast) -> None:
    patient = cast.wang_fang.patient
    refused("hl7-patient-unknown", send(oru(patient, number="A", pid="PID|1||NOBODY||王芳||19780512|F")))
    refused("hl7-patient-unproved", send(oru(patient, number="B", pid=f"PID|1||{patient.record_no}")))
    refused("report-unknown-order", send(oru(patient, number="C", placer="NO-SUCH-ORDER")))
    refused("hl7-no-result", send(oru(patient, number="D", obx=())))
    adt = oru(patient, msh="MSH|^~\\&|LIS|LAB|HIS|H|20261121||ADT^A01|E|P|2.5")
    refused("hl7-not-for-us", send(adt), verdict="AR")
    refused("hl7-unreadable", send(b"MSH|^~\\&|LIS|LAB|HIS|H|2026||ORU^R01|F|P|2.5\rPID|1||\xff\xfe"), verdict="AR")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_in_both_encodings(cast: Cast, encoding: str) -> None:
    raw = services.message_answer(oru(cast.wang_fang.patient).encode(encoding), peer="", at=clock.now())
    assert answer_of(raw)[0] == "AA"
    assert Report.objects.get().title == "血常规"
    refusal = services.message_answer(
        oru(cast.wang_fang.patient, number="X", placer="NO", filler="").encode(encoding), peer="", at=clock.now()
    )
    assert refusal.decode(encoding), "the refusal is in the sender's own encoding"


def test_a_critical_value_raises_an_alert(clinic: Clinic) -> None:
    order = clinic.order()
    clinic.pay(order)
    low = ("OBX|1|NM|HGB^血红蛋白|2|45|g/L|130-175|LL",)
    send(oru(clinic.cast.wang_fang.patient, placer=order.placer_number, obx=low))
    alert = CriticalAlert.objects.get()
    assert alert.observation.value == "45" and alert.doctor == clinic.cast.doctor_li.staff


def test_a_refused_message_can_come_again_when_it_is_put_right(cast: Cast) -> None:
    wrong = oru(cast.wang_fang.patient, placer="NO-SUCH-ORDER")
    assert [send(wrong)[0], send(wrong)[0]] == ["AE", "AE"]
    assert send(oru(cast.wang_fang.patient))[0] == "AA"
    assert Report.objects.count() == 1


def test_two_groups_are_two_reports(cast: Cast) -> None:
    second = ("OBR|2||F9|TSH^促甲状腺激素", "OBX|1|NM|TSH^促甲状腺激素||2.1|mIU/L|0.27-4.20|N|||F", "NTE|1||溶血")
    send(oru(cast.wang_fang.patient, after=second))
    assert sorted(Report.objects.values_list("title", flat=True)) == ["促甲状腺激素", "血常规"]
    assert "溶血" in Report.objects.get(title="促甲状腺激素").conclusion


def test_nothing_is_half_filed(cast: Cast) -> None:
    """The second order is unknown: the first report is taken back too, and the message says why."""
    second = ("OBR|2|NO-SUCH-ORDER||TSH^促甲状腺激素", "OBX|1|NM|TSH||2.1|mIU/L|0.27-4.20|N|||F")
    refused("report-unknown-order", send(oru(cast.wang_fang.patient, after=second)))


def test_a_database_that_is_away_is_answered_and_nothing_is_lost(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> Any:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(services, "_keep", away)
        assert send(oru(cast.wang_fang.patient))[:2] == ("AE", "M1")
    assert send(oru(cast.wang_fang.patient))[0] == "AA"


def test_a_message_left_in_the_middle_is_taken_up_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between keeping and filing: the sweep finishes it, once."""
    row = services._keep(oru(cast.wang_fang.patient).encode(), peer="", at=clock.now())
    assert row.status == InboundStatus.RECEIVED and not Report.objects.exists()
    assert services.unfinished_process(at=clock.now()) == 0, "it may still be at work"
    later = clock.now() + timedelta(minutes=2)
    assert services.unfinished_process(at=later) == 1 and services.unfinished_process(at=later) == 0
    assert Report.objects.count() == 1


def test_a_failure_of_our_own_is_kept_and_shown(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ValueError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(filing, "oru_file", broken)
        refused("hl7-internal", send(oru(cast.wang_fang.patient)))
    assert send(oru(cast.wang_fang.patient))[0] == "AA"


def test_the_page_shows_what_was_refused_and_tries_again(cast: Cast) -> None:
    pid = "PID|1||T9999999||新病人||19800101|F"
    send(oru(cast.wang_fang.patient, pid=pid))
    row = InboundMessage.objects.get()
    desk = client_for(cast.technician)
    listed = desk.get("/staff/inbound/").content.decode()
    assert "LIS|LAB" in listed and "新病人" not in listed, "the list names nobody"
    assert "新病人" in desk.get(f"/staff/inbound/{row.pk}/").content.decode()
    patient = cast.new_patient("新病人", birth=row.received_at.date().replace(year=1980, month=1, day=1)).patient
    type(patient).objects.filter(pk=patient.pk).update(record_no="T9999999")
    assert desk.post(f"/staff/inbound/{row.pk}/retry/").status_code == 302
    row.refresh_from_db()
    assert row.status == InboundStatus.FILED and Report.objects.get().patient_id == patient.pk
    assert desk.post(f"/staff/inbound/{row.pk}/retry/").status_code == 409


def test_the_raw_message_is_encrypted_at_rest(cast: Cast) -> None:
    from django.db import connection

    send(oru(cast.wang_fang.patient))
    with connection.cursor() as cursor:
        cursor.execute("SELECT raw FROM interop_inboundmessage")
        stored = str(cursor.fetchone()[0])
    assert ":" in stored and "TVNI" not in stored[:200], "neither text nor base64 of MSH"
    assert client_for(cast.doctor_li).get("/staff/inbound/").status_code == 404
    assert client_for(cast.admin).get("/staff/inbound/").status_code == 404
