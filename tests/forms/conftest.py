from typing import Any

import pytest

from hospital.forms import carried
from hospital.kit import clock
from tests.forms.questionnaires import form_use


@pytest.fixture
def told() -> Any:
    """The tests' use of forms; the list of submissions it was told of."""
    with form_use() as told:
        yield told


@pytest.fixture
def published(db: Any) -> None:
    """The questionnaires that come with the house."""
    carried.publish_all(at=clock.now())
