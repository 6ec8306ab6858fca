"""A new field key takes over while nothing is lost and everything is still found (SEC-06)."""

import base64
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from hospital.kit.crypto import DecryptionFailed
from hospital.kit.fields import blind
from hospital.operations.management.commands.rotate_field_keys import encrypted_columns
from hospital.people.models import Patient
from tests.cast import Cast

NEW = "new:aes:" + base64.b64encode(bytes(range(32))).decode()


def rotate(batch: int = 500) -> Any:
    out = StringIO()
    call_command("rotate_field_keys", "--json", "--batch", str(batch), stdout=out)
    return json.loads(out.getvalue())


def stored_keys() -> set[str]:
    found = set()
    with connection.cursor() as cursor:
        for model, field in encrypted_columns():
            cursor.execute(f"SELECT {field.column} FROM {model._meta.db_table} WHERE {field.column} <> ''")
            found |= {value.partition(":")[0] for (value,) in cursor.fetchall()}
    return found


def test_old_values_are_written_again_under_the_new_key(cast: Cast, settings: Any) -> None:
    names = {patient.pk: patient.name for patient in Patient.objects.all()}
    old = list(settings.FIELD_KEYS)
    settings.FIELD_KEYS = [NEW, *old]
    result = rotate(batch=2)
    assert result["left"] == 0 and result["rewritten"]["people_patient.name"] == len(names)
    assert stored_keys() == {"new"}
    settings.FIELD_KEYS = [NEW]  # the old key is gone, and nobody misses it
    assert {patient.pk: patient.name for patient in Patient.objects.all()} == names
    someone = Patient.objects.order_by("pk")[0]
    assert Patient.objects.filter(name_index=blind(someone.name, purpose="patient.name")).exists()
    assert rotate()["rewritten"]["people_patient.name"] == 0


def test_a_key_that_goes_too_early_is_loud(cast: Cast, settings: Any) -> None:
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(DecryptionFailed):
        rotate()
