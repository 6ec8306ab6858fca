"""Encrypted columns: ciphertext below, plain above, found only by their index (SEC-06)."""

import pytest
from django.core.exceptions import FieldError
from django.db import connection

from hospital.kit.fields import blind
from hospital.people.models import Patient
from tests.cast import Cast


def _stored(pk: int) -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, name_index FROM people_patient WHERE id = %s", [pk])
        row: tuple[str, str] = cursor.fetchone()
        return row


def test_the_table_holds_ciphertext_and_the_model_plain_text(cast: Cast) -> None:
    name, index = _stored(cast.wang_fang.patient_id)
    assert "王芳" not in name and "王芳" not in index
    assert Patient.objects.get(pk=cast.wang_fang.patient_id).name == "王芳"


@pytest.mark.parametrize("lookup", ["name", "name__exact", "name__contains", "name__in", "name__startswith"])
def test_looking_up_plain_text_is_loud(cast: Cast, lookup: str) -> None:
    with pytest.raises(FieldError):
        Patient.objects.filter(**{lookup: "王芳"}).exists()


def test_the_index_finds_and_follows_a_change(cast: Cast) -> None:
    patient = cast.wang_fang.patient
    assert Patient.objects.get(name_index=blind("王芳", purpose="patient.name")) == patient
    patient.name = "王小芳"
    patient.save(update_fields=["name", "name_index"])
    assert Patient.objects.get(name_index=blind("王小芳", purpose="patient.name")) == patient
    assert not Patient.objects.filter(name_index=blind("王芳", purpose="patient.name")).exists()


def test_update_of_an_indexed_source_is_refused_and_of_others_not(cast: Cast) -> None:
    mine = Patient.objects.filter(pk=cast.wang_fang.patient_id)
    before = _stored(cast.wang_fang.patient_id)
    with pytest.raises(FieldError, match="blind index"):
        mine.update(name="王小芳")
    assert _stored(cast.wang_fang.patient_id) == before
    assert mine.update(region_code="110101") == 1


def test_an_empty_value_has_no_index(cast: Cast) -> None:
    """Two people without a phone must not be one to a unique index."""
    for person in (cast.wang_fang, cast.stranger):
        person.account.phone = ""
        person.account.save(update_fields=["phone", "phone_index"])
        person.account.refresh_from_db()
        assert person.account.phone_index is None
