"""Reads of hospital.people."""

from collections.abc import Sequence

from hospital.kit.actor import Actor

from .models import FamilyLink


def family_links_for(actor: Actor) -> Sequence[FamilyLink]:
    """The profiles this account may act for, oneself first."""
    if actor.account_id is None:
        return []
    links = FamilyLink.objects.filter(account_id=actor.account_id, revoked_at=None).select_related("patient")
    return sorted(links, key=lambda link: (link.relation != "self", link.pk))
