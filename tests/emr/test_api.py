"""The API of emr: the same reports and prescriptions as the pages, to the same people."""

import pytest

from tests.cast import client_for

from .conftest import Clinic

pytestmark = pytest.mark.django_db


def test_reports_and_prescriptions_by_the_api(clinic: Clinic) -> None:
    report = clinic.release(clinic.file())
    clinic.file(key="LAB|unreleased")
    prescription = clinic.prescribe()
    client = client_for(clinic.cast.wang_fang)
    listed = client.get("/api/v1/reports/").json()
    assert [(row["id"], row["abnormal"]) for row in listed] == [(report.pk, 1)]
    one = client.get(f"/api/v1/reports/{report.pk}/").json()
    line = one["observations"][0]
    assert (line["value"], line["flag"], line["reference"]) == ("108", "L", "115-150")
    found = client.get("/api/v1/prescriptions/").json()
    assert [(row["number"], row["lines"][0]["name"]) for row in found] == [(prescription.number, "来曲唑")]
    stranger = client_for(clinic.cast.stranger)
    assert stranger.get("/api/v1/reports/").json() == [] and stranger.get("/api/v1/prescriptions/").json() == []
    assert stranger.get(f"/api/v1/reports/{report.pk}/").status_code == 404
