"""Writes of the workstation: records opened in an emergency, and the judgement of it (SEC-10)."""

from datetime import datetime, timedelta

from django.core import signing
from django.db.models import Q, QuerySet

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.messaging.services import message_send, message_withdraw, patient_tell
from hospital.organisation.models import CareRelation, Post, Staff
from hospital.organisation.selectors import cares_for
from hospital.organisation.services import care_relation_open
from hospital.people import limits
from hospital.people.limits import Limit
from hospital.people.models import Patient
from hospital.people.selectors import patients_of_number
from hospital.people.services import patient_unmask

from . import emergency
from .errors import AlreadyInCare, NobodyFound, OwnReview, SearchesTooMany, SearchStale
from .models import EmergencyAccess, EmergencyReason
from .parameters import EMERGENCY_HOURS, REVIEW_DAYS, SEARCHES_PER_HOUR
from .states import EMERGENCY, ReviewStatus

BECAUSE = "break-glass"
_SALT = "workstation.emergency"
_FOUND_SECONDS = 600  # within which what was found may be opened


def emergency_search(*, actor: Actor, text: str, at: datetime) -> list[Patient]:
    """The patients of one whole record, document or mobile number; each search and each person found is a line.

    Parts of numbers and names find nobody: the search can't be used to learn who is a patient.
    Raises NobodyFound or SearchesTooMany.
    """
    found = _searched(actor, text, at)
    if not found:
        raise NobodyFound(fields={"text": NobodyFound.title})
    return found


@entry
def _searched(actor: Actor, text: str, at: datetime) -> list[Patient]:
    subject = limits.subject("staff", str(actor.own_staff_id))
    if limits.spend("emergency.search", {subject: (Limit(SEARCHES_PER_HOUR, timedelta(hours=1)),)}, at=at) is None:
        raise SearchesTooMany
    found = patients_of_number(text)
    for patient in found:
        record(actor, "emergency.search", at=at, subject=patient, patient_id=patient.pk)
    if not found:
        record(actor, "emergency.search", at=at, outcome=NobodyFound.code)
    return found


def found_token(actor: Actor, patient: Patient) -> str:
    """What the page sends back instead of an id: only whoever found the patient by a whole number has one."""
    return signing.dumps([actor.own_staff_id, patient.pk], salt=_SALT)


def found_patient(actor: Actor, token: str) -> Patient:
    """The patient of a token that this member of staff was given a moment ago. Raises SearchStale."""
    try:
        staff_id, patient_id = signing.loads(token, salt=_SALT, max_age=_FOUND_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise SearchStale from error
    patient: Patient | None = Patient.objects.filter(pk=patient_id).first()
    if staff_id != actor.staff_id or patient is None:
        raise SearchStale
    return patient


@entry
def emergency_open(*, actor: Actor, patient_id: int, reason: str, words: str, at: datetime) -> EmergencyAccess:
    """Open a record without a care relation: a relation that ends by itself, an audit line, and word of it to the
    patient, the head of the doctor's department and the auditors. Raises AlreadyInCare.
    """
    staff = Staff.objects.select_for_update(no_key=True).get(pk=actor.own_staff_id)  # two clicks are one opening
    if cares_for(actor, patient_id, at=at):
        raise AlreadyInCare
    post = _posts(at).filter(staff=staff, role=Role.DOCTOR).select_related("department").order_by("pk").first()
    if post is None:
        raise NotFound
    made = EmergencyAccess.objects.create(
        patient_id=patient_id, staff=staff, department=post.department, reason=EmergencyReason(reason), words=words,
        opened_at=at, ends_at=at + timedelta(hours=EMERGENCY_HOURS.at(at)),
        review_due_at=at + timedelta(days=REVIEW_DAYS.at(at)),
    )  # fmt: skip
    EMERGENCY.begin(made, actor=actor, at=at)
    made.relation = care_relation_open(
        actor=actor, patient_id=patient_id, because=BECAUSE, because_id=made.pk, starts_at=at, ends_at=made.ends_at,
        staff_id=staff.pk, reason=f"{reason}: {words}",
    )  # fmt: skip
    made.save(update_fields=["relation"])
    record(
        actor, "emergency.open", at=at, subject=made, patient_id=patient_id,
        reason=f"{made.get_reason_display()}: {words}",
    )  # fmt: skip
    _tell(made, at)
    return made


def _tell(made: EmergencyAccess, at: datetime) -> None:
    when = f"{clock.local(at):%m-%d %H:%M}"
    patient_tell(
        key=f"emergency.opened:{made.pk}", patient_id=made.patient_id, kind="emergency.opened", at=at,
        context={"doctor": made.staff.name, "department": made.department.name, "when": when},
        url="/record-access/",
    )  # fmt: skip
    for account_id in _reviewers(made, at):
        message_send(
            key=f"{_review_key(made)}:{account_id}", account_id=account_id, kind="emergency.to_review", at=at,
            context={"doctor": made.staff.name, "department": made.department.name, "when": when},
            url=f"/staff/emergency/reviews/{made.pk}/",
        )  # fmt: skip


def _review_key(made: EmergencyAccess) -> str:
    return f"emergency.to_review:{made.pk}"


def _reviewers(made: EmergencyAccess, at: datetime) -> list[int]:
    """Accounts of the heads of the doctor's department and of the auditors, without the doctor's own."""
    wanted = Q(role=Role.AUDITOR) | Q(role=Role.HEAD, department_id=made.department_id)
    posts = _posts(at).filter(wanted, staff__suspended_at=None).exclude(staff_id=made.staff_id)
    return list(posts.values_list("staff__account_id", flat=True).distinct().order_by("staff__account_id"))


def _posts(at: datetime) -> QuerySet[Post]:
    day = clock.business_day(at)
    return Post.objects.filter(Q(effective_to=None) | Q(effective_to__gte=day), effective_from__lte=day)


@entry
def emergency_review(*, actor: Actor, access_id: int, outcome: str, words: str, at: datetime) -> EmergencyAccess:
    """Judge an opening; what was not justified ends at once. Raises OwnReview, StaleMove, NotFound."""
    access = emergency.emergency_to_judge(actor, access_id, at=at)
    if access.staff_id == actor.staff_id:
        raise OwnReview
    EMERGENCY.move(
        access, ReviewStatus(outcome), actor=actor, at=at, reason=words,
        reviewed_by_id=actor.own_staff_id, reviewed_at=at, review_words=words,
    )  # fmt: skip
    if outcome == ReviewStatus.UNJUSTIFIED and access.relation_id is not None:
        CareRelation.objects.filter(pk=access.relation_id, starts_at__lt=at, ends_at__gt=at).update(ends_at=at)
    message_withdraw(key=_review_key(access), at=at)
    record(
        actor, "emergency.review", at=at, subject=access, patient_id=access.patient_id,
        reason=f"{access.get_status_display()}: {words}",
    )  # fmt: skip
    return access


def identity_show(*, actor: Actor, patient_id: int, reason: str, at: datetime) -> dict[str, str]:
    """Name, document and phone of a patient in one's care, in full; each look is a line with its reason (SEC-09)."""
    if not cares_for(actor, patient_id, at=at):
        raise NotFound
    return patient_unmask(actor=actor, patient_id=patient_id, because=reason, at=at)
