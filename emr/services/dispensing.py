"""From the paid prescription to the drug in the patient's hand (RX-10, IH-21), and the clock that ends what is old."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hospital.audit.services import record
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, StaleMove
from hospital.kit.transactions import entry, within
from hospital.messaging.services import patient_tell
from hospital.organisation.models import Staff

from .. import errors, parameters, policy, states
from ..models import Delivery, DeliveryStatus, DispenseCheck, Prescription, PrescriptionStatus
from .prescriptions import HOUSE, locked, prescription_expire

# 四查十对, in the order in which hands and eyes go: (group, match, words)
MATCHES = (
    ("prescription", "department", _("department")),
    ("prescription", "name", pgettext_lazy("of a person", "name")),
    ("prescription", "age", _("age")),
    ("drug", "drug_name", _("name of the drug")),
    ("drug", "form", _("dosage form")),
    ("drug", "strength", _("strength")),
    ("drug", "quantity", _("quantity")),
    ("compatibility", "appearance", _("look of the drug")),
    ("compatibility", "usage", _("usage and dose")),
    ("reason", "diagnosis", _("clinical diagnosis")),
)
MATCH_GROUPS = {
    "prescription": _("Check the prescription"),
    "drug": _("Check the drug"),
    "compatibility": _("Check how it goes together"),
    "reason": _("Check that it makes sense"),
}


@within
def delivery_choose(
    *,
    actor: Actor,
    prescription_id: int,
    by_courier: bool,
    at: datetime,
    recipient: str = "",
    phone: str = "",
    address: str = "",
) -> Delivery:
    """The patient chooses to fetch the drugs or to have them sent; until they are dispensed (IH-21)."""
    prescription = locked(prescription_id)
    if not actor.acts_for(prescription.patient_id):
        raise NotFound
    if prescription.status not in {PrescriptionStatus.APPROVED, PrescriptionStatus.PAID}:
        raise StaleMove
    given = {"recipient": recipient.strip(), "phone": phone.strip(), "address": address.strip()}
    if by_courier and (missing := [name for name, text in given.items() if not text]):
        raise errors.AddressMissing(fields=dict.fromkeys(missing, errors.AddressMissing.title))
    status = DeliveryStatus.WAITING if by_courier else DeliveryStatus.PICKUP
    delivery, created = Delivery.objects.update_or_create(
        prescription=prescription,
        defaults={"chosen_at": at, **(given if by_courier else dict.fromkeys(given, ""))},
        create_defaults={"chosen_at": at, "status": status, **(given if by_courier else {})},
    )
    if created:
        states.DELIVERY.begin(delivery, actor=actor, at=at)
    elif delivery.status != status:
        states.DELIVERY.move(delivery, status, actor=actor, at=at)
    record(actor, "delivery.choose", at=at, subject=delivery, patient_id=prescription.patient_id)
    return delivery


@within
def prescription_dispense(
    *, actor: Actor, prescription_id: int, matches: Collection[str], at: datetime
) -> Prescription:
    """Hand the drugs out of the pharmacy: all ten matches ticked, by another than the reviewer (RX-10)."""
    if not actor.is_any(Role.PHARMACIST):
        raise NotFound
    prescription = locked(prescription_id)
    if actor.staff_id in {prescription.doctor_id, prescription.reviewer_id} and not _alone(at):
        raise errors.SelfReview
    missing = [name for _group, name, _words in MATCHES if name not in matches]
    if missing:
        raise errors.MatchesMissing(fields=dict.fromkeys(missing, errors.MatchesMissing.title))
    dispenser = Staff.objects.get(pk=policy.staff_of(actor))
    states.PRESCRIPTION.move(prescription, PrescriptionStatus.DISPENSED, actor=actor, at=at, dispensed_at=at)
    DispenseCheck.objects.create(
        prescription=prescription, matches=[name for _group, name, _words in MATCHES], dispenser=dispenser, at=at
    )
    delivery, created = Delivery.objects.get_or_create(
        prescription=prescription, defaults={"status": DeliveryStatus.PICKUP, "chosen_at": at}
    )
    if created:
        states.DELIVERY.begin(delivery, actor=actor, at=at)
    patient_tell(
        key=f"prescription.dispensed:{prescription.pk}", patient_id=prescription.patient_id,
        kind="prescription.dispensed", at=at, context={"number": prescription.number},
        url=f"/prescriptions/{prescription.pk}/",
    )  # fmt: skip
    record(actor, "prescription.dispense", at=at, subject=prescription, patient_id=prescription.patient_id)
    return prescription


def _alone(at: datetime) -> bool:
    return parameters.RX_ONE_PHARMACIST.at(at)


@within
def delivery_send(*, actor: Actor, prescription_id: int, courier: str, tracking_no: str, at: datetime) -> Delivery:
    """The parcel is with the courier."""
    if not actor.is_any(Role.PHARMACIST):
        raise NotFound
    prescription = locked(prescription_id)
    if prescription.status != PrescriptionStatus.DISPENSED:
        raise StaleMove
    if not courier.strip() or not tracking_no.strip():
        raise errors.FieldsMissing(fields={"tracking_no": errors.FieldsMissing.title})
    delivery = Delivery.objects.get(prescription=prescription)
    states.DELIVERY.move(
        delivery, DeliveryStatus.SENT, actor=actor, at=at, courier=courier.strip(), tracking_no=tracking_no.strip(),
        sent_at=at,
    )  # fmt: skip
    patient_tell(
        key=f"prescription.sent:{prescription.pk}", patient_id=prescription.patient_id, kind="prescription.sent",
        at=at, context={"courier": delivery.courier}, url=f"/prescriptions/{prescription.pk}/",
    )  # fmt: skip
    record(actor, "delivery.send", at=at, subject=delivery, patient_id=prescription.patient_id)
    return delivery


@within
def delivery_arrive(*, actor: Actor, prescription_id: int, at: datetime) -> Prescription:
    """The drugs are in the patient's hand: handed over at the window, or the patient says that the parcel came."""
    prescription = locked(prescription_id)
    if not (actor.is_any(Role.PHARMACIST) or actor.acts_for(prescription.patient_id)):
        raise NotFound
    delivery = Delivery.objects.filter(prescription=prescription).first()
    if delivery is None or prescription.status != PrescriptionStatus.DISPENSED:
        raise StaleMove
    if delivery.status == DeliveryStatus.PICKUP and not actor.is_any(Role.PHARMACIST):
        raise StaleMove  # at the window it is the pharmacist who hands over and says so
    states.DELIVERY.move(delivery, DeliveryStatus.ARRIVED, actor=actor, at=at, arrived_at=at)
    states.PRESCRIPTION.move(prescription, PrescriptionStatus.DELIVERED, actor=actor, at=at, delivered_at=at)
    record(actor, "prescription.deliver", at=at, subject=prescription, patient_id=prescription.patient_id)
    return prescription


def prescriptions_tidy(*, at: datetime) -> int:
    """Sweep: expire what nobody decided in time (RX-01); give back to the queue what a pharmacist forgot.

    Approved ones expire with their charge, which waits for a payment that is on its way (billing.expiry).
    """
    undecided = Prescription.objects.filter(status__in=["signed", "reviewing"], valid_until__lte=at)
    forgotten = Prescription.objects.filter(
        status="reviewing", taken_at__lte=at - timedelta(minutes=parameters.REVIEW_MINUTES.at(at)), valid_until__gt=at
    )
    done = 0
    for prescription_id in undecided.values_list("pk", flat=True)[:200]:
        done += _expire(prescription_id=prescription_id, at=at)
    for prescription_id in forgotten.values_list("pk", flat=True)[:200]:
        done += _give_back(prescription_id=prescription_id, at=at)
    return done


@entry
def _expire(*, prescription_id: int, at: datetime) -> int:
    prescription = locked(prescription_id)
    if not states.PRESCRIPTION.allows(prescription.status, "expired") or prescription.status == "approved":
        return 0
    prescription_expire(prescription=prescription, at=at)
    return 1


@entry
def _give_back(*, prescription_id: int, at: datetime) -> int:
    prescription = locked(prescription_id)
    if prescription.status != PrescriptionStatus.REVIEWING:
        return 0
    states.PRESCRIPTION.move(
        prescription, PrescriptionStatus.SIGNED, actor=HOUSE, at=at, reason="left alone", reviewer=None, taken_at=None
    )
    return 1
