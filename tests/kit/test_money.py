"""Money is whole fen, whatever is typed and whatever is shown (PAY-01)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospital.kit import money

FEN = st.integers(min_value=-(10**14), max_value=10**14)


@given(FEN)
def test_what_is_shown_is_read_back(fen: int) -> None:
    assert money.parse_yuan(money.format_yuan(fen)) == fen
    assert money.parse_yuan(money.plain_yuan(fen)) == fen
    assert "," not in money.plain_yuan(fen)


@pytest.mark.parametrize(
    ("fen", "shown"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (1230, "12.30"), (123456789, "1,234,567.89")]
)
def test_how_amounts_look(fen: int, shown: str) -> None:
    assert money.format_yuan(fen) == shown


@pytest.mark.parametrize("text", ["", "abc", "1.005", "0.001", "NaN", "Infinity", "-inf", "1e-3", "12.30元"])
def test_what_is_no_whole_number_of_fen_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        money.parse_yuan(text)


def test_fen_are_added_and_floats_refused() -> None:
    assert money.total([1, 2, -5]) == -2
    assert money.total([]) == 0
    with pytest.raises(TypeError, match="float"):
        money.total([1, 0.1])
