"""SEC-09: identity is masked until somebody says why; each look is a line, and it hides itself again."""

import pytest

from hospital.audit.models import Entry
from tests.browser import WORKSTATION
from tests.cast import client_for


def test_in_full_with_a_reason_and_a_line(cast):
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    doctor, path = client_for(cast.doctor_li), f"/staff/patients/{cast.wang_fang.patient_id}/identity/"
    secrets = [cast.wang_fang.name, cast.wang_fang.phone, cast.wang_fang.patient.document_no]
    masked = doctor.get(path).content.decode()
    assert not any(secret in masked for secret in secrets)
    assert not Entry.objects.filter(action="patient.unmask").exists()
    assert doctor.post(path, {"reason": "curiosity"}).status_code == 422
    assert not Entry.objects.filter(action="patient.unmask").exists()
    full = doctor.post(path, {"reason": "call"}).content.decode()
    assert all(secret in full for secret in secrets) and 'content="60"' in full
    line = Entry.objects.get(action="patient.unmask")
    assert (line.patient_id, line.staff_id, line.reason) == (
        cast.wang_fang.patient_id, cast.doctor_li.staff.pk, "致电患者",
    )  # fmt: skip
    assert "致电患者" in client_for(cast.wang_fang).get("/record-access/").content.decode()


@pytest.mark.browser
def test_what_was_shown_hides_itself(cast, open_page):
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    page = open_page(WORKSTATION, cast.doctor_li)
    page.clock.install()
    page.goto(f"/staff/patients/{cast.wang_fang.patient_id}/")
    page.get_by_role("link", name="证件与电话").click()
    page.get_by_role("button", name="完整显示").click()
    strip = page.locator(".identity")
    strip.get_by_text(cast.wang_fang.phone).wait_for()
    page.clock.run_for(59_000)
    assert cast.wang_fang.phone in strip.inner_text()
    page.clock.run_for(2_000)
    assert cast.wang_fang.phone not in strip.inner_text()
    assert cast.wang_fang.patient.document_no not in page.content()
