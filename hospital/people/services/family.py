"""Family members: for whom an account may act, with whose consent, proved how (H1, IH-04, AP-01, AP-04, SEC-07).

Names and document numbers of others are easily known; a record must not open to whoever types them. So the person's
own phone must answer a code (or be the account's own, proved at sign-in), and somebody who is on file already must be
on file with that phone and that name. Whatever doesn't fit is answered in the same words and sent to the desk.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.clock import business_day
from hospital.kit.fields import blind
from hospital.kit.problems import Invalid, NotFound
from hospital.kit.transactions import entry

from .. import identity, phones, real_name
from ..errors import AlreadyLinked, DeskNeeded, DocumentInvalid, ProfilesFull
from ..models import Account, CodePurpose, DocumentType, FamilyLink, Patient, Relation
from ..parameters import GUARDIAN_AGE, PROFILES
from .cards import card_issue
from .codes import code_prove

CONSENT_VERSION, GUARDIAN_VERSION = "family-2026-11", "guardian-2026-11"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody as typed, read and checked for form; `proof_phone` is the phone that must answer for them."""

    name: str
    document_type: str
    document_no: str
    birth_date: date
    sex: str
    region: str
    relation: str
    proof_phone: str
    by_guardian: bool


def member_read(
    *, account: Account, name: str, document_type: str, document_no: str, relation: str, phone: str,
    birth_date: date | None, sex: str, at: datetime,
) -> Member:  # fmt: skip
    """Read what was typed. Raises NameInvalid, DocumentInvalid, PhoneInvalid or Invalid with the field to mend."""
    kind = DocumentType(document_type)
    said = identity.read(kind, document_no, today=business_day(at))
    born, is_sex = said.birth_date or birth_date, said.sex or sex
    if born is None or not is_sex:
        missing = DocumentInvalid.next_step
        raise Invalid(fields={name: missing for name, value in (("birth_date", born), ("sex", is_sex)) if not value})
    young = identity.age_on(born, business_day(at)) < GUARDIAN_AGE.at(at)
    own = relation == Relation.SELF or young
    proof = account.phone if own or not phone else phones.normal(phone)
    return Member(
        identity.normal_name(name), kind, said.number, born, is_sex, said.region, relation, proof, young and relation != Relation.SELF
    )  # fmt: skip


def needs_code(account: Account, member: Member) -> bool:
    """Must a code be sent to the member's phone? The account's own phone was proved when it signed in."""
    return member.proof_phone != account.phone


def family_add(*, actor: Actor, account: Account, member: Member, code: str, binding: str, at: datetime) -> FamilyLink:
    """From now on the account may act for the member. Raises CodeWrong, DeskNeeded, ProfilesFull, AlreadyLinked."""
    if needs_code(account, member):
        code_prove(phone=member.proof_phone, purpose=CodePurpose.FAMILY, binding=binding, code=code, at=at)
    agrees = None
    if not Patient.objects.filter(document_index=_document_index(member)).exists():
        agrees = real_name.agrees(name=member.name, document_type=member.document_type, document_no=member.document_no)
        if agrees is False:
            raise DeskNeeded
    return _link(actor=actor, account_id=account.pk, member=member, agrees=bool(agrees), at=at)


def _document_index(member: Member) -> str:
    return blind(member.document_no, purpose="patient.document_no")


@entry
def _link(*, actor: Actor, account_id: int, member: Member, agrees: bool, at: datetime) -> FamilyLink:
    account = Account.objects.select_for_update().get(pk=account_id)  # two tabs must not pass the limit together
    live = FamilyLink.objects.filter(account=account, revoked_at=None)
    most = PROFILES.at(at)
    if live.count() >= most:
        raise ProfilesFull(limit=most)
    patient: Patient | None = Patient.objects.filter(document_index=_document_index(member)).first()
    if patient is None:
        patient = patient_create(actor=actor, member=member, verified=agrees, at=at)
    elif patient.name != member.name or patient.phone != member.proof_phone:
        raise DeskNeeded
    if live.filter(patient=patient).exists() or (
        member.relation == Relation.SELF and live.filter(relation=Relation.SELF).exists()
    ):
        raise AlreadyLinked
    made = FamilyLink.objects.create(
        account=account,
        patient=patient,
        relation=member.relation,
        consented_at=at,
        consent_version=GUARDIAN_VERSION if member.by_guardian else CONSENT_VERSION,
    )
    record(actor, "family.add", at=at, subject=made, patient_id=patient.pk)
    return made


def patient_create(*, actor: Actor, member: Member, verified: bool, at: datetime) -> Patient:
    """A new patient with a medical record number and a visit card; joins the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('people_record_no')")
        number = f"{cursor.fetchone()[0]:08d}"
    patient = Patient(
        record_no=number,
        name=member.name,
        document_type=member.document_type,
        document_no=member.document_no,
        phone=member.proof_phone,
        sex=member.sex,
        birth_date=member.birth_date,
        region_code=member.region,
        verified_at=at if verified else None,
        created_at=at,
    )
    patient.save(force_insert=True)
    card_issue(patient_id=patient.pk, at=at)
    record(actor, "patient.create", at=at, subject=patient, patient_id=patient.pk)
    return patient


@entry
def family_revoke(*, actor: Actor, link_id: int, at: datetime) -> None:
    """The account stops acting for somebody; as easy as it was to begin (SEC-07). Oneself stays."""
    link: FamilyLink | None = (
        FamilyLink.objects.select_for_update()
        .filter(pk=link_id, account_id=actor.account_id or 0, revoked_at=None)
        .first()
    )
    if link is None or link.relation == Relation.SELF:
        raise NotFound
    link.revoked_at = at
    link.save(update_fields=["revoked_at"])
    record(actor, "family.revoke", at=at, subject=link, patient_id=link.patient_id)


@entry
def patient_verify(*, actor: Actor, record_no: str, document_no: str, at: datetime) -> Patient:
    """Staff saw the identity document of the person in front of them (IH-04). Raises DeskNeeded when it doesn't fit."""
    patient: Patient | None = Patient.objects.select_for_update().filter(record_no=record_no.strip()).first()
    if patient is None or patient.document_no != identity.normal_number(document_no):
        raise DocumentInvalid(fields={"document_no": DocumentInvalid.title})
    if patient.verified_at is None:
        patient.verified_at = at
        patient.save(update_fields=["verified_at"])
    record(actor, "patient.verify", at=at, subject=patient, patient_id=patient.pk)
    return patient


@entry
def patient_unmask(*, actor: Actor, patient_id: int, because: str, at: datetime) -> dict[str, str]:
    """Name, document and phone in full; each look is a line (SEC-09). The caller asked for the care relation before."""
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound
    record(actor, "patient.unmask", at=at, subject=patient, patient_id=patient_id, reason=because)
    return {"name": patient.name, "document_no": patient.document_no, "phone": patient.phone}
