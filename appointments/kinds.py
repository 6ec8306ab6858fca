"""What can be booked: each app above registers its kind of visit in its wiring.py; "clinic" is our own.

    register(BookingKind("online", _("Online visit"), may_hold=..., on_booked=..., on_cancelled=...))

may_hold is asked before anything is locked and raises a Problem when this patient may not have this session.
on_booked and on_cancelled are told afterwards, from a Notice, in a transaction of their own: at least once, so they
must bear being told again. on_cancelled is told only of bookings that had been booked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from hospital.kit.actor import Actor

Told = Callable[[int, datetime], None]  # booking id, instant


def _nothing_to_do(booking_id: int, at: datetime) -> None:
    """The kind has nothing to do."""


def anybody(actor: Actor, patient_id: int, session_id: int, at: datetime) -> None:
    """Every patient may have it."""


def _whenever(booking_id: int, at: datetime) -> None:
    """The patient may cancel until the cut-off."""


@dataclass(frozen=True, slots=True)
class BookingKind:
    """name: a VisitKind. comes: the patient comes to the hospital, so check-in, queue and no-show apply.

    charge_kind: name of the billing.ChargeKind that the hold's charge is made of. start_url: where a patient begins
    such a booking for a session, when it isn't our own page of periods (consult asks for eligibility first). visit_url:
    where the visit of a booking takes place, shown on its page (the consulting room of an online visit).
    may_cancel is asked, with the booking locked, when a patient gives it back, and raises a Problem when the visit is
    under way; it must only read.
    """

    name: str
    title: str | Promise
    comes: bool
    charge_kind: str = "registration"
    may_hold: Callable[[Actor, int, int, datetime], None] = anybody  # actor, patient id, session id, instant
    on_booked: Told = _nothing_to_do
    on_cancelled: Told = _nothing_to_do
    may_cancel: Callable[[int, datetime], None] = _whenever  # booking id, instant
    start_url: Callable[[int, int], str] | None = None  # session id, doctor id
    visit_url: Callable[[int], str] | None = None  # booking id


_kinds: dict[str, BookingKind] = {}


def register(kind: BookingKind) -> None:
    if kind.name in _kinds:
        raise ValueError(f"two kinds of booking are named {kind.name}")
    _kinds[kind.name] = kind


def get(name: str) -> BookingKind:
    return _kinds[name]


def registered() -> dict[str, BookingKind]:
    return dict(_kinds)
