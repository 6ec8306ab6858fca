"""Codes in the administration: search, import with preview, export without live formulas (G17), history."""

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse

from hospital.organisation.catalogues.exporting import disarmed, disarmed_for_sheet
from hospital.organisation.catalogues.storing import derive
from hospital.organisation.models import Concept
from tests.cast import Cast, client_for

pytestmark = pytest.mark.django_db

IMPORT = "/admin/organisation/concept/import/"
LIVE = ["=1+1", "+86", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1", '"=1', "\n=1", "'=1"]


def add(code: str, display: str) -> Concept:
    concept = Concept(system="icd10", code=code, display=display, source="test")
    derive(concept)
    concept.save()
    return concept


def test_no_exported_cell_starts_a_formula_and_all_come_back(cast: Cast) -> None:
    for number, text in enumerate(LIVE):
        add(f"X{number:02d}", text)
    add("=cmd|' /C calc'!A0", "公式作代码")
    answer = client_for(cast.admin).get("/admin/organisation/concept/export/icd10/")
    assert isinstance(answer, StreamingHttpResponse)
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert len(rows) == len(LIVE) + 2
    for row in rows:
        for cell in row:
            assert cell.lstrip(' "')[:1] not in set("=+-@\t\r\n＝＋－＠"), cell
    assert [disarmed(row[1]) for row in rows[1:] if row[0].startswith("X")] == LIVE


@pytest.mark.parametrize("text", ["乳房恶性肿瘤", "'quoted'", "CA19-9", "1-5", ""])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert disarmed_for_sheet(text) == text == disarmed(text)


def test_the_admin_searches_as_the_house_does(cast: Cast) -> None:
    add("C34.900x005", "右肺恶性肿瘤")
    add("I10", "高血压")
    page = client_for(cast.admin).get("/admin/organisation/concept/", {"q": "yfa"}).content.decode()
    assert "C34.900x005" in page and "I10<" not in page


def test_an_import_is_looked_at_before_it_happens(cast: Cast) -> None:
    admin = client_for(cast.admin)
    file = SimpleUploadedFile("new.csv", "icd_code,icd_name\nC50.900,乳房恶性肿瘤\n".encode("gb18030"))
    page = admin.post(IMPORT, {"system": "icd10", "source": "2026", "file": file}).content.decode()
    assert not Concept.objects.exists(), "a preview changes nothing"
    fields = dict(re.findall(r'name="(sealed|file_name|system|source|confirmed)" value="([^"]*)"', page))
    admin.post(IMPORT, fields | {"sealed": fields["sealed"][:-2] + "xx"})
    assert not Concept.objects.exists(), "what was not looked at isn't imported"
    answer = admin.post(IMPORT, fields, follow=True)
    assert answer.status_code == 200
    assert Concept.objects.get().source == "2026"


def test_wrong_rows_are_shown_and_cannot_be_imported(cast: Cast) -> None:
    file = SimpleUploadedFile("bad.csv", "icd_code,icd_name\nC50.900,乳房恶性肿瘤\n,没有代码\n".encode())
    page = client_for(cast.admin).post(IMPORT, {"system": "icd10", "source": "x", "file": file}).content.decode()
    assert "<td>3</td>" in page and 'name="confirmed"' not in page


def test_a_change_by_hand_is_findable_and_in_the_history(cast: Cast) -> None:
    concept = add("C50.900", "乳房恶性肿瘤")
    admin = client_for(cast.admin)
    url = f"/admin/organisation/concept/{concept.pk}/change/"
    typed = {"display": "乳房癌症新名", "properties": '{"aliases": ["别名甲"]}', "is_active": "on", "source": "hand"}
    answer = admin.post(url, typed)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    concept.refresh_from_db()
    assert "bmj" in concept.initials and concept.history.first().display == "乳房癌症新名"
    assert admin.get(f"/admin/organisation/concept/{concept.pk}/history/").status_code == 200
    assert admin.post(f"/admin/organisation/concept/{concept.pk}/delete/", {"post": "yes"}).status_code in {403, 404}


@pytest.mark.parametrize("path", ["", "import/", "export/icd10/"])
def test_only_administrators_come_in(cast: Cast, path: str) -> None:
    assert client_for(cast.doctor_li).get(f"/admin/organisation/concept/{path}").status_code == 404
    assert client_for(None).get(f"/admin/organisation/concept/{path}").status_code == 401
