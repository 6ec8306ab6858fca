"""Who acts, where they are posted today, and whose record they may open."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.kept import Given, Kept
from hospital.people.models import Account, FamilyLink

from ..models import CareRelation, Post, Staff

# Asked by every request.
_POSTS = Kept(
    lambda: Post.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=Given("day")),
        staff__account=Given("account_id"),
        staff__suspended_at=None,
        effective_from__lte=Given("day"),
    ).values_list("role", "department_id", "department__campus_id", "staff_id")
)
_LINKS = Kept(
    lambda: FamilyLink.objects.filter(account=Given("account_id"), revoked_at=None).values_list(
        "patient_id", "relation", "patient__verified_at"
    )
)


def actor_for(account: Account, *, at: datetime, ip: str = "", device: str = "", request_id: str = "") -> Actor:
    """The actor of a signed-in account: its posts of today, or the profiles it may act for."""
    if account.is_staff:
        posts = _POSTS.rows(account_id=account.pk, day=clock.business_day(at))
        roles = {Role(role) for role, _, _, _ in posts}
        return Actor(
            roles=frozenset(roles) or frozenset({Role.ANONYMOUS}),
            account_id=account.pk,
            staff_id=posts[0][3] if posts else _staff_without_post(account),
            department_ids=frozenset(department for _, department, _, _ in posts),
            campus_ids=frozenset(campus for _, _, campus, _ in posts),
            ip=ip,
            device=device,
            request_id=request_id,
        )
    links = _LINKS.rows(account_id=account.pk)
    return patient_actor(account.pk, links, ip=ip, device=device, request_id=request_id)


def patient_actor(
    account_id: int, links: Iterable[tuple[int, str, datetime | None]], *, ip: str, device: str, request_id: str
) -> Actor:
    """The actor of an account that is no member of staff, from its live links: patient, relation, real name proved at."""
    links = list(links)
    verified = any(relation == "self" and verified_at for _, relation, verified_at in links)
    return Actor(
        roles=frozenset({Role.PATIENT if verified else Role.UNVERIFIED}),
        account_id=account_id,
        patient_ids=frozenset(patient for patient, _, _ in links),
        ip=ip,
        device=device,
        request_id=request_id,
    )


def _staff_without_post(account: Account) -> int | None:
    return Staff.objects.filter(account=account, suspended_at=None).values_list("pk", flat=True).first()


def cares_for(actor: Actor, patient_id: int, *, at: datetime) -> bool:
    """Does this member of staff have a care relation with the patient now (MR-12)?"""
    return CareRelation.objects.filter(
        Q(staff_id=actor.staff_id) | Q(department_id__in=actor.department_ids),
        patient_id=patient_id,
        starts_at__lte=at,
        ends_at__gt=at,
    ).exists()
