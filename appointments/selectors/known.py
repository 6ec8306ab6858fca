"""Doctors whom a patient knows: followed by the account, seen by the family (A2)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry
from hospital.organisation.selectors import staff_search

from ..models import Booking, Follow
from ..states import BookingStatus
from .doctors import DoctorCard, cards_of

_SEEN = 6


@dataclass(frozen=True, slots=True)
class KnownDoctors:
    followed: list[DoctorCard]
    seen: list[DoctorCard]  # without the followed ones, last seen first


@entry
def known_doctors_for(actor: Actor, *, at: datetime) -> KnownDoctors:
    """The doctors that the account follows and those whom its people have seen, as patients may find them now."""
    followed = list(Follow.objects.filter(account_id=actor.own_account_id).order_by("-since").values_list("doctor_id"))
    visits = Booking.objects.filter(patient_id__in=actor.patient_ids, status=BookingStatus.SEEN)
    seen = (
        visits.values("doctor_id").annotate(last=Max("during__startswith")).order_by("-last").values_list("doctor_id")
    )
    wanted = list(dict.fromkeys(pk for (pk,) in [*followed, *seen[: _SEEN + len(followed)]]))
    record(actor, "booking.list", at=at, reason="seen doctors")
    if not wanted:
        return KnownDoctors([], [])
    cards = {card.staff.pk: card for card in cards_of(staff_search("", at=at, among=wanted, limit=100), at=at)}
    mine = {pk for (pk,) in followed}
    return KnownDoctors(
        [cards[pk] for (pk,) in followed if pk in cards],
        [cards[pk] for pk in wanted if pk in cards and pk not in mine][:_SEEN],
    )


def is_followed(actor: Actor, doctor_id: int) -> bool:
    return actor.is_patient and Follow.objects.filter(account_id=actor.own_account_id, doctor_id=doctor_id).exists()
