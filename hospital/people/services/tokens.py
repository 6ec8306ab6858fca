"""Keys of other programs (service accounts)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from ..errors import ProgramNameTaken
from ..models import ServiceToken

_USED_EVERY = timedelta(minutes=10)  # how exactly last_used_at is kept


def _digest(token: str) -> str:
    """Tokens are 256 random bits: a plain digest can't be searched backwards."""
    return hashlib.sha256(token.encode()).hexdigest()


@entry
def service_token_create(*, actor: Actor, name: str, scopes: Sequence[str], days: int, at: datetime) -> str:
    """Make a key for the program `name`, good for `days` days and for rules whose names begin with a scope.

    Answers the key; it can't be shown again. Raises ProgramNameTaken.
    """
    if ServiceToken.objects.filter(name=name).exists():
        raise ProgramNameTaken(fields={"name": ProgramNameTaken.title})
    token = f"ih_{secrets.token_urlsafe(32)}"
    made = ServiceToken.objects.create(
        name=name, token_hash=_digest(token), scopes=list(scopes), created_at=at, expires_at=at + timedelta(days=days)
    )
    record(actor, "service_token.create", at=at, subject=made)
    return token


@entry
def service_token_revoke(*, actor: Actor, token_id: int, at: datetime) -> None:
    """End a key at once; the next request that brings it is a stranger's."""
    ServiceToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=at)
    found = ServiceToken.objects.filter(pk=token_id).first()
    if found is None:
        raise NotFound
    record(actor, "service_token.revoke", at=at, subject=found)


def service_token_find(token: str, *, at: datetime) -> ServiceToken | None:
    """The live service account of a key."""
    found = ServiceToken.objects.filter(token_hash=_digest(token), revoked_at=None, expires_at__gt=at).first()
    if found and (found.last_used_at is None or at - found.last_used_at > _USED_EVERY):
        ServiceToken.objects.filter(pk=found.pk).update(last_used_at=at)
    return found
