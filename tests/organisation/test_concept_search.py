"""A doctor finds a code by whatever comes to mind: the search, its API and the picker of the workstation."""

import time
from typing import Any

import pytest
from django.urls import reverse

from hospital.organisation import names
from hospital.organisation.catalogues import storing
from hospital.organisation.models import Concept
from hospital.organisation.selectors import concept_search
from tests.cast import Cast, client_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogues")]


def codes(text: str, system: str = "icd10", limit: int = 5) -> list[str]:
    return [concept.code for concept in concept_search(system, text, limit)]


def test_the_carried_catalogues_are_complete() -> None:
    count = {
        system: Concept.objects.filter(system=system).count() for system in ("icd10", "icd9cm3", "lab", "department")
    }
    assert count == {"icd10": 47_101, "icd9cm3": 17_552, "lab": 89, "department": 189}
    assert Concept.objects.filter(system="icd10", properties__level="morphology").count() == 1_494
    assert Concept.objects.filter(system="region", is_active=False).count() == 3_453, "old identity cards quote them"


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("右肺癌", "C34.900x005"), ("右肺恶性肿瘤", "C34.900x005"), ("肿瘤恶性肺右", "C34.900x005"), ("癌 右肺", "C34.900x005"),
        ("youfeiai", "C34.900x005"), ("yfa", "C34.900x005"), ("c34.900X005", "C34.900x005"), ("肺癌", "C34.900x001"),
        ("乳腺癌", "C50.900"), ("rxa", "C50.900"), ("乳腺 c50", "C50.900"), ("骨转移", "C79.500x001"),
        ("2型糖尿病", "E11.900"), ("２型糖尿病", "E11.900"), ("gaoxueya", "I10.x00x002"), ("右肺癌症", "C34.900x005"),
    ],
)  # fmt: skip
def test_what_people_type_finds_the_code_first(typed: str, first: str) -> None:
    assert codes(typed)[0] == first


def test_a_slip_of_the_pen_still_offers_something() -> None:
    assert "C34.201" in codes("肺恶性中瘤")


def test_a_code_that_may_stand_on_a_record_comes_before_its_heading() -> None:
    found = codes("乳房恶性肿瘤")
    assert found.index("C50.900") < found.index("C50")


@pytest.mark.parametrize("typed", ["", "   ", "、。", "%", "_", "'", "呀哦嘿哈", "zzzzzz", "\\", "(", "a" * 500])
def test_nonsense_finds_nothing_and_breaks_nothing(typed: str) -> None:
    assert codes(typed) == []


def test_retired_codes_are_not_offered() -> None:
    lung = Concept.objects.get(system="icd10", code="C34.900x005")
    lung.is_active = False
    lung.save(update_fields=["is_active"])
    assert "C34.900x005" not in codes("右肺癌")


@pytest.mark.parametrize(
    ("system", "typed", "code"),
    [
        ("lab", "血色素", "HGB"),
        ("lab", "CA 15-3", "CA153"),
        ("service", "血常规", "250101015"),
        ("department", "zlk", "A19"),
    ],
)
def test_the_other_catalogues_are_searched_too(system: str, typed: str, code: str) -> None:
    assert codes(typed, system)[0] == code


def test_a_drug_is_found_by_its_brand() -> None:
    assert "阿那曲唑" in concept_search("drug", "瑞宁得", 1)[0].display


def test_typing_is_answered_without_a_scan() -> None:
    """The bound of 50 ms at p95 is measured by benchmarks/catalogue_search.py; here a scan of the table would show."""
    slow = []
    for typed in ("右肺癌", "癌", "rx", "yfa", "C34.9", "肺 恶性肿瘤", "没有这种毛病"):
        taken = min(_seconds(typed) for _ in range(3))
        if taken > 0.15:
            slow.append((typed, taken))
    assert not slow


def _seconds(typed: str) -> float:
    began = time.perf_counter()
    concept_search("icd10", typed, 20)
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("重症肌无力", "zhongzhengjiwuli"), ("长骨", "changgu"), ("泌尿", "miniao"), ("咯血", "kaxue"), ("会厌", "huiyan"),
        ("着床", "zhuochuang"), ("剥脱", "botuo"), ("来曲唑", "laiquzuo"), ("大黄", "daihuang"), ("重链", "zhonglian"),
    ],
)  # fmt: skip
def test_medical_words_are_read_as_doctors_read_them(word: str, said: str) -> None:
    assert f" {said}" in names.sounds([word])[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [("单晓燕", ("shanxiaoyan", "sxy")), ("曾一帆", ("zengyifan", "zyf")), ("欧阳靖", ("ouyangjing", "oyj")),
     ("任思远", ("rensiyuan", "rsy")), ("尉迟恭", ("yuchigong", "ycg"))],
)  # fmt: skip
def test_surnames_are_read_as_surnames(name: str, said: tuple[str, str]) -> None:
    assert names.person(name) == said


def test_derived_columns_hold_what_the_search_asks() -> None:
    lung = Concept(system="icd10", code="X", display="右肺恶性肿瘤")
    storing.derive(lung)
    assert lung.initials == " yfexzl yfa" and {"右", "右肺", "肿瘤"} <= set(lung.grams)


# --- Over HTTP ------------------------------------------------------------------------------------------------


def test_the_api_finds_codes_for_staff(cast: Cast) -> None:
    answer = client_for(cast.doctor_li).get("/api/v1/concepts/", {"system": "icd10", "q": "右肺癌", "limit": 3})
    assert answer.status_code == 200
    assert answer.json()[0] == {
        "system": "icd10", "code": "C34.900x005", "display": "右肺恶性肿瘤", "properties": {"level": "code"}
    }  # fmt: skip


@pytest.mark.parametrize("query", [{}, {"system": "snomed", "q": "x"}, {"system": "icd10", "q": "x", "limit": 9000}])
def test_the_api_says_which_field_is_wrong(cast: Cast, query: dict[str, Any]) -> None:
    answer = client_for(cast.doctor_li).get("/api/v1/concepts/", query)
    assert answer.status_code == 422 and answer.json()["errors"]


def test_patients_have_no_search_of_codes(cast: Cast) -> None:
    assert client_for(cast.wang_fang).get("/api/v1/concepts/", {"system": "icd10", "q": "肺"}).status_code == 404
    assert client_for(None).get(reverse("organisation_staff:concepts")).status_code == 401


def test_the_picker_gets_its_options(cast: Cast) -> None:
    page = client_for(cast.nurse).get("/staff/concepts/", {"system": "icd10", "q": "rxa"}).content.decode()
    assert 'role="option"' in page and 'data-code="C50.900"' in page
    nothing = client_for(cast.nurse).get("/staff/concepts/", {"system": "icd10", "q": "zzzzzz"}).content.decode()
    assert "role=" not in nothing and "combobox__none" in nothing
