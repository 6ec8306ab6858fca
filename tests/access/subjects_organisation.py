"""What the matrix tries the doors of hospital.organisation with."""

from collections.abc import Sequence

from tests.access.subjects import Case, subject
from tests.cast import Cast

_STAFF = {
    "doctor_li", "other_doctor", "nurse", "therapist", "technician", "pharmacist", "second_pharmacist", "cashier",
    "finance", "second_finance", "head", "case_manager", "records", "auditor", "admin",
}  # fmt: skip


@subject("organisation.concepts")
def concepts(cast: Cast, rule: str) -> Sequence[Case]:
    """Codes belong to nobody: all staff, and programs, may look them up."""
    return [Case("public codes", {}, may=_STAFF | {"service"}, query={"system": "icd10", "q": "肺"})]
