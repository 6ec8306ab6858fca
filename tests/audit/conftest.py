import pytest

from tests.cast import Cast
from tests.consult.stage import Stage, build


@pytest.fixture
def stage(cast: Cast) -> Stage:
    return build(cast)
