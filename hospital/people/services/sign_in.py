"""Who signs in: by a code to the phone, by password, by WeChat; staff by password and second factor (SEC-01, SEC-02)."""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.fields import blind
from hospital.kit.transactions import entry

from .. import limits, phones
from ..errors import AccountClosed, PasswordWeak, PhoneInvalid, SecondFactorWrong, SignInLocked, SignInWrong
from ..limits import Limit
from ..models import Account, CodePurpose
from ..parameters import FAILURES_PER_ACCOUNT, FAILURES_PER_ADDRESS
from .codes import code_prove

_QUARTER = timedelta(minutes=15)
_RECOVERY_CODES = 10
# Checked when there is no such account, so that the answer takes the same time (G20).
_NOBODYS_PASSWORD = make_password(secrets.token_urlsafe())


def sign_in_by_code(*, actor: Actor, phone: str, binding: str, code: str, at: datetime) -> Account:
    """The patient's account of a phone that the code proves; made on first use. Raises CodeWrong, AccountClosed."""
    phone = code_prove(phone=phone, purpose=CodePurpose.SIGN_IN, binding=binding, code=code, at=at)
    return _account_of_phone(actor=actor, phone=phone, at=at)


@entry
def _account_of_phone(*, actor: Actor, phone: str, at: datetime) -> Account:
    index = blind(phone, purpose="account.phone")
    account: Account | None = Account.objects.filter(phone_index=index).first()
    if account is None:
        try:
            with transaction.atomic():
                account = Account(login=f"p-{uuid.uuid4().hex}", phone=phone, created_at=at)
                account.set_unusable_password()
                account.save(force_insert=True)
        except IntegrityError:  # the same phone signed up on another device at this moment
            account = Account.objects.get(phone_index=index)
    if not account.is_active:
        raise AccountClosed
    record(actor, "sign_in.code", at=at, subject=account)
    return account


def sign_in_by_password(*, actor: Actor, name: str, password: str, staff: bool, at: datetime) -> Account:
    """The account of a login name (staff) or phone (patients) and its password.

    Raises SignInWrong whatever is wrong, SignInLocked after too many failures (SEC-02, G23).
    """
    counted = _count_failure(actor, name, at)
    account = _named(name, staff=staff)
    hashed = account.password if account is not None and account.has_usable_password() else _NOBODYS_PASSWORD
    right = check_password(password, hashed)
    if not right or account is None or not account.is_active:
        _note(actor, "sign_in.password", account, "refused", at)
        raise SignInWrong
    limits.give_back(counted)
    _note(actor, "sign_in.password", account, "ok", at)
    return account


def _named(name: str, *, staff: bool) -> Account | None:
    found: Account | None
    if staff:
        found = Account.objects.filter(login=name.strip(), is_staff=True).first()
        return found
    try:
        index = blind(phones.normal(name), purpose="account.phone")
    except PhoneInvalid:
        return None
    found = Account.objects.filter(phone_index=index, is_staff=False).first()
    return found


@entry
def _count_failure(actor: Actor, name: str, at: datetime) -> Sequence[int]:
    """Counted before the password is looked at, or many at once would all be looked at."""
    subjects = {
        limits.subject("login", name): (Limit(FAILURES_PER_ACCOUNT, _QUARTER),),
        limits.subject("address", actor.ip): (Limit(FAILURES_PER_ADDRESS, _QUARTER),),
    }
    rows = limits.spend("login.failed", subjects, at=at)
    if rows is None:
        raise SignInLocked
    return rows


@entry
def _note(actor: Actor, action: str, account: Account | None, outcome: str, at: datetime) -> None:
    record(actor, action, at=at, subject=account, outcome=outcome)


@entry
def sign_in_by_wechat(*, actor: Actor, openid: str, at: datetime) -> Account | None:
    """The account that a WeChat identity was bound to; None when it is new and needs a phone first."""
    account: Account | None = Account.objects.filter(wechat_openid=openid, is_staff=False).first()
    if account is None:
        return None
    if not account.is_active:
        raise AccountClosed
    record(actor, "sign_in.wechat", at=at, subject=account)
    return account


@entry
def wechat_bind(*, actor: Actor, account_id: int, openid: str, at: datetime) -> None:
    """From now on this WeChat identity signs in to the account; it leaves another one that it was bound to."""
    Account.objects.filter(wechat_openid=openid).exclude(pk=account_id).update(wechat_openid=None)
    Account.objects.filter(pk=account_id).update(wechat_openid=openid)
    record(actor, "account.wechat_bind", at=at, subject=Account.objects.get(pk=account_id))


@entry
def wechat_unbind(*, actor: Actor, at: datetime) -> None:
    """The WeChat identity signs in to one's own account no more, and gets no messages of it."""
    account = Account.objects.get(pk=actor.own_account_id)
    Account.objects.filter(pk=account.pk).update(wechat_openid=None)
    record(actor, "account.wechat_unbind", at=at, subject=account)


@entry
def second_factor_enrol(*, account_id: int) -> TOTPDevice:
    """The authenticator to be: unconfirmed until its first code was entered. The same one until then."""
    Account.objects.select_for_update().get(pk=account_id)
    waiting = TOTPDevice.objects.filter(user_id=account_id, confirmed=False).first()
    return waiting or TOTPDevice.objects.create(user_id=account_id, name="default", confirmed=False)


def has_second_factor(account_id: int) -> bool:
    return bool(TOTPDevice.objects.filter(user_id=account_id, confirmed=True).exists())


def second_factor_prove(*, actor: Actor, account_id: int, token: str, at: datetime) -> TOTPDevice | StaticDevice:
    """The device whose code this is: the authenticator, or the list of recovery codes (each good once).

    Raises SecondFactorWrong, or SignInLocked after five of them.
    """
    account = Account.objects.get(pk=account_id)
    counted = _count_failure(actor, account.login, at)
    device = _proved(account_id, token.replace(" ", ""))
    if device is None:
        _note(actor, "sign_in.second_factor", account, "refused", at)
        raise SecondFactorWrong(fields={"token": SecondFactorWrong.title})
    limits.give_back(counted)
    _note(actor, "sign_in.second_factor", account, "ok", at)
    return device


@entry
def _proved(account_id: int, token: str) -> TOTPDevice | StaticDevice | None:
    """The row lock makes a code good once although two requests bring it at the same time."""
    for kind in (TOTPDevice, StaticDevice):
        for device in kind.objects.select_for_update().filter(user_id=account_id, confirmed=True):
            if device.verify_token(token):
                found: TOTPDevice | StaticDevice = device
                return found
    return None


@entry
def second_factor_confirm(*, actor: Actor, account_id: int, token: str, at: datetime) -> tuple[TOTPDevice, list[str]]:
    """Confirm the new authenticator by its first code; answers it and the recovery codes, which are shown once."""
    device = TOTPDevice.objects.select_for_update().filter(user_id=account_id, confirmed=False).first()
    if device is None or has_second_factor(account_id) or not device.verify_token(token.replace(" ", "")):
        raise SecondFactorWrong(fields={"token": SecondFactorWrong.title})
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    codes = [secrets.token_hex(5) for _ in range(_RECOVERY_CODES)]
    holder = StaticDevice.objects.create(user_id=account_id, name="recovery", confirmed=True)
    StaticToken.objects.bulk_create(StaticToken(device=holder, token=code) for code in codes)
    record(actor, "account.second_factor", at=at, subject=Account.objects.get(pk=account_id))
    return device, codes


@entry
def password_change(*, actor: Actor, account_id: int, password: str, at: datetime) -> Account:
    """Set a password; every session of the account ends with it (G22). Raises PasswordWeak."""
    account: Account = Account.objects.select_for_update().get(pk=account_id)
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise PasswordWeak(fields={"password": " ".join(error.messages)}) from error
    account.set_password(password)
    account.epoch += 1
    account.save(update_fields=["password", "epoch"])
    record(actor, "account.password", at=at, subject=account)
    return account


@entry
def sign_out_everywhere(*, actor: Actor, account_id: int, at: datetime) -> Account:
    """End all sessions of an account, on all devices, at their next request (G22)."""
    Account.objects.filter(pk=account_id).update(epoch=F("epoch") + 1)
    account: Account = Account.objects.get(pk=account_id)
    record(actor, "account.sign_out_everywhere", at=at, subject=account)
    return account


@entry
def sign_out(*, actor: Actor, account_id: int, at: datetime) -> None:
    """The line of leaving; the session itself is ended by sessions.end."""
    record(actor, "sign_out", at=at, subject=Account.objects.get(pk=account_id))
