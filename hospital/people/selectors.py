"""Reads of hospital.people."""

from collections.abc import Sequence
from contextlib import suppress

from django.db.models import Q

from hospital.kit.actor import Actor
from hospital.kit.fields import blind

from . import identity, phones
from .errors import PhoneInvalid
from .models import FamilyLink, Patient

_MOST_OF_A_NUMBER = 8


def patients_of_number(text: str) -> list[Patient]:
    """Those whose record, document or mobile number is `text`, however it is spelled; a part of a number is nobody's.

    Writes no audit line: the caller knows why somebody was looked for, and writes it.
    """
    document = identity.normal_number(text)
    wanted = Q(record_no=document) | Q(document_index=blind(document, purpose="patient.document_no"))
    with suppress(PhoneInvalid):
        wanted |= Q(phone_index=blind(phones.normal(text), purpose="patient.phone"))
    return list(Patient.objects.filter(wanted).order_by("-pk")[:_MOST_OF_A_NUMBER])


def family_links_for(actor: Actor) -> Sequence[FamilyLink]:
    """The profiles this account may act for, oneself first."""
    if actor.account_id is None:
        return []
    links = FamilyLink.objects.filter(account_id=actor.account_id, revoked_at=None).select_related("patient")
    return sorted(links, key=lambda link: (link.relation != "self", link.pk))
