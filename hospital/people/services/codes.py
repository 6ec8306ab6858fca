"""Codes by text message: asked for, sent, proved (G20, G21).

A code is good for one purpose, one phone and the browser that asked for it. Nothing here looks whether the phone
belongs to an account: known and unknown phones get the same answer in the same time.
"""

import hmac
import logging
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from hospital.kit import sms, sweeps
from hospital.kit.actor import Actor
from hospital.kit.fields import blind
from hospital.kit.outside import OutsideError
from hospital.kit.transactions import entry

from .. import limits, phones
from ..errors import CodesTooMany, CodeWrong, GuessesTooMany, NoTextMessages
from ..limits import Limit
from ..models import LoginCode, OutgoingCode
from ..parameters import (
    CODE_MINUTES,
    CODE_TRIES,
    CODES_OF_ALL,
    CODES_PER_ADDRESS,
    CODES_PER_DAY,
    CODES_PER_HOUR,
    CODES_PER_MINUTE,
    GUESSES_PER_HOUR,
)

log = logging.getLogger(__name__)

SWEEP = "people.codes"
_HOUR = timedelta(hours=1)
_PER_PHONE = (
    Limit(CODES_PER_MINUTE, timedelta(minutes=1)),
    Limit(CODES_PER_HOUR, _HOUR),
    Limit(CODES_PER_DAY, timedelta(days=1)),
)
_TEMPLATE = "login-code"
_TEXT = _("%(code)s is your code, good for %(minutes)d minutes. Give it to nobody, not even to hospital staff.")


def _hash(code: str, binding: str, phone: str) -> str:
    return blind(f"{code}/{binding}/{phone}", purpose="people.code")


@entry
def code_send(*, actor: Actor, phone: str, purpose: str, binding: str, at: datetime) -> str:
    """Send a code to `phone` for the browser `binding`; answers the phone in its normal form.

    Raises PhoneInvalid, CodesTooMany, or NoTextMessages when the hospital has no SMS gateway.
    """
    if not settings.SMS_BASE_URL:
        raise NoTextMessages
    phone = phones.normal(phone)
    counted = {
        limits.subject("phone", phone): _PER_PHONE,
        limits.subject("address", actor.ip): (Limit(CODES_PER_ADDRESS, _HOUR),),
        limits.EVERYBODY: (Limit(CODES_OF_ALL, _HOUR),),
    }
    if limits.spend("code.sent", counted, at=at) is None:
        raise CodesTooMany
    code = f"{secrets.randbelow(1_000_000):06d}"
    expires = at + timedelta(minutes=CODE_MINUTES.at(at))
    before = _latest(phone, purpose, binding, at)
    made = LoginCode.objects.create(
        purpose=purpose,
        phone_index=_index(phone),
        binding=binding,
        code_hash=_hash(code, binding, phone),
        tries=before.tries if before else 0,  # asking again is no way to more tries
        created_at=at,
        expires_at=expires,
    )
    OutgoingCode.objects.create(login_code=made, phone=phone, code=code, due_at=at, expires_at=expires)
    sweeps.wake(SWEEP)
    return phone


def code_prove(*, phone: str, purpose: str, binding: str, code: str, at: datetime) -> str:
    """Use up the code; answers the phone that it proves. Raises CodeWrong or GuessesTooMany; tries stay counted."""
    phone = phones.normal(phone)
    outcome = _try(phone, purpose, binding, code, at)
    if outcome is None:
        raise GuessesTooMany
    if not outcome:
        raise CodeWrong(fields={"code": CodeWrong.title})
    return phone


def _index(phone: str) -> str:
    return blind(phone, purpose="people.code.phone")


def _latest(phone: str, purpose: str, binding: str, at: datetime) -> LoginCode | None:
    rows = LoginCode.objects.filter(
        phone_index=_index(phone), purpose=purpose, binding=binding, used_at=None, expires_at__gt=at
    )
    return rows.order_by("-created_at", "-pk").first()


@entry
def _try(phone: str, purpose: str, binding: str, code: str, at: datetime) -> bool | None:
    """One try, counted and committed before its outcome is known to the caller. None: the phone's limit is reached."""
    found = _latest(phone, purpose, binding, at)
    if found is None:
        return False  # nothing to guess at: counting this would let strangers close somebody's phone
    if limits.spend("code.guess", {limits.subject("phone", phone): (Limit(GUESSES_PER_HOUR, _HOUR),)}, at=at) is None:
        return None
    open_rows = LoginCode.objects.filter(pk=found.pk, used_at=None, tries__lt=CODE_TRIES.at(at))
    if not open_rows.update(tries=F("tries") + 1):
        return False
    if not hmac.compare_digest(found.code_hash, _hash(code.strip(), binding, phone)):
        return False
    return LoginCode.objects.filter(pk=found.pk, used_at=None).update(used_at=at) == 1


def send_due_codes(*, at: datetime) -> int:
    """Sweep: hand due codes to the SMS gateway; wipe those that were sent or have expired."""
    done = _drop_expired(at)
    while (claimed := _claim(at)) is not None:
        try:
            sms.send(to=claimed.phone, template=_TEMPLATE, text=claimed.code, idempotency_key=str(claimed.provider_key))
        except OutsideError as error:
            log.warning("a code could not be sent, attempt %d: %s", claimed.attempts, error)
            OutgoingCode.objects.filter(pk=claimed.pk).update(last_error=str(error)[:200])
            continue
        claimed.phone = claimed.code = ""
        claimed.sent_at = at
        claimed.save(update_fields=["phone", "code", "sent_at"])
        done += 1
    return done


def _claim(at: datetime) -> OutgoingCode | None:
    """Take one due row; it comes back by itself after a while if we die. The gateway knows the key (idempotent)."""
    with transaction.atomic():
        due = OutgoingCode.objects.filter(sent_at=None, dropped_at=None, due_at__lte=at, expires_at__gt=at)
        found: OutgoingCode | None = due.select_for_update(skip_locked=True).order_by("due_at").first()
        if found is None:
            return None
        found.attempts += 1
        found.due_at = at + timedelta(seconds=min(2**found.attempts, 30))
        found.save(update_fields=["attempts", "due_at"])
        return found


def _drop_expired(at: datetime) -> int:
    return OutgoingCode.objects.filter(sent_at=None, dropped_at=None, expires_at__lte=at).update(
        dropped_at=at, phone="", code=""
    )
