"""Each invariant of people holds for the cast, and finds the offender planted for it."""

from datetime import timedelta

import pytest
from django.db import connection

from hospital.kit import invariants
from hospital.people.models import CodePurpose, LoginCode, OutgoingCode
from tests.cast import Cast


def _broken() -> set[str]:
    mine = [found for found in invariants.registered() if found.name.startswith("people.")]
    assert len(mine) == len(PLANTED)
    return {found.name for found in mine if invariants.offenders(found)}


# What somebody with a database console could do behind the product's back.
PLANTED = {
    "people.verified_has_document": "UPDATE people_patient SET document_index = NULL WHERE id = {patient}",
    "people.patient_name_is_indexed": "UPDATE people_patient SET name_index = NULL WHERE id = {patient}",
    "people.patient_phone_is_indexed": "UPDATE people_patient SET phone = '' WHERE id = {patient}",
    "people.account_phone_is_indexed": "UPDATE people_account SET phone = '' WHERE id = {account}",
    "people.staff_act_for_nobody": "UPDATE people_familylink SET account_id = {staff} WHERE patient_id = {mother}",
    "people.code_used_in_time": "UPDATE people_logincode SET used_at = expires_at + interval '1 second'",
    "people.sent_code_is_wiped": "UPDATE people_outgoingcode SET sent_at = due_at",
}


@pytest.fixture
def code(cast: Cast) -> None:
    """A code on its way, as the product keeps it."""
    until = cast.at + timedelta(minutes=5)
    asked = LoginCode.objects.create(
        purpose=CodePurpose.SIGN_IN, phone_index="0" * 32, binding="1" * 64, code_hash="2" * 32, created_at=cast.at,
        expires_at=until,
    )  # fmt: skip
    OutgoingCode.objects.create(
        login_code=asked, phone=cast.wang_fang.phone, code="123456", due_at=cast.at, expires_at=until
    )


@pytest.mark.usefixtures("code")
def test_they_hold_for_what_the_product_writes(cast: Cast) -> None:
    assert _broken() == set()


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize("name", PLANTED)
def test_each_finds_its_offender_and_no_other(cast: Cast, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            PLANTED[name].format(
                patient=cast.wang_fang.patient_id, account=cast.wang_fang.account.pk,
                staff=cast.doctor_li.account.pk, mother=cast.mother.patient_id,
            )
        )  # fmt: skip
    assert _broken() == {name}
