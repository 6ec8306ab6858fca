"""The carried catalogues, loaded once: they take seconds, and no test changes them."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from hospital.kit import clock
from hospital.organisation.catalogues import reading, storing
from hospital.organisation.catalogues.carried import CARRIED
from hospital.organisation.models import CodeSystem, Concept


def _loaded(blocker: Any, systems: Collection[str]) -> Iterator[None]:
    with blocker.unblock():
        _emptied()
        with transaction.atomic():
            for carried in CARRIED:
                if carried.system not in systems:
                    continue
                read = reading.read(carried.system, carried.path.read_bytes())
                assert not read.errors, read.errors[:5]
                difference = storing.compare(carried.system, read.lines, source=carried.source, partial=False)
                storing.store(difference, at=clock.now(), account=None)
    yield
    with blocker.unblock():
        _emptied()


def _emptied() -> None:
    """At once: row by row each foreign key would be asked a hundred thousand times. Between tests nothing refers to a code."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {Concept._meta.db_table} CASCADE")


@pytest.fixture(scope="module")
def catalogues(django_db_setup: Any, django_db_blocker: Any) -> Iterator[None]:
    """Every carried catalogue, for the tests of one module; gone afterwards."""
    yield from _loaded(django_db_blocker, CodeSystem.values)


@pytest.fixture(scope="module")
def lab_catalogue(django_db_setup: Any, django_db_blocker: Any) -> Iterator[None]:
    """The laboratory items alone."""
    yield from _loaded(django_db_blocker, [CodeSystem.LAB])
