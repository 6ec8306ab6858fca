"""What the matrix tries the doors of hospital.organisation with."""

from collections.abc import Sequence

from hospital.kit.actor import Role
from hospital.people.services import reset_ask
from tests.access.subjects import Case, subject
from tests.cast import Cast, actor_of_person

_STAFF = {
    "doctor_li", "other_doctor", "nurse", "therapist", "technician", "pharmacist", "second_pharmacist", "cashier",
    "finance", "second_finance", "head", "case_manager", "records", "auditor", "admin",
}  # fmt: skip


@subject("organisation.concepts")
def concepts(cast: Cast, rule: str) -> Sequence[Case]:
    """Codes belong to nobody: all staff, and programs, may look them up."""
    return [Case("public codes", {}, may=_STAFF | {"service"}, query={"system": "icd10", "q": "肺"})]


@subject("organisation.account")
def account(cast: Cast, rule: str) -> Sequence[Case]:
    data = {"change": "close", "reason": "离职"}
    return [Case("of somebody", {"pk": cast.nurse.account.pk}, may={"admin"}, data=data)]


@subject("organisation.reset")
def reset(cast: Cast, rule: str) -> Sequence[Case]:
    """Asked by one administrator, decided by another."""
    asker = cast.new_staff("钱管", cast.office, Role.ADMIN)
    asked = reset_ask(actor=actor_of_person(asker), account_id=cast.nurse.account.pk, reason="手机丢失", at=cast.at)
    return [Case("asked by another", {"pk": asked.pk}, may={"admin"}, data={"decision": "approve"})]
