"""Who begins bookings like a dealer in places: one account by the dozen, one device for many accounts, one account for many
people (AP-07). Suspicion refuses nobody: it asks a question that a person answers at once. Only the hard rate refuses.
"""

import hmac
import secrets
from datetime import datetime, timedelta

from django.core import signing
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.fields import blind
from hospital.kit.parameters import Parameter
from hospital.kit.problems import TooMany
from hospital.kit.transactions import entry
from hospital.people import limits
from hospital.people.limits import Limit

from .. import errors, parameters
from ..models import Booking

_SALT = "appointments.question"
_SECONDS = 300


def device_of(actor: Actor) -> str:
    """The browser at its address, as a blind index: it says "the same", never which."""
    return blind(f"{actor.ip} {actor.device}", purpose="appointments.device")[:64] if actor.device else ""


def must_not_rush(actor: Actor, patient_id: int, at: datetime, *, proved: bool) -> None:
    """Raise TooMany past the hard rate, QuestionFirst on suspicion unless its question was answered. One query."""
    if not actor.is_patient:
        return
    mine, device = Q(account_id=actor.own_account_id), device_of(actor)
    here = Q(device=device) if device else Q(pk=None)
    began = Booking.objects.filter(mine | here, created_at__gt=at - timedelta(days=1)).aggregate(
        hour=Count("pk", filter=mine & Q(created_at__gt=at - timedelta(hours=1))),
        accounts=Count("account", filter=here & ~mine, distinct=True),
        people=Count("patient", filter=mine & ~Q(patient_id=patient_id), distinct=True),
    )
    if _reached(began["hour"], parameters.HOLDS_PER_HOUR, at):
        raise TooMany
    suspicious = (
        _reached(began["hour"], parameters.HOLDS_SUSPECT, at)
        or _reached(began["accounts"], parameters.DEVICE_ACCOUNTS, at)
        or _reached(began["people"], parameters.PEOPLE_SUSPECT, at)
    )
    if suspicious and not proved:
        raise errors.QuestionFirst


def _reached(count: int, limit: Parameter[int], at: datetime) -> bool:
    """Nobody's first booking is suspicious, so that in the rush no limit need be read for it."""
    return count > 0 and count >= limit.at(at)


def question_new(actor: Actor) -> tuple[str, str]:
    """A question in words, which a screen reader speaks as it stands, and its token. No picture has to be deciphered.

    The token tells nobody the answer: it carries a keyed digest of it.
    """
    first, second, nonce = 2 + secrets.randbelow(8), 2 + secrets.randbelow(8), secrets.token_urlsafe(9)
    token = signing.dumps([actor.own_account_id, _digest(str(first + second), nonce), nonce], salt=_SALT)
    numbers = [
        _("zero"),
        _("one"),
        _("two"),
        _("three"),
        _("four"),
        _("five"),
        _("six"),
        _("seven"),
        _("eight"),
        _("nine"),
    ]
    return _("How much is %(first)s plus %(second)s?") % {"first": numbers[first], "second": numbers[second]}, token


def question_with(refusal: errors.QuestionFirst, actor: Actor) -> errors.QuestionFirst:
    """The refusal as another program needs it: the question under `answer`, its token under `question`."""
    text, token = question_new(actor)
    return type(refusal)(fields={"answer": text, "question": token})


def _digest(answer: str, nonce: str) -> str:
    return blind(f"{nonce} {answer}", purpose=_SALT)


def question_answer(*, actor: Actor, token: str, answer: str, at: datetime) -> bool:
    """Whether the question of this token was answered rightly; each token counts once, right or wrong leaves a line."""
    return bool(token) and _weigh(actor=actor, token=token, answer=answer.strip()[:20], at=at)


@entry
def _weigh(*, actor: Actor, token: str, answer: str, at: datetime) -> bool:
    try:
        account_id, digest, nonce = signing.loads(token, salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError):
        return False
    once = {limits.subject("nonce", nonce): (Limit(parameters.QUESTION_TRIES, timedelta(days=1)),)}
    if account_id != actor.account_id or limits.spend("booking.question", once, at=at) is None:
        return False
    right = hmac.compare_digest(digest, _digest(answer, nonce))
    record(actor, "booking.question", at=at, outcome="ok" if right else "wrong")
    return right
