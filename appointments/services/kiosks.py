"""Kiosks prove themselves by a key that is shown once and kept as a hash (H13)."""

import hashlib
import secrets
from datetime import datetime, timedelta

from hospital.kit.actor import Actor, Role
from hospital.kit.transactions import entry

from .. import errors, policy
from ..models import Kiosk

_SEEN_EVERY = timedelta(minutes=1)


def _hash(key: str) -> str:
    return hashlib.sha256(key.strip().encode()).hexdigest()


@entry
def kiosk_key_new(*, actor: Actor, kiosk: Kiosk, at: datetime) -> str:
    """A new key of a kiosk (saved here when it is new); the old one opens nothing any more."""
    policy.must_keep_kiosks(actor)
    key = secrets.token_urlsafe(18)
    kiosk.key_hash = _hash(key)
    if kiosk.pk is None:
        kiosk.created_at = at
        kiosk.save(force_insert=True)
    else:
        kiosk.save(update_fields=["key_hash"])
    return key


def kiosk_of_key(key: str, *, at: datetime) -> Kiosk:
    """The kiosk whose key this is. Raises KioskUnknown."""
    kiosk: Kiosk | None = Kiosk.objects.select_related("campus").filter(key_hash=_hash(key), is_active=True).first()
    if kiosk is None:
        raise errors.KioskUnknown
    if kiosk.seen_at is None or at - kiosk.seen_at > _SEEN_EVERY:
        Kiosk.objects.filter(pk=kiosk.pk).update(seen_at=at)
    return kiosk


def kiosk_actor(kiosk: Kiosk, *patient_ids: int) -> Actor:
    """The machine, for the patient whose card it has just read."""
    return Actor(
        roles=frozenset({Role.SERVICE}), service=f"appointments.kiosk.{kiosk.pk}", patient_ids=frozenset(patient_ids)
    )
