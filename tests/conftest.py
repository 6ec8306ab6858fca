"""Fixtures that every test may use. The cast lives in tests/cast.py."""

from typing import Any

import pytest

from hospital.kit import clock
from tests.browser import chromium, open_page
from tests.cast import Cast, build

__all__ = ["cast", "chromium", "open_page"]


@pytest.fixture
def cast(db: Any) -> Cast:
    """The known people of tests/cast.py, fresh in each test (works with transactional_db as well)."""
    return build(clock.now())
