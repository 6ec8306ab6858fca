"""The window and the telephone desk: find a patient by a whole number, then book, move and cancel for them (AP-02).

The right is a DeskTurn: it begins with the look-up, which leaves its line, and ends after some minutes.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.people import limits
from hospital.people.errors import CardNotRead
from hospital.people.limits import Limit
from hospital.people.models import Patient
from hospital.people.selectors import patients_of_number
from hospital.people.services.cards import card_resolve

from .. import errors, parameters, policy
from ..models import Booking, Channel, DeskTurn, Period
from ..selectors.desk import desk_turn
from ..states import BookingStatus
from . import booking as bookings
from .moving import booking_move_within
from .overrides import Aside, aside_for, aside_keep

_NOBODY = "nobody"


@entry
def desk_find(*, actor: Actor, text: str, channel: Channel, at: datetime) -> list[DeskTurn]:
    """The patients of one whole number, or of a card, are at this desk from now on; empty when it is nobody's.

    Each look-up and each person found is a line; parts of numbers and names find nobody. Raises NotFound,
    DeskFindsTooMany (SEC-12).
    """
    policy.must_serve(actor)
    subject = limits.subject("staff", str(actor.own_staff_id))
    if limits.spend("desk.find", {subject: (Limit(parameters.DESK_FINDS, timedelta(hours=1)),)}, at=at) is None:
        raise errors.DeskFindsTooMany
    found = _patients(text, at)
    if not found:
        record(actor, "booking.desk_find", at=at, outcome=_NOBODY)
    ends_at = at + timedelta(minutes=parameters.DESK_MINUTES.at(at))
    turns = []
    for patient in found:
        turn = DeskTurn.objects.create(
            staff_id=actor.own_staff_id, patient=patient, channel=channel, opened_at=at, ends_at=ends_at
        )
        record(actor, "booking.desk_find", at=at, subject=turn, patient_id=patient.pk, reason=channel)
        turns.append(turn)
    return turns


def _patients(text: str, at: datetime) -> list[Patient]:
    try:
        return [card_resolve(text, at=at).patient]
    except CardNotRead:
        return patients_of_number(text)


@entry
def desk_leave(*, actor: Actor, turn_id: int, at: datetime) -> None:
    """The next one, please: the patient isn't at the desk any more."""
    turn, _ = desk_turn(actor, turn_id, at=at)
    DeskTurn.objects.filter(pk=turn.pk).update(ends_at=at)


@within
def desk_hold_within(
    *, actor: Actor, turn_id: int, period_id: int, at: datetime, extra: bool = False, because: str = ""
) -> Booking:
    """Book for the patient at the desk, as booking_hold does; on the telephone the hold is longer, to pay at home.

    `because`: the reason for which soft rules are set aside. `extra`: a place beyond the roster, by a nurse of that
    department for who stands at the window; it needs the reason. Raises what booking_hold raises.
    """
    turn, acting = desk_turn(actor, turn_id, at=at)
    aside = aside_for(because)
    if extra:
        aside = _extra(acting, turn, period_id, aside)
    booking = bookings.booking_hold_within(
        actor=acting, patient_id=turn.patient_id, period_id=period_id, at=at, channel=Channel(turn.channel),
        extra=extra, aside=aside,
    )  # fmt: skip
    aside_keep(aside, booking, actor=actor, at=at)
    if turn.channel == Channel.PHONE:
        pay_by_phone(booking, at=at)
    return booking


desk_hold = entry(desk_hold_within)


def _extra(actor: Actor, turn: DeskTurn, period_id: int, aside: Aside | None) -> Aside:
    period = Period.objects.select_related("session").filter(pk=period_id).first()
    if period is None or turn.channel != Channel.DESK or not policy.may_add_extra(actor, period.session):
        raise NotFound
    if aside is None:
        raise errors.OverrideReasonNeeded
    aside.rules.append(errors.NoMoreExtra.code)
    return aside


@within
def pay_by_phone(booking: Booking, *, at: datetime) -> None:
    """Who isn't at the counter is told where to pay, and until when."""
    if booking.status == BookingStatus.HELD:
        bookings.tell(booking, "booking.held", at=at)


@within
def desk_cancel_within(*, actor: Actor, turn_id: int, booking_id: int, at: datetime, because: str = "") -> Booking:
    """Cancel for the patient at the desk; after the cut-off with a reason, unless the clinic was stopped (AP-05,
    AP-08). Raises what booking_cancel raises."""
    _turn, acting = desk_turn(actor, turn_id, at=at)
    aside = aside_for(because)
    booking = bookings.booking_cancel_within(
        actor=acting, booking_id=booking_id, at=at, reason=gettext_noop("asked for at the desk"), aside=aside
    )
    aside_keep(aside, booking, actor=actor, at=at)
    return booking


desk_cancel = entry(desk_cancel_within)


@within
def desk_move_within(
    *, actor: Actor, turn_id: int, booking_id: int, period_id: int, at: datetime, because: str = ""
) -> Booking:
    """Another time for the patient at the desk; too late or too often only with a reason. After a stopped clinic any
    doctor of the same price, at any hour. Raises what booking_move raises."""
    _turn, acting = desk_turn(actor, turn_id, at=at)
    aside = aside_for(because)
    booking = booking_move_within(actor=acting, booking_id=booking_id, period_id=period_id, at=at, aside=aside)
    aside_keep(aside, booking, actor=actor, at=at)
    return booking


desk_move = entry(desk_move_within)
