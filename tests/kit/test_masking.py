"""What a screen shows of a person when it need not show more (SEC-09)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospital.kit import masking


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("王小明", "王*明"),
        ("欧阳小华", "欧阳*华"),
        ("欧阳华", "欧阳*"),
        ("欧阳", "欧*"),
        ("王", "王"),
        ("", ""),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert masking.mask_name(name) == shown


def test_numbers_and_phones() -> None:
    assert masking.mask_id("120103197805120026") == "120***********0026"
    assert masking.mask_phone("13812341234") == "138****1234"


@given(st.text(alphabet="0123456789X", max_size=20))
def test_the_middle_is_never_shown_and_the_length_of_a_number_stays(number: str) -> None:
    shown = masking.mask_id(number)
    assert len(shown) == len(number)
    assert len(shown.replace("*", "")) <= 7
    if len(number) <= 7:
        assert set(shown) <= {"*"}, "a short number would be shown whole"


@given(st.text(alphabet="0123456789+", max_size=7))
def test_a_short_phone_is_not_shown_at_all(phone: str) -> None:
    assert set(masking.mask_phone(phone)) <= {"*"}
