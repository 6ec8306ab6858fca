"""Earlier history from FHIR R4 bundles of synthetic patients: complete, once, on the right record."""

import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from emr.models import Diagnosis, HistoryItem
from hospital.interop.errors import BundleElsewhere, BundleUnreadable, PatientUnknown
from hospital.interop.fhir_import import _KINDS, Bundle, bundle_import
from hospital.kit import clock
from tests.cast import HOUSE, Cast

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent / "data"
FILES = sorted(DATA.glob("*.json.gz"))


def bring(cast: Cast, raw: bytes, who: Any = None) -> Any:
    patient = (who or cast.wang_fang).patient
    return bundle_import(actor=HOUSE, record_no=patient.record_no, raw=raw, source="外院", at=clock.now())


def bundle(*resources: dict[str, Any]) -> bytes:
    patient = {"resourceType": "Patient", "id": "p1"}
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (patient, *resources)]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def condition(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": "c1", "code": {"text": "乳腺癌"}, "subject": {"reference": "urn:uuid:p1"},
        **changes,
    }  # fmt: skip


def test_there_are_bundles() -> None:
    assert len(FILES) == 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_clinical_resource_becomes_one_row_and_twice_adds_nothing(cast: Cast, path: Path) -> None:
    raw = gzip.decompress(path.read_bytes())
    manifest = Counter(entry["resource"]["resourceType"] for entry in json.loads(raw)["entry"])
    clinical = {name: count for name, count in manifest.items() if name in _KINDS}
    counts = bring(cast, raw)
    assert (counts.found, dict(counts.new), counts.known, counts.unresolved) == (manifest, clinical, {}, [])
    stored = Counter(item.data["resourceType"] for item in HistoryItem.objects.all())
    assert stored == clinical and not HistoryItem.objects.filter(display="").exists()
    again = bring(cast, raw)
    assert (dict(again.new), dict(again.known)) == ({}, clinical)
    assert HistoryItem.objects.count() == sum(clinical.values())
    assert not Diagnosis.objects.exists(), "a foreign diagnosis is history, never one of ours"


def test_measured_values_keep_number_unit_and_time(cast: Cast) -> None:
    bring(cast, gzip.decompress(FILES[-1].read_bytes()))
    height = HistoryItem.objects.filter(code="8302-2").order_by("starts_at").first()
    assert height is not None and float(height.value) == pytest.approx(176.042) and height.unit == "cm"
    assert height.starts_at is not None and height.starts_at.year == 2012
    pressure = HistoryItem.objects.filter(code="55284-4").first()
    assert pressure is not None and "Systolic" in pressure.value and "mm[Hg]" in pressure.value


def test_another_persons_resource_is_left_out(cast: Cast) -> None:
    counts = bring(cast, bundle(condition(subject={"reference": "urn:uuid:someone-else"})))
    assert counts.unresolved == ["Condition/c1"] and not HistoryItem.objects.exists()


@pytest.mark.parametrize("reference", ["urn:uuid:p1", "Patient/p1"])
def test_references_resolve(cast: Cast, reference: str) -> None:
    assert bring(cast, bundle(condition(subject={"reference": reference}))).new["Condition"] == 1


def test_conditional_references_resolve() -> None:
    doctor = {"resourceType": "Practitioner", "id": "d1", "identifier": [{"system": "npi", "value": "460"}]}
    read = Bundle.read(bundle(doctor))
    assert read.resolve("Practitioner?identifier=npi|460") == doctor == read.resolve("Practitioner?identifier=460")
    assert read.resolve("Practitioner?identifier=other|460") is None
    assert read.resolve("Practitioner?name=x") is None


def test_what_was_entered_in_error_stays_out(cast: Cast) -> None:
    wrong = {"coding": [{"code": "entered-in-error"}]}
    assert bring(cast, bundle(condition(verificationStatus=wrong))).left_out["Condition"] == 1


def test_one_history_cannot_belong_to_two_people(cast: Cast) -> None:
    bring(cast, bundle(condition()))
    with pytest.raises(BundleElsewhere):
        bring(cast, bundle(condition()), cast.stranger)
    assert not HistoryItem.objects.filter(patient=cast.stranger.patient).exists()


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'{"resourceType": "Patient"}', b'{"resourceType": "Bundle"}', b"\xff\xfe",
     b'{"resourceType": "Bundle", "entry": [1]}', b'{"resourceType": "Bundle", "entry": [{"resource": {}}]}',
     b'{"resourceType": "Bundle", "entry": []}', b"[" * 200_000],
)  # fmt: skip
def test_what_is_no_bundle_is_refused(cast: Cast, raw: bytes) -> None:
    with pytest.raises(BundleUnreadable):
        bring(cast, raw)


def test_odd_values_break_nothing(cast: Cast) -> None:
    odd = condition(code=None, onsetDateTime="2026-13-99", abatementDateTime=5, id="c2", valueQuantity={"value": "x"})
    assert bring(cast, bundle(odd, condition(onsetDateTime="2019"))).new["Condition"] == 2
    start = HistoryItem.objects.get(source_key__endswith=":c1").starts_at
    assert start is not None and clock.local(start).isoformat() == "2019-01-01T00:00:00+08:00"


def test_the_command_answers_as_json(cast: Cast) -> None:
    out = io.StringIO()
    number = cast.wang_fang.patient.record_no
    call_command("import_fhir", str(FILES[0]), "--record-no", number, "--json", stdout=out)
    assert sum(json.loads(out.getvalue())["new"].values()) == HistoryItem.objects.count() > 0
    with pytest.raises(CommandError, match=PatientUnknown.code):
        call_command("import_fhir", str(FILES[0]), "--record-no", "NOBODY")
