"""Catalogue files come in as a whole or not at all, whatever they are called and however they are written."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from hospital.kit import clock
from hospital.kit.actor import system
from hospital.organisation.catalogues import reading, text
from hospital.organisation.errors import CatalogueRefused, CatalogueShrinks
from hospital.organisation.models import CatalogueImport, Concept
from hospital.organisation.services import catalogue_import

pytestmark = pytest.mark.django_db

ICD10 = "icd_code,icd_name\nC34,支气管和肺恶性肿瘤\nC34.900x005,右肺恶性肿瘤\nM80451/3,小细胞癌\n"


@pytest.fixture
def bring(db: Any) -> Callable[..., Any]:
    def bring(raw: str | bytes, catalogue: str = "icd10", name: str = "codes.csv", **options: Any) -> Any:
        content = raw.encode() if isinstance(raw, str) else raw
        return catalogue_import(
            actor=system("tests"),
            system=catalogue,
            file_name=name,
            raw=content,
            source="test",
            at=clock.now(),
            **options,
        )

    return bring


def test_the_same_file_again_changes_nothing(bring: Callable[..., Any]) -> None:
    first = bring(ICD10).counts
    before = list(Concept.objects.order_by("pk").values())
    again = bring(ICD10).counts
    assert (first.new, first.changed, first.same, first.retired) == (3, 0, 0, 0)
    assert (again.new, again.changed, again.same, again.retired) == (0, 0, 3, 0)
    assert list(Concept.objects.order_by("pk").values()) == before
    assert CatalogueImport.objects.count() == 2


def test_a_new_edition_changes_and_retires_and_keeps_the_history(bring: Callable[..., Any]) -> None:
    bring(ICD10)
    edition = ICD10.replace("右肺恶性肿瘤", "右侧肺恶性肿瘤").replace("M80451/3,小细胞癌\n", "C50.900,乳房恶性肿瘤\n")
    counts = bring(edition, allow_retire=True).counts
    assert (counts.new, counts.changed, counts.same, counts.retired) == (1, 1, 1, 1)
    lung = Concept.objects.get(code="C34.900x005")
    assert lung.display == "右侧肺恶性肿瘤" and "右侧肺" in lung.folded and "ycf" in lung.initials
    gone = Concept.objects.get(code="M80451/3")
    assert not gone.is_active, "a record may quote it: it is retired, not deleted"
    assert gone.history.count() == 1 and lung.history.get().display == "右侧肺恶性肿瘤"


def test_a_code_that_comes_back_is_in_use_again(bring: Callable[..., Any]) -> None:
    bring(ICD10)
    bring(ICD10.replace("M80451/3,小细胞癌\n", ""), allow_retire=True)
    assert bring(ICD10).counts.changed == 1
    assert Concept.objects.get(code="M80451/3").is_active


def test_a_partial_file_retires_nothing(bring: Callable[..., Any]) -> None:
    bring(ICD10)
    counts = bring("icd_code,icd_name\nC50.900,乳房恶性肿瘤\n", partial=True).counts
    assert (counts.new, counts.retired) == (1, 0)


def test_a_file_that_would_retire_much_is_refused_as_cut_off(bring: Callable[..., Any]) -> None:
    bring(ICD10)
    with pytest.raises(CatalogueShrinks) as refusal:
        bring("icd_code,icd_name\nC34,支气管和肺恶性肿瘤\n")
    assert refusal.value.context == {"retired": 2, "active": 3}
    assert Concept.objects.filter(is_active=True).count() == 3


def test_every_wrong_row_is_named_by_its_line_and_nothing_comes_in(bring: Callable[..., Any]) -> None:
    wrong = 'icd_code,icd_name\nA00,霍乱\n,没有代码\nA01,\nA00,又是霍乱\nA02,一,二\nA03,"两\n行"\nA04,沙门菌\n'
    with pytest.raises(CatalogueRefused) as refusal:
        bring(wrong)
    lines = {error.line: error.reason for error in refusal.value.errors}
    assert sorted(lines) == [3, 4, 5, 6, 7], lines
    assert "icd_code" in lines[3] and "icd_name" in lines[4] and "A00" in lines[5] and "2" in lines[5]
    assert not Concept.objects.exists() and not CatalogueImport.objects.exists()


@pytest.mark.parametrize(
    ("encoding", "known_as"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030")]
)
def test_the_bytes_say_the_encoding_and_not_the_name(encoding: str, known_as: str) -> None:
    read = reading.read("icd10", ICD10.encode(encoding))
    assert (read.encoding, read.errors) == (known_as, [])
    assert read.lines["C34.900x005"].display == "右肺恶性肿瘤"


def test_a_file_whose_name_lies_about_its_encoding_is_read(bring: Callable[..., Any]) -> None:
    assert bring(ICD10.encode(), name="ICD_GB2312.csv").encoding == "utf-8"


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda raw: raw[:60] + b"\xff" + raw[61:], 3),  # one byte of a character is lost
        (lambda raw: raw.replace("霍乱".encode(), "霍\ufffd".encode()), 2),
        (lambda raw: raw[:40] + b"\0" + raw[40:], None),
        (lambda raw: gzip.compress(raw)[:-12], None),
        (lambda raw: b"\x1f\x8b" + raw, None),
        (lambda raw: b"", None),
        (lambda raw: raw[: raw.index(b"\n") + 1], None),  # only the header
        (lambda raw: raw.replace(b"icd_code", b"code1"), None),
    ],
)
def test_a_damaged_file_is_refused(damage: Callable[[bytes], bytes], line: int | None) -> None:
    body = "".join(f"A{number:02d},霍乱和其他的肠道传染病第{number}种\n" for number in range(40))
    read = reading.read("icd10", damage(f"icd_code,icd_name\nA99,霍乱\n{body}".encode()))
    assert read.errors and not (line and str(line) not in read.errors[0].reason), read.errors


def test_a_small_archive_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_MAX_BYTES", 1000)
    assert reading.read("icd10", gzip.compress(b"0" * 100_000)).errors


def test_drugs_get_a_code_of_their_own_that_stays(bring: Callable[..., Any]) -> None:
    header = "name,format,price,unit,manufacturer,form,kind,brand\n"
    file = (
        header
        + "来曲唑片,2.5mg×10片/盒,43.83,盒,甲厂,片剂,西药,芙瑞\n来曲唑片,2.5mg×30片/盒,99.00,盒,甲厂,片剂,西药,芙瑞\n"
    )
    bring(file, catalogue="drug")
    codes = set(Concept.objects.filter(system="drug").values_list("code", flat=True))
    assert len(codes) == 2
    dearer = bring(file.replace("43.83", "40.00"), catalogue="drug").counts
    assert (dearer.new, dearer.changed) == (0, 1), "a price is no other drug"
    assert set(Concept.objects.filter(system="drug").values_list("code", flat=True)) == codes
    assert Concept.objects.filter(properties__price_fen=4000).exists()


@pytest.mark.parametrize("price", ["", "-1", "1.005", "十元", "NaN"])
def test_a_price_must_be_a_whole_number_of_fen(price: str) -> None:
    read = reading.read("service", f"code,name,unit,price,category\n1,挂号,次,{price},挂号费\n".encode())
    assert [error.line for error in read.errors] == [2]


def test_the_command_answers_as_json_and_fails_loudly(tmp_path: Path, db: Any) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(ICD10, encoding="gb18030")
    bad.write_text("icd_code,icd_name\nA00\n")
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_catalogue", "icd10", str(good), str(bad), "--json", stdout=out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert answers[0] | {"file": "", "system": ""} == {
        "system": "", "file": "", "encoding": "gb18030", "rows": 3, "merged": 0, "new": 3, "changed": 0, "same": 0,
        "retired": 0,
    }  # fmt: skip
    assert answers[1]["refused"] == "catalogue-refused" and answers[1]["errors"][0]["line"] == 2
    assert Concept.objects.count() == 3
