"""Pages of emr as people use them; what is read leaves a line; PDFs fetch nothing (G11, G15, G18, SEC-03)."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from emr import pdf
from emr.models import Delivery, Order, Prescription, Report, SignedVersion
from emr.services.dispensing import MATCHES
from hospital.audit.models import Entry
from hospital.people import sessions
from tests.cast import client_for

from .conftest import C50, FIELDS, Clinic

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


def form(clinic: Clinic, revision: int | None = None, **changes: str) -> dict[str, Any]:
    fields = {f"f_{name}": text for name, text in {**FIELDS, **changes}.items()}
    return {**fields, "dx": C50, "dx_main": C50, "revision": clinic.note.revision if revision is None else revision}


def queries(client: Any, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


# --- patient ------------------------------------------------------------------------------------------------


def test_a_report_shows_arrow_word_range_and_the_doctors_words(clinic: Clinic) -> None:
    clinic.release(clinic.file(values=[("hgb", "血红蛋白", "121", "g/L", "115-150")], key="LAB|0"))
    report = clinic.release(clinic.file(), "轻度贫血")
    client = client_for(clinic.cast.wang_fang)
    assert (
        "血红蛋白" in client.get("/reports/").content.decode()
        or report.title in client.get("/reports/").content.decode()
    )
    page = client.get(f"/reports/{report.pk}/").content.decode()
    for part in ("↓", "108", "115-150", "轻度贫血", '<svg class="trend'):
        assert part in page
    assert Report.objects.get(pk=report.pk).first_read_at is not None


def test_each_read_leaves_a_line_in_the_same_breath_G15(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    report = clinic.release(clinic.file())
    client = client_for(clinic.cast.wang_fang)
    client.get(f"/reports/{report.pk}/")
    line = Entry.objects.filter(action="report.read").get()
    assert (line.patient_id, line.account_id) == (clinic.cast.wang_fang.patient_id, clinic.cast.wang_fang.account.pk)
    client_for(clinic.cast.doctor_li).get(f"/staff/patients/{clinic.encounter.patient_id}/")
    assert Entry.objects.filter(action="record.read", reason="patient page").count() == 1

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the audit trail is full")

    monkeypatch.setattr("emr.selectors.reports.record", broken)
    with pytest.raises(RuntimeError):
        client.get(f"/reports/{report.pk}/")


def test_lists_ask_a_fixed_number_of_questions(clinic: Clinic) -> None:
    client, doctor = client_for(clinic.cast.wang_fang), client_for(clinic.cast.doctor_li)
    clinic.release(clinic.file(key="LAB|0"))
    clinic.order("lab-cbc")
    few = queries(client, "/reports/"), queries(doctor, f"/staff/patients/{clinic.encounter.patient_id}/")
    for number in range(1, 9):
        clinic.release(clinic.file(key=f"LAB|{number}"))
        clinic.order("lab-cbc")
    many = queries(client, "/reports/"), queries(doctor, f"/staff/patients/{clinic.encounter.patient_id}/")
    assert many == few and few[0] <= 20 and few[1] <= 34


def test_a_report_as_pdf(clinic: Clinic) -> None:
    report = clinic.release(clinic.file())
    answer = client_for(clinic.cast.wang_fang).get(f"/reports/{report.pk}/pdf/")
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_pdf_fetches_nothing_G18(tmp_path: Path) -> None:
    hits: list[str] = []

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    secret = tmp_path / "secret.txt"
    secret.write_text("CANARY-SECRET")
    server = HTTPServer(("127.0.0.1", 0), Trap)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    trap = f"http://127.0.0.1:{server.server_port}"
    html = (
        f'<html><head><link rel="attachment" href="file://{secret}"><link rel="stylesheet" href="{trap}/a.css">'
        f'<style>@import url("{trap}/b.css"); body {{ background: url({trap}/c.png) }}</style></head>'
        f'<body><img src="{trap}/d.png"><img src="file://{secret}"><object data="{trap}/e.svg"></object>'
        f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{trap}/f.png"/></svg>text</body></html>'
    )
    content = pdf.render_pdf(html)
    server.shutdown()
    assert (
        content.startswith(b"%PDF-") and not hits and b"CANARY-SECRET" not in content and b"secret.txt" not in content
    )


# --- doctor -------------------------------------------------------------------------------------------------


def test_the_editor_saves_and_tells_the_second_tab_G11(clinic: Clinic) -> None:
    client, url = client_for(clinic.cast.doctor_li), f"/staff/encounters/{clinic.encounter.pk}/"
    saved = client.post(f"{url}save/", form(clinic, 0), headers=JSON)
    assert saved.status_code == 200 and saved.json()["revision"] == 1
    late = client.post(f"{url}save/", form(clinic, 0, plan="另一个标签页"), headers=JSON)
    assert late.status_code == 409 and late.json()["revision"] == 1 and late.json()["saved"]["plan"] == FIELDS["plan"]
    both = client.post(f"{url}save/", form(clinic, 0, plan="另一个标签页"))
    assert both.status_code == 409
    assert FIELDS["plan"] in both.content.decode() and "另一个标签页" in both.content.decode()
    joined = {**form(clinic, 1, plan="另一个标签页"), "pick_plan": "mine", "pick_exam": "saved"}
    assert client.post(f"{url}merge/", joined).status_code == 302
    assert clinic.note.draft["fields"]["plan"] == "另一个标签页"


def test_a_signature_held_back_keeps_what_was_typed(clinic: Clinic) -> None:
    client, url = client_for(clinic.cast.doctor_li), f"/staff/encounters/{clinic.encounter.pk}/"
    page = client.post(f"{url}sign/", form(clinic, chief_complaint="复查", plan="手工写的意见"))
    assert page.status_code == 422 and "手工写的意见" in page.content.decode()
    assert clinic.note.status == "draft" and clinic.note.draft["fields"]["plan"] == "手工写的意见"


def test_signing_asks_again_who_one_is_SEC03(clinic: Clinic) -> None:
    clinic.none_known()
    client, url = client_for(clinic.cast.doctor_li), f"/staff/encounters/{clinic.encounter.pk}/"
    session = client.session
    session[sessions._FRESH] -= 3600
    session.save()
    page = client.post(f"{url}sign/", form(clinic))
    assert page.status_code == 422 and not SignedVersion.objects.exists()
    assert 'name="code"' in page.content.decode()
    assert client.post(f"{url}sign/", form(clinic) | {"code": "000000"}).status_code != 302
    assert not SignedVersion.objects.exists()
    session = client.session
    session[sessions._FRESH] += 7200
    session.save()
    assert client.post(f"{url}sign/", form(clinic)).status_code == 302
    assert SignedVersion.objects.count() == 1


def _grow_old(client: Any) -> None:
    session = client.session
    session[sessions._FRESH] -= 3600
    session.save()


def test_releasing_a_result_is_a_signature_SEC03(clinic: Clinic) -> None:
    report, client = clinic.file(), client_for(clinic.cast.doctor_li)
    _grow_old(client)
    page = client.post(f"/staff/results/{report.pk}/release/", {"comment": "CANARY 您放心"})
    assert page.status_code == 422
    assert 'name="code"' in page.content.decode() and "CANARY 您放心" in page.content.decode()
    report.refresh_from_db()
    assert report.status == "received"


def test_passing_a_prescription_is_a_signature_SEC03(clinic: Clinic) -> None:
    prescription = clinic.take(clinic.prescribe()) or Prescription.objects.get()
    client = client_for(clinic.cast.pharmacist)
    _grow_old(client)
    page = client.post(f"/staff/pharmacy/{prescription.pk}/review/", {"outcome": "return", "comment": "CANARY 剂量"})
    assert page.status_code == 422
    assert 'name="code"' in page.content.decode() and "CANARY 剂量" in page.content.decode()
    prescription.refresh_from_db()
    assert prescription.status == "reviewing"


def test_diagnoses_are_found_by_typing_and_without_a_script(clinic: Clinic) -> None:
    client, url = client_for(clinic.cast.doctor_li), f"/staff/encounters/{clinic.encounter.pk}/"
    assert C50 in client.get("/staff/icd10/", {"q": C50}).content.decode()
    data = form(clinic) | {"dx": "", "dx_main": "", "dx_add": "K29.500"}
    client.post(f"{url}save/", data)
    assert clinic.note.draft["diagnoses"] == [{"code": "K29.500", "role": "main", "suspected": False}]


def test_orders_are_placed_from_the_page(clinic: Clinic) -> None:
    client = client_for(clinic.cast.doctor_li)
    client.post(f"/staff/encounters/{clinic.encounter.pk}/orders/", {"item": ["lab-cbc", "lab-liver"]})
    assert Order.objects.get().items.count() == 2


def test_a_drug_that_is_not_on_the_list_is_refused_and_stays_as_typed(clinic: Clinic) -> None:
    client, url = client_for(clinic.cast.doctor_li), f"/staff/encounters/{clinic.encounter.pk}/prescription/"
    page = client.get(url).content.decode()
    assert page.count("· letrozole") == 1, "one list for all rows"
    answer = client.post(url, {"drug_0": "来曲挫", "dose_0": "2.5", "per_day_0": "1", "days_0": "7", "action": "save"})
    assert answer.status_code == 422 and 'value="来曲挫"' in answer.content.decode()
    assert not Prescription.objects.exists()


def test_a_doctor_of_another_department_meets_nothing(clinic: Clinic) -> None:
    client = client_for(clinic.cast.other_doctor)
    for path in ("", "amend/", "prescription/"):
        assert client.get(f"/staff/encounters/{clinic.encounter.pk}/{path}").status_code == 404
    assert client.get(f"/staff/patients/{clinic.encounter.patient_id}/360/").status_code == 404


# --- from the prescription to the hand ------------------------------------------------------------------------


def test_prescribe_review_choose_and_dispense_by_the_pages(clinic: Clinic) -> None:
    clinic.none_known()
    clinic.save()
    doctor, url = client_for(clinic.cast.doctor_li), f"/staff/encounters/{clinic.encounter.pk}/prescription/"
    line = {
        "drug_0": "来曲唑 2.5mg×30片 · letrozole",
        "dose_0": "2.5",
        "per_day_0": "1",
        "days_0": "28",
        "route_0": "口服",
        "usage_0": "早餐后",
    }
    refused = doctor.post(url, {**line, "action": "sign"})
    assert refused.status_code == 422 and Prescription.objects.get().status == "draft"
    again = {**line, "revision": 1, "long_reason": "外地患者", "action": "sign"}
    assert doctor.post(url, again).status_code == 302
    prescription = Prescription.objects.get()
    assert prescription.status == "signed"
    desk, one = client_for(clinic.cast.pharmacist), f"/staff/pharmacy/{prescription.pk}/"
    assert prescription.number in desk.get("/staff/pharmacy/").content.decode()
    desk.post(f"{one}take/")
    assert desk.post(f"{one}review/", {"outcome": "return"}).status_code == 422
    assert desk.post(f"{one}review/", {"outcome": "pass"}).status_code == 302
    patient, mine = client_for(clinic.cast.wang_fang), f"/prescriptions/{prescription.pk}/"
    bad = patient.post(f"{mine}delivery/", {"way": "courier", "recipient": "王芳"})
    assert bad.status_code == 422 and not Delivery.objects.exists()
    assert patient.post(f"{mine}delivery/", {"way": "pickup"}).status_code == 302
    prescription.refresh_from_db()
    assert f"/pay/{prescription.charge_id}/" in patient.get(mine).content.decode()
    clinic.pay(prescription)
    other = client_for(clinic.cast.second_pharmacist)
    ticks = [name for _group, name, _words in MATCHES]
    assert other.post(f"{one}dispense/", {"match": ticks[:9]}).status_code == 422
    assert other.post(f"{one}dispense/", {"match": ticks}).status_code == 302
    assert other.post(f"{one}hand-over/").status_code == 302
    prescription.refresh_from_db()
    assert prescription.status == "delivered"
