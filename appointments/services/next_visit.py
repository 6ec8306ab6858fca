"""The doctor books the next visit with the patient in the room: from the consulting room's pool, or an extra place (加号)."""

from dataclasses import replace
from datetime import datetime

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from .. import errors, policy
from ..models import Booking, Channel, Period
from . import booking as bookings
from .desk import pay_by_phone
from .overrides import aside_for, aside_keep


@entry
def next_visit_hold(
    *, actor: Actor, patient_id: int, period_id: int, at: datetime, extra: bool = False, because: str = ""
) -> Booking:
    """A place of the doctor's own clinic for a patient in care; the patient is told and pays on the phone.

    `extra`: one place more than the roster has, with a reason. Raises NotFound, OverrideReasonNeeded, NoMoreExtra, and
    what booking_hold raises.
    """
    policy.must_book_next(actor, patient_id, at=at)
    period = Period.objects.select_related("session").filter(pk=period_id).first()
    if period is None or period.session.doctor_id != actor.staff_id:
        raise NotFound
    aside = aside_for(because)
    if extra:
        if aside is None:
            raise errors.OverrideReasonNeeded
        aside.rules.append(errors.NoMoreExtra.code)
    booking = bookings.booking_hold_within(
        actor=replace(actor, patient_ids=frozenset({patient_id})), patient_id=patient_id, period_id=period_id, at=at,
        channel=Channel.DOCTOR, extra=extra, aside=aside,
    )  # fmt: skip
    aside_keep(aside, booking, actor=actor, at=at)
    record(actor, "booking.next_visit", at=at, subject=booking, patient_id=patient_id)
    pay_by_phone(booking, at=at)
    return booking
