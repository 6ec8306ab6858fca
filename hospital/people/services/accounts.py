"""What administrators do to accounts: close, open again, and forget a lost second factor by four eyes (SEC-01, G22)."""

from datetime import datetime

from django.db.models import F
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from ..errors import OwnAccount, ResetWaits, SameAdministrator
from ..models import Account, SecondFactorReset
from ..states import RESET, ResetStatus


def _account(account_id: int) -> Account:
    found: Account | None = Account.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if found is None:
        raise NotFound
    return found


@entry
def account_close(*, actor: Actor, account_id: int, reason: str, at: datetime) -> None:
    """Nobody signs in to it any more, and who is signed in is out at the next request. Raises OwnAccount."""
    account = _account(account_id)
    if account.pk == actor.account_id:
        raise OwnAccount
    Account.objects.filter(pk=account_id).update(is_active=False, epoch=F("epoch") + 1)
    record(actor, "account.close", at=at, subject=account, reason=reason)


@entry
def account_reopen(*, actor: Actor, account_id: int, reason: str, at: datetime) -> None:
    """The account signs in again, with the password and second factor that it has."""
    account = _account(account_id)
    if account.pk == actor.account_id:
        raise OwnAccount
    Account.objects.filter(pk=account_id).update(is_active=True)
    record(actor, "account.reopen", at=at, subject=account, reason=reason)


@entry
def reset_ask(*, actor: Actor, account_id: int, reason: str, at: datetime) -> SecondFactorReset:
    """Ask that a member of staff may enrol a new authenticator. Raises OwnAccount, ResetWaits."""
    account = _account(account_id)
    if not account.is_staff:
        raise NotFound
    if account.pk == actor.account_id:
        raise OwnAccount
    if SecondFactorReset.objects.filter(account=account, status=ResetStatus.WAITING).exists():
        raise ResetWaits
    made = SecondFactorReset.objects.create(
        account=account, asked_by_id=actor.own_account_id, asked_at=at, reason=reason
    )
    RESET.begin(made, actor=actor, at=at)
    record(actor, "account.reset_ask", at=at, subject=account, reason=reason)
    return made


@entry
def reset_decide(*, actor: Actor, reset_id: int, approve: bool, at: datetime) -> None:
    """A second administrator decides. Approved: authenticator and recovery codes are gone, every session ends, and the
    next sign-in by password enrols anew. Raises SameAdministrator, StaleMove.
    """
    reset = SecondFactorReset.objects.select_related("account").filter(pk=reset_id).first()
    if reset is None:
        raise NotFound
    if actor.own_account_id in {reset.asked_by_id, reset.account_id}:
        raise SameAdministrator
    status = ResetStatus.APPROVED if approve else ResetStatus.REFUSED
    RESET.move(reset, status, actor=actor, at=at, decided_by_id=actor.own_account_id, decided_at=at)
    if not approve:
        record(actor, "account.reset_refused", at=at, subject=reset.account)
        return
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user_id=reset.account_id).delete()
    Account.objects.filter(pk=reset.account_id).update(epoch=F("epoch") + 1)
    record(actor, "account.reset_approved", at=at, subject=reset.account, reason=reset.reason)
