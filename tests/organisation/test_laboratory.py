"""Which laboratory item is meant, and whether a value is outside the range of this person's sex."""

import pytest

from hospital.organisation.selectors import lab_flag, lab_item, lab_range

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lab_catalogue")]

MALE, FEMALE, UNKNOWN = "1", "2", "0"


@pytest.mark.parametrize(
    ("written", "code"),
    [("HGB", "HGB"), ("hgb", "HGB"), ("Hb", "HGB"), ("血色素", "HGB"), ("NEUT%", "NEUT_PCT"), ("NEUT#", "NEUT_ABS"),
     ("CA15-3", "CA153"), ("CA 15-3", "CA153"), ("谷丙转氨酶", "ALT"), ("K+", "K"), ("Tg", "TG_PROTEIN"), ("TG", "TG")],
)  # fmt: skip
def test_an_item_is_known_by_all_its_names(written: str, code: str) -> None:
    item = lab_item(written)
    assert item is not None and item.code == code


@pytest.mark.parametrize("written", ["", "%", "不存在的项目", "'"])
def test_an_unknown_item_is_none(written: str) -> None:
    assert lab_item(written) is None


@pytest.mark.parametrize(
    ("item", "value", "sex", "flag"),
    [
        ("HGB", "120", MALE, "L"), ("HGB", "120", FEMALE, "N"), ("HGB", "120", UNKNOWN, ""), ("HGB", "175", MALE, "N"),
        ("HGB", "175.1", MALE, "H"), ("HGB", "１２０", MALE, "L"), ("CEA", "<0.5", FEMALE, "N"), ("CEA", ">1000", MALE, "H"),
        ("CEA", ">3", MALE, ""), ("WBC", "<3.5", MALE, "L"), ("WBC", "<5", MALE, ""), ("PSA", "5", MALE, "H"),
        ("PSA", "5", FEMALE, ""), ("HDL", "1.0", MALE, "L"), ("HBSAG", "阴性", MALE, "N"), ("HBSAG", "阳性", MALE, "A"),
        ("WBC", "溶血", MALE, ""), ("WBC", "", MALE, ""), ("WBC", "NaN", MALE, ""), ("WBC", "inf", MALE, ""),
    ],
)  # fmt: skip
def test_flags_by_sex(item: str, value: str, sex: str, flag: str) -> None:
    found = lab_item(item)
    assert found is not None and lab_flag(found, value, sex) == flag


def test_nothing_is_said_of_a_child() -> None:
    item = lab_item("HGB")
    assert item is not None and lab_flag(item, "90", MALE, 6) == ""


def test_ranges_are_written_as_people_read_them() -> None:
    cea, hgb = lab_item("CEA"), lab_item("HGB")
    assert cea is not None and hgb is not None
    assert (str(lab_range(cea, MALE)), str(lab_range(hgb, FEMALE))) == ("≤5.0", "115–150")
