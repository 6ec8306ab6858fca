"""The carried catalogues, loaded once: they take seconds, and no test changes them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from hospital.kit import clock
from hospital.organisation.catalogues import reading, storing
from hospital.organisation.catalogues.carried import CARRIED
from hospital.organisation.models import Concept


@pytest.fixture(scope="module")
def catalogues(django_db_setup: Any, django_db_blocker: Any) -> Iterator[None]:
    """Every carried catalogue, for the tests of one module; gone afterwards."""
    with django_db_blocker.unblock():
        Concept.objects.all().delete()
        with transaction.atomic():
            for carried in CARRIED:
                read = reading.read(carried.system, carried.path.read_bytes())
                assert not read.errors, read.errors[:5]
                difference = storing.compare(carried.system, read.lines, source=carried.source, partial=False)
                storing.store(difference, at=clock.now(), account=None)
    yield
    with django_db_blocker.unblock():
        Concept.objects.all().delete()
