"""The house of the matrix: one cast for many doors, because building it costs more than knocking."""

import copy
import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import time_machine
from django.db import connection, transaction

from hospital.kit import clock
from tests.access import matrix
from tests.cast import Cast, build

# Seconds: a session that is older might be asked for the password again, or be idle.
KEEPS = 180


def _room() -> transaction.Atomic:
    room = transaction.atomic()
    room._from_testcase = True  # lets the product's durable transactions run inside
    return room


class House:
    """The cast and its browsers. Each door gets them as they were first; whatever a door does is rolled back."""

    def __init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self._outer = _room()
        self._outer.__enter__()
        self._built = time.monotonic()
        self._cast = build(clock.now())
        self._everyone = matrix.visitors(self._cast)

    def close(self) -> None:
        transaction.set_rollback(True)
        self._outer.__exit__(None, None, None)

    @contextmanager
    def door(self) -> Iterator[tuple[Cast, list[matrix.Visitor]]]:
        if time.monotonic() - self._built > KEEPS:
            self.close()
            self._open()
        with _room():
            yield copy.deepcopy(self._cast), self._everyone  # a subject may change the objects in memory
            transaction.set_rollback(True)


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[House]:
    """Not to be mixed with `db` in one module: that fixture closes the connection under the house's transaction.

    A module that uses it says so by overriding `_django_db_helper`, and by the mark `django_db` for the database's sake.
    """
    noon = clock.at_local(
        clock.today(), datetime.time(12)
    )  # so that a visit of this moment has a clinic before and after it
    with django_db_blocker.unblock(), time_machine.travel(noon, tick=True):
        database = connection.settings_dict
        assert str(database["NAME"]).startswith(str(database["TEST"]["NAME"])), "not the database of the tests"
        found = House()
        yield found
        found.close()
