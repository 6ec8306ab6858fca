"""Who begins bookings like a dealer in places: one account by the dozen, one device for many accounts, one account for many
people (AP-07). Suspicion refuses nobody: it asks a question that a person answers at once. Only the hard rate refuses.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.utils.translation import gettext as _

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.fields import blind
from hospital.kit.parameters import Values
from hospital.kit.problems import TooMany
from hospital.kit.transactions import entry
from hospital.people import limits
from hospital.people.limits import Limit

from .. import errors, parameters

_SALT = "appointments.question"
_SECONDS = 300


def device_of(actor: Actor) -> str:
    """The browser at its address, as a blind index: it says "the same", never which."""
    return blind(f"{actor.ip} {actor.device}", purpose="appointments.device")[:64] if actor.device else ""


@dataclass(frozen=True, slots=True)
class Began:
    """Bookings that were begun by this account in the last hour, by it for other people in the last day, and the other
    accounts that booked in the last day from the same device."""

    hour: int
    people: int
    accounts: int


LIMITS = (parameters.HOLDS_PER_HOUR, parameters.HOLDS_SUSPECT, parameters.DEVICE_ACCOUNTS, parameters.PEOPLE_SUSPECT)


def must_not_rush(began: Began, actor: Actor, limits: Values, *, proved: bool) -> None:
    """Raise TooMany past the hard rate, QuestionFirst on suspicion unless its question was answered."""
    if not actor.is_patient:
        return
    if _reached(began.hour, limits[parameters.HOLDS_PER_HOUR]):
        raise TooMany
    suspicious = (
        _reached(began.hour, limits[parameters.HOLDS_SUSPECT])
        or _reached(began.accounts, limits[parameters.DEVICE_ACCOUNTS])
        or _reached(began.people, limits[parameters.PEOPLE_SUSPECT])
    )
    if suspicious and not proved:
        raise errors.QuestionFirst


def _reached(count: int, limit: int) -> bool:
    """Nobody's first booking is suspicious."""
    return 0 < count >= limit


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
