"""An account keeps a doctor to find again."""

from datetime import datetime

from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from .. import errors, parameters
from ..models import Follow
from ..selectors.doctors import doctor_shown


@entry
def doctor_follow(*, actor: Actor, doctor_id: int, at: datetime) -> None:
    """Followed twice is followed once. Raises NotFound for who isn't shown to patients, TooManyFollowed."""
    if not actor.is_patient or doctor_shown(doctor_id, at=at) is None:
        raise NotFound
    mine = Follow.objects.filter(account_id=actor.own_account_id)
    limit = parameters.FOLLOWED.at(at)
    if mine.exclude(doctor_id=doctor_id).count() >= limit:
        raise errors.TooManyFollowed(limit=limit)
    mine.get_or_create(account_id=actor.own_account_id, doctor_id=doctor_id, defaults={"since": at})


@entry
def doctor_unfollow(*, actor: Actor, doctor_id: int, at: datetime) -> None:
    if not actor.is_patient or doctor_shown(doctor_id, at=at) is None:
        raise NotFound
    Follow.objects.filter(account_id=actor.own_account_id, doctor_id=doctor_id).delete()
