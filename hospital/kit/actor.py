"""Who acts. Every verb takes an actor; the audit line, the policy and the history row all speak of the same one."""

from dataclasses import dataclass, field
from enum import StrEnum

from .problems import NotFound, SignInNeeded


class Role(StrEnum):
    """What a person may be in this house. Relations (own, family, care) are asked of the object, not of the role."""

    ANONYMOUS = "anonymous"
    UNVERIFIED = "unverified"  # signed in, real name not yet proved (IH-04)
    PATIENT = "patient"
    DOCTOR = "doctor"
    NURSE = "nurse"
    THERAPIST = "therapist"
    TECHNICIAN = "technician"  # laboratory and exam rooms
    PHARMACIST = "pharmacist"
    CASHIER = "cashier"
    FINANCE = "finance"  # reconciler
    HEAD = "head"  # head of a department
    CASE_MANAGER = "case_manager"
    RECORDS = "records"  # records office, quality control
    AUDITOR = "auditor"
    ADMIN = "admin"  # system administrator: no patient data
    SERVICE = "service"  # another program


PATIENTS = frozenset({Role.PATIENT})
SIGNED_IN_PATIENTS = frozenset({Role.PATIENT, Role.UNVERIFIED})
CLINICIANS = frozenset({Role.DOCTOR, Role.NURSE, Role.THERAPIST, Role.TECHNICIAN, Role.PHARMACIST, Role.CASE_MANAGER})
STAFF = CLINICIANS | {Role.CASHIER, Role.FINANCE, Role.HEAD, Role.RECORDS, Role.AUDITOR, Role.ADMIN}
EVERYONE = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or program on whose behalf a verb runs, and from where.

    `patient_ids`: the profiles a patient's account may act for today (own and consented family).
    `department_ids`, `campus_ids`: where a member of staff is posted.
    """

    roles: frozenset[Role]
    account_id: int | None = None
    staff_id: int | None = None
    patient_ids: frozenset[int] = field(default_factory=frozenset)
    department_ids: frozenset[int] = field(default_factory=frozenset)
    campus_ids: frozenset[int] = field(default_factory=frozenset)
    ip: str = ""
    device: str = ""
    request_id: str = ""
    service: str = ""  # name of the program, when no person acts
    scopes: frozenset[str] = field(
        default_factory=frozenset
    )  # of a program that came in by HTTP: prefixes of rule names

    def is_any(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    @property
    def is_staff(self) -> bool:
        return self.staff_id is not None

    @property
    def is_patient(self) -> bool:
        return self.account_id is not None and self.staff_id is None

    @property
    def is_system(self) -> bool:
        return bool(self.service)

    @property
    def own_account_id(self) -> int:
        """The account of the person who acts; raises SignInNeeded when nobody signed in."""
        if self.account_id is None:
            raise SignInNeeded
        return self.account_id

    @property
    def own_staff_id(self) -> int:
        """The member of staff who acts; raises NotFound for anybody else."""
        if self.staff_id is None:
            raise NotFound
        return self.staff_id

    def acts_for(self, patient_id: int) -> bool:
        return patient_id in self.patient_ids


ANONYMOUS = Actor(roles=frozenset({Role.ANONYMOUS}))


def system(name: str) -> Actor:
    """The house itself, e.g. system("billing.sweep")."""
    return Actor(roles=frozenset({Role.SERVICE}), service=name)
