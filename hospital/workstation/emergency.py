"""Reads of emergency openings: one's own, and what waits to be judged (SEC-10)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Q, QuerySet, When

from hospital.audit.selectors import Line, readings_of
from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry
from hospital.organisation.models import Post

from .models import EmergencyAccess
from .states import ReviewStatus


def own_openings(actor: Actor, *, at: datetime) -> QuerySet[EmergencyAccess]:
    """What this doctor may still read because of an emergency."""
    rows = EmergencyAccess.objects.filter(staff_id=actor.own_staff_id, relation__ends_at__gt=at)
    return rows.select_related("patient", "relation").order_by("-opened_at")


def _headed(actor: Actor, at: datetime) -> QuerySet[Post]:
    day = clock.business_day(at)
    return Post.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=day), staff_id=actor.own_staff_id, role=Role.HEAD,
        effective_from__lte=day,
    )  # fmt: skip


def _may_judge(actor: Actor, at: datetime) -> Q:
    """The auditor judges all, a head those of the department."""
    return Q() if actor.is_any(Role.AUDITOR) else Q(department_id__in=_headed(actor, at).values("department_id"))


def to_judge(actor: Actor, *, at: datetime) -> QuerySet[EmergencyAccess]:
    """What waits for this person's judgement; nobody judges their own."""
    rows = EmergencyAccess.objects.filter(_may_judge(actor, at), status=ReviewStatus.WAITING)
    return rows.exclude(staff_id=actor.own_staff_id)


@entry
def openings_for(actor: Actor, *, at: datetime) -> QuerySet[EmergencyAccess]:
    """All openings that this person may judge or judged, those that wait first. Writes the audit line."""
    record(actor, "emergency.list", at=at)
    rows = EmergencyAccess.objects.filter(_may_judge(actor, at)).select_related(
        "patient", "staff", "department", "reviewed_by", "relation"
    )
    return rows.order_by(Case(When(status=ReviewStatus.WAITING, then=0), default=1), "-opened_at")


def emergency_to_judge(actor: Actor, access_id: int, *, at: datetime) -> EmergencyAccess:
    rows = EmergencyAccess.objects.select_related("patient", "staff", "department", "reviewed_by", "relation")
    found = rows.filter(_may_judge(actor, at), pk=access_id).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening with what the doctor did in the record meanwhile."""

    access: EmergencyAccess
    lines: list[Line]
    is_own: bool
    is_late: bool


@entry
def opening_for(actor: Actor, access_id: int, *, at: datetime) -> Opening:
    """One opening, for its judge. Writes the audit line."""
    access = emergency_to_judge(actor, access_id, at=at)
    record(actor, "emergency.read", at=at, subject=access, patient_id=access.patient_id)
    ends_at = access.relation.ends_at if access.relation else access.ends_at
    lines = readings_of(access.patient_id, staff_id=access.staff_id, since=access.opened_at, until=ends_at)
    late = access.status == ReviewStatus.WAITING and at > access.review_due_at
    return Opening(access, lines, is_own=access.staff_id == actor.staff_id, is_late=late)
