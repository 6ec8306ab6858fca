"""Paying with medical insurance, step by step (PAY-12, PAY-13): consent, upload, the parts shown, both halves or neither.

Each step is: commit what is going to be asked, ask with no transaction open, store the answer. A crash anywhere leaves the
order to the sweep `billing.intents`, which asks the insurer and WeChat until they agree, and takes back what nobody paid.
"""

from datetime import datetime

from hospital.audit import services as audit
from hospital.kit import sweeps
from hospital.kit.actor import Actor
from hospital.kit.fields import blind
from hospital.kit.transactions import entry
from hospital.people.models import DocumentType, FamilyLink, Patient, Relation

from .. import errors
from ..channels import base
from ..channels.insurance.client import InsuranceClient
from ..channels.wechat.mixed import Person
from ..models import Channel, Charge, Insured, PayOrder
from ..states import LIVE_ORDER
from .intents import SWEEP


def insured_check(charges: list[Charge]) -> None:
    """Can these be settled with an insurer? Raises InsuredOne, InsuredDocument."""
    if len(charges) != 1:
        raise errors.InsuredOne
    if charges[0].patient.document_type != DocumentType.ID_CARD:
        raise errors.InsuredDocument


def insured_authorise(*, actor: Actor, order_id: int, code: str, at: datetime) -> Insured:
    """The patient comes back with the insurer's consent: prove whose it is, upload the bill, learn the parts.

    Raises InsuredOther, InsuredAgain, ChannelSilent, ChannelSaysNo, NotPayable.
    """
    insured = _begin(order_id, at=at)
    if insured.upload_at is not None:
        return insured_split(order_id=order_id, at=at)
    try:
        consent = InsuranceClient().authorisation(code)
    except base.ChannelUnknown as error:
        raise errors.ChannelSilent from error
    except base.ChannelRefused as refusal:
        raise errors.ChannelSaysNo(said=refusal.code) from refusal
    patient = insured.patient
    if (consent.name, consent.id_card.upper()) != (patient.name, patient.document_no.upper()):
        _alarm(actor, order_id, "security.insurance_of_another", at=at)
        raise errors.InsuredOther
    if not _authorised(order_id, consent.pay_auth_no, at=at):
        _alarm(actor, order_id, "security.insurance_consent_replayed", at=at)
        raise errors.InsuredAgain
    return insured_split(order_id=order_id, at=at)


@entry
def _begin(order_id: int, *, at: datetime) -> Insured:
    order = _live(order_id, at=at)
    part = order.parts.select_related("charge__patient").get()
    return Insured.objects.select_related("patient").get_or_create(
        order=order, defaults={"patient": part.charge.patient}
    )[0]


def _live(order_id: int, *, at: datetime) -> PayOrder:
    order = PayOrder.objects.select_for_update(no_key=True).get(pk=order_id)
    if (
        order.channel != Channel.INSURANCE
        or order.status not in LIVE_ORDER
        or order.close_wanted_at is not None
        or order.expires_at <= at
    ):
        raise errors.NotPayable
    return order


@entry
def _alarm(actor: Actor, order_id: int, action: str, *, at: datetime) -> None:
    order = PayOrder.objects.get(pk=order_id)
    audit.record(actor, action, at=at, subject=order, outcome="refused", reason="PAY-13")


@entry
def _authorised(order_id: int, pay_auth_no: str, *, at: datetime) -> bool:
    """The consent, and the intent to upload: from here on the insurer may know of the order.

    False, and nothing written, when this consent was given for another order: each bill needs one of its own (PAY-13). Two
    orders that come with one consent at once are told apart by the constraint.
    """
    _live(order_id, at=at)
    index = blind(pay_auth_no, purpose="insured.pay_auth_no")
    if Insured.objects.filter(consent_index=index).exclude(order=order_id).exists():
        return False
    Insured.objects.filter(order=order_id, upload_at=None).update(
        pay_auth_no=pay_auth_no, consent_index=index, upload_at=at
    )
    return True


def insured_split(*, order_id: int, at: datetime) -> Insured:
    """6201, once more after a lost answer: what the insurer pays, and what it leaves. Raises ChannelSilent, ChannelSaysNo.

    Figures that don't add up to the bill are refused: the order is closed and the upload taken back.
    """
    insured = Insured.objects.select_related("patient", "order").filter(order=order_id).first()
    if insured is None or insured.upload_at is None:
        raise errors.InsuredNotReady
    if insured.split_at is not None or insured.refusal:
        return insured
    charge = Charge.objects.select_related("department").get(order_parts__order=order_id)
    try:
        pay_ord_id, token, split = InsuranceClient().upload(insured.order, insured, charge)
    except base.ChannelUnknown as error:
        PayOrder.objects.filter(pk=order_id).update(last_error=str(error)[:500])
        raise errors.ChannelSilent from error
    except base.ChannelRefused as refusal:
        _split_refused(order_id, "", "", str(refusal), at=at)
        raise errors.ChannelSaysNo(said=refusal.code) from refusal
    if flaw := split.flaw(insured.order.amount):
        _split_refused(order_id, pay_ord_id, token, flaw, at=at)
    else:
        _split_believed(order_id, pay_ord_id, token, split, at=at)
    return Insured.objects.select_related("patient", "order").get(order=order_id)


@entry
def _split_believed(order_id: int, pay_ord_id: str, token: str, split: base.Split, *, at: datetime) -> None:
    _live(order_id, at=at)
    Insured.objects.filter(order=order_id, split_at=None).update(
        pay_ord_id=pay_ord_id, pay_token=token, split_at=at, insurer=split.insurer or "basic", total=split.total,
        fund=split.fund, personal=split.personal, own_cash=split.own_cash, other=split.other,
    )  # fmt: skip


@entry
def _split_refused(order_id: int, pay_ord_id: str, token: str, why: str, *, at: datetime) -> None:
    """Nothing is paid by figures that can't be: the sweep takes the upload back and closes the order."""
    PayOrder.objects.filter(pk=order_id).update(close_wanted_at=at, next_query_at=at, last_error=why[:500])
    Insured.objects.filter(order=order_id).update(pay_ord_id=pay_ord_id, pay_token=token, refusal=why[:200])
    sweeps.wake(SWEEP)


def insured_settle(*, actor: Actor, order_id: int, openid: str, at: datetime) -> Insured:
    """The patient agrees to the parts: both halves are laid together, or the insurer settles alone what needs no cash.

    May be called again after a lost answer. Raises InsuredNeedsWeChat, InsuredNotReady, ChannelSilent, ChannelSaysNo.
    """
    payer = _payer(actor)
    insured = _settling(order_id, openid, at=at)
    charge = Charge.objects.select_related("department").prefetch_related("lines").get(order_parts__order=order_id)
    patient = Person(insured.patient.name, insured.patient.document_no)
    try:
        made = InsuranceClient().settle(insured.order, insured, charge, openid=openid, payer=payer or patient)
    except base.ChannelUnknown as error:
        PayOrder.objects.filter(pk=order_id).update(last_error=str(error)[:500])
        raise errors.ChannelSilent from error
    except base.ChannelRefused as refusal:
        if refusal.code != "ORDERPAID":
            _give_up(order_id, str(refusal), at=at)
            raise errors.ChannelSaysNo(said=refusal.code) from refusal
        made = {}
    if made:
        Insured.objects.filter(order=order_id).update(**made)
    return Insured.objects.select_related("order").get(order=order_id)


def _payer(actor: Actor) -> Person | None:
    """Whose WeChat it is, when that person has an identity card here; a stranger to the insurer pays as the patient."""
    link = FamilyLink.objects.filter(account=actor.account_id, relation=Relation.SELF, revoked_at=None).first()
    own: Patient | None = link.patient if link else None
    if own is None or own.document_type != DocumentType.ID_CARD:
        return None
    return Person(own.name, own.document_no)


@entry
def _settling(order_id: int, openid: str, *, at: datetime) -> Insured:
    """The intent, under the lock of the order: the sweep, which closes it under the same lock, comes before or after."""
    order = _live(order_id, at=at)
    insured = Insured.objects.select_for_update(of=("self",), no_key=True).select_related("patient").get(order=order)
    if insured.split_at is None or insured.refusal:
        raise errors.InsuredNotReady
    if insured.own_cash and not openid:
        raise errors.InsuredNeedsWeChat
    if insured.settle_at is None:
        insured.settle_at = at
        insured.save(update_fields=["settle_at"])
    PayOrder.objects.filter(pk=order_id).update(next_query_at=at)
    insured.order = order
    return insured


@entry
def _give_up(order_id: int, why: str, *, at: datetime) -> None:
    PayOrder.objects.filter(pk=order_id).update(close_wanted_at=at, next_query_at=at, last_error=why[:500])
    sweeps.wake(SWEEP)
