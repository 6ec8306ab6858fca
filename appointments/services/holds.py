"""Hold places for many who ask at once: the verb of the release minute, `booking_hold` for a whole crowd in one transaction.

It asks the same rules in the same order (booking.py), on facts that are read for all at once, and it does the plain case
alone: a place is held, or refused by a rule. Whatever needs a second look is left undone for the ordinary verb (ALONE), and
whose booking could bear on another of the same crowd waits for the next one (LATER).

Locks: patients whom no other transaction has (nobody is waited for), then periods, then places, each in the order of their
keys, then bills: the order of a single hold (docs/locking.md).
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import billing.errors
import billing.selectors
import billing.services
from billing.models import PriceItem
from hospital.kit.actor import Actor
from hospital.kit.parameters import Values, values_at
from hospital.kit.problems import Problem
from hospital.kit.transactions import within

from .. import errors, kinds
from ..models import Booking, Channel, Period
from ..states import BOOKING
from .booking import LIMITS, hold_ends, must_be_let_ask, must_be_offered, must_be_welcome, must_be_within_limits
from .places import Taken, places_take
from .standing import Asking, Standing, booking_of, bookings_write, patient_standings, patients_lock
from .suspicion import device_of


@dataclass(frozen=True, slots=True)
class HoldAsked:
    """What `booking_hold` is asked by one of many."""

    actor: Actor
    patient_id: int
    period_id: int


class Undone(Enum):
    """Nothing was done for this one."""

    ALONE = "only `booking_hold` can answer this"
    LATER = "another of the crowd has the same patient, account or device: ask again after this crowd"


class Redo(Exception):
    """A session was stopped or given to another doctor meanwhile: roll back, and let each of the crowd ask alone."""


Held = Booking | Problem | Undone


@dataclass(frozen=True, slots=True)
class _Offer:
    """A period as it can be booked now: what all who ask for it share."""

    period: Period
    kind: kinds.BookingKind
    limits: Values
    item: PriceItem
    held_until: datetime


@dataclass(frozen=True, slots=True)
class _Hope:
    """One of the crowd, whom nothing speaks against so far."""

    turn: int
    actor: Actor
    asking: Asking
    offer: _Offer


@within
def bookings_hold_within(*, asked: Sequence[HoldAsked], channel: Channel, at: datetime) -> list[Held]:
    """A booking, a refusal or Undone for each, in their order; who comes first is served first.

    Raises Redo, and IntegrityError where the database judges otherwise than was foreseen: then nobody has anything, and
    each must ask `booking_hold`.
    """
    offers = _offers({one.period_id for one in asked}, channel, at)
    found: dict[int, Held] = {}
    crowd = list(_let_in(asked, offers, found))
    locked = patients_lock([one.asking.patient_id for one in crowd]) if crowd else set()
    crowd = [one for one in crowd if one.asking.patient_id in locked]
    standings = patient_standings([one.asking for one in crowd], channel=channel, at=at) if crowd else {}
    takers = []
    for one in crowd:
        standing, conflicts = standings[one.asking.patient_id]
        refusal = _refusal(standing, one, channel)
        if refusal is not None:
            found[one.turn] = refusal
        elif standing.held_already is None and not conflicts:
            takers.append(one)
    found |= _given(takers, channel, at)
    return [found.get(turn, Undone.ALONE) for turn in range(len(asked))]


def _offers(period_ids: Set[int], channel: Channel, at: datetime) -> dict[int, _Offer | Problem]:
    """What of these periods can be booked now, or why not; without those that aren't there or are no plain case."""
    found: dict[int, _Offer | Problem] = {}
    limits: dict[int, Values] = {}
    items: dict[tuple[str, int], PriceItem] = {}
    for period in Period.objects.filter(pk__in=period_ids).select_related("session__department"):
        session, campus_id = period.session, period.session.department.campus_id
        priced = (session.fee_item, campus_id)
        try:
            kind = must_be_offered(period, channel, at)
            if campus_id not in limits:
                limits[campus_id] = values_at(LIMITS, at, campus_id)
            if priced not in items:
                items[priced] = billing.selectors.price_at(session.fee_item, at=at, campus_id=campus_id)
        except billing.errors.NoPrice:
            continue
        except Problem as problem:
            found[period.pk] = problem
            continue
        if (
            kind.may_hold is kinds.anybody and items[priced].price > 0
        ):  # what is free is booked at once, with all its messages
            ends = hold_ends(period, channel, at, limits[campus_id])
            found[period.pk] = _Offer(period, kind, limits[campus_id], items[priced], ends)
    return found


def _let_in(
    asked: Sequence[HoldAsked], offers: Mapping[int, _Offer | Problem], found: dict[int, Held]
) -> Sequence[_Hope]:
    """Who may be judged together: patients, accounts and devices differ, so that no booking changes how another stands."""
    hopes: list[_Hope] = []
    met = set[tuple[str, object]]()
    for turn, one in enumerate(asked):
        try:
            must_be_let_ask(one.actor, one.patient_id)
        except Problem as problem:
            found[turn] = problem
            continue
        offer = offers.get(one.period_id)
        if isinstance(offer, Problem):
            found[turn] = offer
        elif offer is not None:
            device = device_of(one.actor)
            marks = {("patient", one.patient_id), ("account", one.actor.account_id), ("device", device or turn)}
            if met & marks:
                found[turn] = Undone.LATER
                continue
            met |= marks
            hopes.append(
                _Hope(turn, one.actor, Asking(one.patient_id, one.actor.account_id, device, offer.period), offer)
            )
    return hopes


def _refusal(standing: Standing, one: _Hope, channel: Channel) -> Problem | None:
    """With the patient's row locked: why this patient can't have a place of this period."""
    try:
        must_be_welcome(standing, one.offer.kind, channel)
        if standing.held_already is None:
            must_be_within_limits(standing, one.actor, one.offer.period, one.offer.limits)
            if not standing.is_room:
                raise errors.PeriodFull
    except Problem as problem:
        return problem
    return None


def _given(takers: Sequence[_Hope], channel: Channel, at: datetime) -> dict[int, Held]:
    """A place for each as long as there are any, with its bill and its booking."""
    if not takers:
        return {}
    places = places_take(Counter(one.offer.period.pk for one in takers), at=at, channel=channel)
    found: dict[int, Held] = {}
    given: list[tuple[_Hope, Taken]] = []
    for one in takers:
        free = places[one.offer.period.pk]
        if free:
            given.append((one, free.pop(0)))
        else:
            found[one.turn] = errors.PeriodFull()
    if given:
        made = _bookings(given, channel, at)
        found |= {one.turn: booking for (one, _), booking in zip(given, made, strict=True)}
    return found


def _bookings(given: Sequence[tuple[_Hope, Taken]], channel: Channel, at: datetime) -> list[Booking]:
    specs = [
        billing.services.ChargeSpec(
            actor=one.actor, patient_id=one.asking.patient_id, subject_id=taken.booking_id, kind=one.offer.kind.charge_kind,
            item=one.offer.item, expires_at=one.offer.held_until, campus_id=one.offer.period.session.department.campus_id,
            department_id=one.offer.period.session.department_id,
        )
        for one, taken in given
    ]  # fmt: skip
    bookings = []
    for (one, taken), charge in zip(given, billing.services.charges_create(specs, at=at), strict=True):
        bookings.append(booking_of(
            actor=one.actor, patient_id=one.asking.patient_id, period=one.offer.period, taken=taken, channel=channel,
            charge=charge, held_until=one.offer.held_until, at=at,
        ))  # fmt: skip
    if not bookings_write(bookings, at=at):
        raise Redo
    BOOKING.begin_each([(booking, one.actor) for booking, (one, _) in zip(bookings, given, strict=True)], at=at)
    return bookings
