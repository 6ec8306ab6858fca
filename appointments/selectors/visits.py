"""Bookings: the one door to them. What is read leaves its line (SEC-04)."""

from datetime import datetime
from typing import Literal

from django.db.models import QuerySet

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from .. import policy
from ..models import Booking
from ..states import BookingStatus

Part = Literal["upcoming", "past", "cancelled"]

_COMING = [BookingStatus.HELD, BookingStatus.BOOKED, BookingStatus.CHECKED_IN]
_GONE = [BookingStatus.SEEN, BookingStatus.NO_SHOW]
_ENDED = [BookingStatus.CANCELLED, BookingStatus.EXPIRED]


def _rows() -> QuerySet[Booking]:
    return Booking.objects.select_related("patient", "doctor", "department__campus", "session", "charge")


@entry
def visits_for(actor: Actor, part: Part, *, at: datetime, limit: int = 100) -> list[Booking]:
    """Bookings of everyone the account acts for: what comes, what was, what was called off."""
    rows = _rows().filter(patient_id__in=actor.patient_ids)
    if part == "upcoming":
        rows = rows.filter(status__in=_COMING).order_by("during")
    elif part == "past":
        rows = rows.filter(status__in=_GONE).order_by("-during")
    else:
        rows = rows.filter(status__in=_ENDED).order_by("-during")
    found = list(rows[:limit])
    record(actor, "booking.list", at=at, reason=part)
    return found


@entry
def booking_for(actor: Actor, booking_id: int, *, at: datetime) -> Booking:
    """One booking of one's own or of the family. Raises NotFound."""
    booking = _rows().filter(pk=booking_id).first()
    if booking is None or not policy.may_see(actor, booking):
        raise NotFound
    record(actor, "booking.read", at=at, subject=booking, patient_id=booking.patient_id)
    return booking
