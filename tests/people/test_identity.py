"""IH-04, AP-01: document numbers are read, not asked twice, and wrong ones are refused."""

import csv
import gzip
from datetime import date
from pathlib import Path

import pytest

from hospital.people import identity
from hospital.people.errors import DocumentInvalid, NameInvalid
from hospital.people.models import DocumentType, Sex

TODAY = date(2026, 11, 21)
CARD = DocumentType.ID_CARD


def _said(text: str) -> identity.Said:
    return identity.read(CARD, text, today=TODAY)


@pytest.mark.parametrize("region", ["120103", "110103", "142126", "810000", "820000", "830000"])
@pytest.mark.parametrize(("sequence", "sex"), [(335, Sex.MALE), (338, Sex.FEMALE)])
def test_number_says_birth_sex_and_region(region: str, sequence: int, sex: str) -> None:
    """Regions of today, of former days (110103 Chongwen) and of permits."""
    number = identity.compose(region, date(1970, 1, 1), sequence)
    assert _said(number) == identity.Said(number, date(1970, 1, 1), sex, region)


def test_known_number_of_the_standard() -> None:
    """The example printed in GB 11643-1999."""
    assert identity.check_character("11010519491231002") == "X"
    assert _said("11010519491231002x").sex == Sex.FEMALE


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
        "110105-19491231-002X",
        "110105491231002",
    ],
)
def test_other_spellings_are_the_same_number(text: str) -> None:
    """Small x, full width, blanks, hyphens, and the old 15 digits."""
    assert _said(text).number == "11010519491231002X"


def test_every_single_slip_is_found() -> None:
    """ISO 7064 MOD 11-2 finds each wrong digit and each swap of neighbours."""
    good = identity.compose("120103", date(1985, 6, 7), 21)
    for place in range(17):
        for digit in "0123456789":
            if digit != good[place]:
                with pytest.raises(DocumentInvalid):
                    _said(good[:place] + digit + good[place + 1 :])
        swapped = good[:place] + good[place + 1] + good[place] + good[place + 2 :]
        if swapped != good:
            with pytest.raises(DocumentInvalid):
                _said(swapped)


def _with_check(first_17: str) -> str:
    return first_17 + identity.check_character(first_17)


@pytest.mark.parametrize(
    "first_17",
    [
        "12010319000229809",  # 1900 had no leap day
        "12010320230229709",
        "12010319991301917",  # month 13
        "12010319990431542",  # 31 April
        "12010320990101954",  # not born yet
        "12010318000101614",  # too long ago
        "99999919800101011",
        "00000019800101011",
    ],
)
def test_impossible_days_and_regions_are_refused(first_17: str) -> None:
    with pytest.raises(DocumentInvalid):
        _said(_with_check(first_17))


@pytest.mark.parametrize("text", ["", "12010319700101033", "1201031970010103360", "X2010319700101033X", "十二"])
def test_other_lengths_and_signs_are_refused(text: str) -> None:
    with pytest.raises(DocumentInvalid):
        _said(text)


def test_foreign_residents_card_of_2023() -> None:
    number = _with_check("91284019880815001")
    said = identity.read(DocumentType.FOREIGNER, number, today=TODAY)
    assert (said.birth_date, said.sex, said.region) == (date(1988, 8, 15), None, "")
    with pytest.raises(DocumentInvalid):
        identity.read(DocumentType.FOREIGNER, number[:-1] + ("0" if number[-1] != "0" else "1"), today=TODAY)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DocumentType.PASSPORT, "e12345678", "E1"),
        (DocumentType.HK_MACAO_PERMIT, "H12345678", "X12345678"),
        (DocumentType.TAIWAN_PERMIT, "12345678", "1234567"),
        (DocumentType.FOREIGNER, "USA110101900101", "USA1"),
        (DocumentType.OFFICER, "军字第1234567号", "军"),
        (DocumentType.HOUSEHOLD, "11010519491231002X", "110105194912310020"),
    ],
)
def test_the_other_documents(kind: DocumentType, good: str, bad: str) -> None:
    assert identity.read(kind, good, today=TODAY).number == identity.normal_number(good)
    with pytest.raises(DocumentInvalid):
        identity.read(kind, bad, today=TODAY)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("王芳", "王芳"),
        (" 王 芳 ", "王 芳"),
        ("张䶮", "张䶮"),
        ("𠅤𡈼", "𠅤𡈼"),
        ("买买提•吐尔逊", "买买提·吐尔逊"),
        ("尉迟恭·阿卜杜拉·买买提江·艾合买提", "尉迟恭·阿卜杜拉·买买提江·艾合买提"),
        ("O’Neil", "O'Neil"),
        ("Nurlan·Ах", "Nurlan·Ах"),
        ("赵-钱", "赵-钱"),
    ],
)
def test_names_of_all_kinds_are_kept(typed: str, kept: str) -> None:
    assert identity.normal_name(typed) == kept


@pytest.mark.parametrize("typed", ["", " ", "王", "王·", "王1", "<b>王芳</b>", "=cmd", "王\x00芳", "王" * 51])
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(NameInvalid):
        identity.normal_name(typed)


def test_region_codes_are_those_of_the_catalogue() -> None:
    """The list here and the concepts of hospital.organisation come from the same publication."""
    file = Path("hospital/organisation/data/regions.csv.gz")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        assert {row["code"] for row in csv.DictReader(lines)} == identity.regions()


@pytest.mark.parametrize(("day", "age"), [(date(2026, 2, 27), 21), (date(2026, 3, 1), 22), (date(2028, 2, 29), 24)])
def test_age_of_one_born_on_a_leap_day(day: date, age: int) -> None:
    assert identity.age_on(date(2004, 2, 29), day) == age
