"""Who acts, where they are posted today, and whose record they may open."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.people.models import Account, FamilyLink

from ..models import CareRelation, Post, Staff


def actor_for(account: Account, *, at: datetime, ip: str = "", device: str = "", request_id: str = "") -> Actor:
    """The actor of a signed-in account: its posts of today, or the profiles it may act for."""
    staff = Staff.objects.filter(account=account, suspended_at=None).first() if account.is_staff else None
    if account.is_staff:
        posts = (
            list(_live_posts(staff, at).values_list("role", "department_id", "department__campus_id")) if staff else []
        )
        roles = {Role(role) for role, _, _ in posts}
        return Actor(
            roles=frozenset(roles) or frozenset({Role.ANONYMOUS}),
            account_id=account.pk,
            staff_id=staff.pk if staff else None,
            department_ids=frozenset(department for _, department, _ in posts),
            campus_ids=frozenset(campus for _, _, campus in posts),
            ip=ip,
            device=device,
            request_id=request_id,
        )
    links = FamilyLink.objects.filter(account=account, revoked_at=None).values_list(
        "patient_id", "relation", "patient__verified_at"
    )
    verified = any(relation == "self" and verified_at for _, relation, verified_at in links)
    return Actor(
        roles=frozenset({Role.PATIENT if verified else Role.UNVERIFIED}),
        account_id=account.pk,
        patient_ids=frozenset(patient for patient, _, _ in links),
        ip=ip,
        device=device,
        request_id=request_id,
    )


def _live_posts(staff: Staff, at: datetime) -> Any:
    day = clock.business_day(at)
    return Post.objects.filter(Q(effective_to=None) | Q(effective_to__gte=day), staff=staff, effective_from__lte=day)


def cares_for(actor: Actor, patient_id: int, *, at: datetime) -> bool:
    """Does this member of staff have a care relation with the patient now (MR-12)?"""
    return CareRelation.objects.filter(
        Q(staff_id=actor.staff_id) | Q(department_id__in=actor.department_ids),
        patient_id=patient_id,
        starts_at__lte=at,
        ends_at__gt=at,
    ).exists()
