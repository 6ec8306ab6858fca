"""Hold, book, cancel, expire.

Locks are taken in one order: patient (limits are counted per patient), period, booking, place, charge. A hold takes
patient, period, place; whatever ends a booking takes booking, place, charge; a payment the charge alone. No cycle.
"""

import secrets
from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

import billing.selectors
import billing.services
from hospital.kit import clock, notices, sweeps
from hospital.kit.actor import Actor, Role, system
from hospital.kit.kept import Given, Kept
from hospital.kit.parameters import Values, values_at
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging import services as messaging
from hospital.organisation import services as organisation

from .. import errors, kinds, parameters, policy
from ..models import Booking, Channel, Notice, Period, Session
from ..pools import BEFORE_RELEASE
from ..states import (
    BOOKING,
    STOP_CASE,
    TICKET,
    BookingStatus,
    SessionStatus,
    StopCaseStatus,
    TicketStatus,
)
from . import suspicion
from .conduct import cancel_count, must_not_be_banned
from .overrides import Aside, let_pass
from .places import Taken, place_give_back, place_take
from .pools import place_take_extra
from .standing import Standing, booking_of, booking_write, patient_standing
from .suspicion import must_not_rush

SWEEP = "appointments.notices"
WAITING_SWEEP = "appointments.waiting"

_HOLDS = {
    Channel.WAITING: parameters.OFFER_MINUTES,
    Channel.PHONE: parameters.PHONE_HOLD_MINUTES,
    Channel.DOCTOR: parameters.DOCTOR_HOLD_MINUTES,
}

# Read together: every hold asks for them.
LIMITS = (parameters.DEPARTMENTS_PER_DAY, parameters.HOLD_MINUTES, *_HOLDS.values(), *suspicion.LIMITS)
_PERIOD = Kept(lambda: Period.objects.filter(pk=Given("period_id")).select_related("session__department"))

# What the database forbids, as people read it.
_REFUSALS = {
    "appointments_one_per_half_day": errors.OnePerHalfDay,
    "appointments_patient_one_place_at_a_time": errors.TimeOverlap,
}


@entry
def booking_hold(
    *, actor: Actor, patient_id: int, period_id: int, at: datetime, channel: Channel = Channel.APP,
    extra: bool = False, proved: bool = False, session_id: int | None = None,
) -> Booking:  # fmt: skip
    """Hold a place of a period for a patient until it is paid, or book it at once when it costs nothing (PAY-11).

    Raises NotFound, RealNameNeeded (AP-01), SessionClosed, PeriodOver, PeriodFull, OnePerHalfDay, TooManyDepartments,
    TimeOverlap (AP-04), and what the kind of visit refuses. Held twice by the same patient, it is the same hold.
    `extra`: the doctor makes one place more than the roster has (NoMoreExtra). `proved`: a question was answered, which
    suspicion asks for (QuestionFirst). `session_id`: the period must be one of this session.
    """
    return booking_hold_within(
        actor=actor, patient_id=patient_id, period_id=period_id, at=at, channel=channel, extra=extra,
        proved=proved, session_id=session_id,
    )  # fmt: skip


@within
def booking_hold_within(
    *, actor: Actor, patient_id: int, period_id: int, at: datetime, channel: Channel = Channel.APP,
    extra: bool = False, aside: Aside | None = None, proved: bool = False, session_id: int | None = None,
) -> Booking:  # fmt: skip
    """`booking_hold` for apps above, inside their transaction; `aside`: what staff set aside, kept by the caller."""
    must_be_let_ask(actor, patient_id)
    period = _PERIOD.first(period_id=period_id)
    if period is None or session_id not in (None, period.session_id):
        raise NotFound
    session = period.session
    kind = must_be_offered(period, channel, at)
    kind.may_hold(actor, patient_id, session.pk, at)

    limits = values_at(LIMITS, at, session.department.campus_id)
    standing = patient_standing(
        actor=actor, patient_id=patient_id, period=period, day=session.date, channel=channel, at=at
    )
    if standing is None:
        raise NotFound
    must_be_welcome(standing, kind, channel)
    if standing.held_already is not None:
        return Booking.objects.get(pk=standing.held_already)
    must_be_within_limits(standing, actor, period, limits, proved=proved, aside=aside)
    if not (standing.is_room or extra):
        raise errors.PeriodFull
    try:
        with transaction.atomic():  # a refusal gives the place back at once, whatever the caller makes of it
            taken = place_take_extra(period, at=at) if extra else place_take(period_id, at=at, channel=channel)
            if taken is None:
                raise errors.PeriodFull
            return _hold(actor, patient_id, period, taken, channel, hold_ends(period, channel, at, limits), at)
    except IntegrityError as error:
        refuse(error)


def refuse(error: IntegrityError) -> NoReturn:
    """What the database forbade, as people read it."""
    diagnostics = getattr(error.__cause__, "diag", None)
    refusal = _REFUSALS.get(getattr(diagnostics, "constraint_name", None) or "")
    if refusal is None:
        raise error
    raise refusal from error


# What may refuse a place, in the order in which it is asked; who holds many at once asks the same (holds.py).
def must_be_let_ask(actor: Actor, patient_id: int) -> None:
    policy.must_act_for(actor, patient_id)
    if actor.is_any(Role.UNVERIFIED):
        raise errors.RealNameNeeded


def must_be_offered(period: Period, channel: Channel, at: datetime) -> kinds.BookingKind:
    """The kind of visit of a period that can be booked now."""
    if period.session.status != SessionStatus.OPEN:
        raise errors.SessionClosed
    if period.starts_at <= at:
        raise errors.PeriodOver
    must_be_released(period, channel, at)
    return kinds.get(period.session.kind)


def must_be_welcome(standing: Standing, kind: kinds.BookingKind, channel: Channel) -> None:
    policy.must_be_proved(standing.is_proved)
    must_not_be_banned(standing.banned_until, channel, comes=kind.comes)


def must_be_within_limits(
    standing: Standing,
    actor: Actor,
    period: Period,
    limits: Values,
    *,
    proved: bool = False,
    aside: Aside | None = None,
) -> None:
    must_not_rush(standing.began, actor, limits, proved=proved)
    within_departments(standing.departments, period, limit=limits[parameters.DEPARTMENTS_PER_DAY], aside=aside)


def must_be_released(period: Period, channel: Channel, at: datetime) -> None:
    """AP-03: places are sold from the release of their day on."""
    opens_at = period.session.releases_at
    if opens_at is not None and opens_at > at and channel not in BEFORE_RELEASE:
        raise errors.NotReleased(opens=f"{clock.local(opens_at):%F %H:%M}")


def within_departments(others: Set[int], period: Period, *, limit: int, aside: Aside | None = None) -> None:
    """AP-04: so many departments a day. The patient's row is locked, so two holds can't both be the last."""
    if len(others | {period.session.department_id}) > limit:
        let_pass(aside, errors.TooManyDepartments(limit=limit))


def still_open(period: Period) -> None:
    """Asked again with the place in hand: a stop or another doctor that came between is seen here, one that comes later
    waits for our place and then finds our booking (session_stop, session_substitute)."""
    session = period.session
    if not Session.objects.filter(pk=session.pk, status=SessionStatus.OPEN, doctor_id=session.doctor_id).exists():
        raise errors.SessionClosed


def _hold(
    actor: Actor, patient_id: int, period: Period, taken: Taken, channel: Channel, held_until: datetime, at: datetime
) -> Booking:
    session = period.session
    kind = kinds.get(session.kind)
    charge = billing.services.charge_create(
        actor=actor, patient_id=patient_id, kind=kind.charge_kind, subject_id=taken.booking_id,
        lines=[billing.services.LineSpec(session.fee_item, 1)], at=at, expires_at=held_until,
        campus_id=session.department.campus_id, department_id=session.department_id,
    )  # fmt: skip
    booking = booking_of(
        actor=actor, patient_id=patient_id, period=period, taken=taken, channel=channel, charge=charge,
        held_until=held_until, at=at,
    )  # fmt: skip
    if not booking_write(booking):
        raise errors.SessionClosed
    BOOKING.begin(booking, actor=actor, at=at)
    if charge.amount == 0:
        _book(booking, actor=actor, at=at)
    return booking


def hold_ends(period: Period, channel: Channel, at: datetime, limits: Values) -> datetime:
    """Who pays at home later has longer, but no longer than until the visit (PAY-11)."""
    usual = at + timedelta(minutes=limits[parameters.HOLD_MINUTES])
    minutes = _HOLDS.get(channel)
    if minutes is None:
        return usual
    return min(at + timedelta(minutes=limits[minutes]), max(usual, period.starts_at))


@within
def _book(booking: Booking, *, actor: Actor, at: datetime) -> None:
    """held -> booked, and what follows: messages, the carers' right to read, the app above told."""
    BOOKING.move(booking, BookingStatus.BOOKED, actor=actor, at=at, booked_at=at)
    care_begins(booking, actor=actor, at=at)
    tell(booking, "booking.booked", at=at)
    remind(booking, at=at)
    _notify(booking, "booked", at=at)


@within
def care_begins(booking: Booking, *, actor: Actor, at: datetime) -> None:
    """From now until some days after the visit its doctor and department may open the record (MR-12)."""
    session = booking.session
    organisation.care_relation_open(
        actor=actor, patient_id=booking.patient_id, because="appointments.booking", because_id=booking.pk,
        starts_at=at, ends_at=session.ends_at + timedelta(days=parameters.CARE_DAYS.at(at)),
        staff_id=session.doctor_id, department_id=session.department_id,
    )  # fmt: skip


@within
def remind(booking: Booking, *, at: datetime) -> None:
    """A reminder on the day before, where that is still to come."""
    remind_at = clock.at_local(booking.date - timedelta(days=1), parameters.remind_time(at))
    if remind_at > at:
        tell(booking, "booking.reminder", at=at, not_before=remind_at)


@within
def tell(booking: Booking, kind: str, *, at: datetime, not_before: datetime | None = None, url: str = "") -> None:
    """Tell the patient one thing of this booking; a moved booking is told anew, under keys of its own."""
    moved = f":m{booking.moves}" if booking.moves else ""
    messaging.patient_tell(
        key=f"{kind}:{booking.pk}{moved}", patient_id=booking.patient_id, kind=kind, at=at, not_before=not_before,
        context={
            "booking_id": booking.pk,
            "doctor": booking.doctor.name,
            "department": booking.department.name,
            "room": booking.session.room,
            "date": f"{booking.date:%F}",
            "time": f"{clock.local(booking.starts_at):%H:%M}",
            "number": booking.number,
            "until": f"{clock.local(booking.held_until):%F %H:%M}" if booking.held_until else "",
        },
        url=url or f"/visits/{booking.pk}/",
    )  # fmt: skip


def _notify(booking: Booking, what: str, *, at: datetime) -> None:
    notices.post(
        Notice, topic=f"booking.{what}", key=f"booking.{what}:{booking.pk}", at=at,
        payload={"booking_id": booking.pk, "kind": booking.kind},
    )  # fmt: skip
    sweeps.wake(SWEEP)


@within
def booking_paid(charge_id: int, at: datetime) -> None:
    """The money is there (billing's notice): the held place is booked. What can't be honoured goes back (G02)."""
    booking = locked(charge_id=charge_id)
    if booking is None or booking.status in {BookingStatus.EXPIRED, BookingStatus.CANCELLED}:
        billing.services.charge_cancel(
            actor=system("appointments"), charge_id=charge_id, at=at, reason=gettext_noop("the place is no longer held")
        )
    elif booking.status == BookingStatus.HELD:
        _book(booking, actor=system("appointments"), at=at)


@within
def charge_expired(charge_id: int, at: datetime) -> None:
    """Nobody paid in time (billing's notice, after the channel's last word): the place is free again (PAY-11)."""
    booking = locked(charge_id=charge_id)
    if booking is not None and booking.status == BookingStatus.HELD:
        _expire(booking, at=at)


@within
def charge_refunded(charge_id: int, at: datetime) -> None:
    """All the money went back while the booking stood, e.g. at the cash desk: the place is free again."""
    booking = locked(charge_id=charge_id)
    if booking is None or booking.status != BookingStatus.BOOKED or billing.selectors.charge_is_paid(charge_id):
        return
    _cancel(booking, actor=system("appointments"), at=at, reason=gettext_noop("refunded"))


def charge_may_refund(charge_id: int) -> bool:
    """Not after check-in, and not for a visit that was missed (PAY-09, AP-06)."""
    used = {BookingStatus.CHECKED_IN, BookingStatus.SEEN, BookingStatus.NO_SHOW}
    return not Booking.objects.filter(charge_id=charge_id, status__in=used).exists()


def locked(**which: Any) -> Booking | None:
    rows = Booking.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("session", "doctor", "department").filter(**which).first()


@within
def _expire(booking: Booking, *, at: datetime) -> None:
    BOOKING.move(booking, BookingStatus.EXPIRED, actor=system("appointments.holds"), at=at, ended_at=at)
    place_give_back(booking.place_id, booking_id=booking.pk, free_from=offered_again(booking, at))


def offered_again(booking: Booking, at: datetime) -> datetime:
    """When everybody may have a place that a patient gave back: at a moment that nobody can foresee, so that no
    place is handed from one name to another (AP-05, AP-07); but never so late that it stays empty."""
    campus_id = booking.department.campus_id
    low, high = (parameter.at(at, campus_id) * 60 for parameter in (parameters.RETURN_FROM, parameters.RETURN_TO))
    delay = timedelta(seconds=low + secrets.randbelow(max(1, high - low)))
    return min(at + delay, max(at, booking.starts_at - timedelta(hours=1)))


def holds_expire(*, at: datetime) -> int:
    """The sweep behind billing's notice: a hold that is long over ends even if nobody told us (PAY-11)."""
    over = at - timedelta(seconds=parameters.HOLD_GRACE.at(at))
    done = 0
    while done < 500 and _hold_expire_next(over=over, at=at):
        done += 1
    return done


@entry
def _hold_expire_next(*, over: datetime, at: datetime) -> bool:
    rows = Booking.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    due = rows.select_related("session", "doctor", "department").filter(status=BookingStatus.HELD, held_until__lte=over)
    booking = due.order_by("held_until", "pk").first()
    if booking is None:
        return False
    if booking.charge_id is not None and billing.selectors.charge_is_paid(booking.charge_id):
        _book(booking, actor=system("appointments.holds"), at=at)
        return True
    _expire(booking, at=at)
    _charge_back(booking, actor=system("appointments.holds"), at=at, reason=gettext_noop("not paid in time"))
    return True


def _charge_back(booking: Booking, *, actor: Actor, at: datetime, reason: str) -> None:
    """Ends the charge: an open one is cancelled, what was paid goes back whole by the way it came (PAY-09)."""
    if booking.charge_id is not None:
        billing.services.charge_cancel(actor=actor, charge_id=booking.charge_id, at=at, reason=reason)


@entry
def booking_cancel(*, actor: Actor, booking_id: int, at: datetime, reason: str = "") -> Booking:
    """The patient gives a booking back: the place is free at once, what was paid goes back whole.

    Raises NotFound, CancelTooLate after the cut-off (AP-05), NotCancellable when it is over or in use.
    """
    return booking_cancel_within(actor=actor, booking_id=booking_id, at=at, reason=reason)


@within
def booking_cancel_within(
    *, actor: Actor, booking_id: int, at: datetime, reason: str = "", aside: Aside | None = None
) -> Booking:
    """`booking_cancel` for apps above and for the house itself, which knows no cut-off."""
    booking = locked(pk=booking_id)
    if booking is None:
        raise NotFound
    policy.must_act_for(actor, booking.patient_id)
    allowed = {BookingStatus.HELD, BookingStatus.BOOKED}
    if actor.is_system:
        allowed.add(BookingStatus.CHECKED_IN)
    if booking.status not in allowed:
        raise errors.NotCancellable
    if not (actor.is_system or policy.may_cancel(booking, at)):
        let_pass(aside, errors.CancelTooLate())
    if not actor.is_system:
        kinds.get(booking.kind).may_cancel(booking.pk, at)
    given_back = actor.is_patient and policy.counts_when_given_back(booking)
    _cancel(booking, actor=actor, at=at, reason=reason, given_back=given_back)
    if given_back:
        cancel_count(booking, at=at)
    _charge_back(booking, actor=actor, at=at, reason=reason or gettext_noop("cancelled by the patient"))
    return booking


@within
def _cancel(booking: Booking, *, actor: Actor, at: datetime, reason: str, given_back: bool = False) -> None:
    was_booked = booking.status != BookingStatus.HELD
    if booking.status == BookingStatus.CHECKED_IN:
        TICKET.move(booking.ticket, TicketStatus.WITHDRAWN, actor=actor, at=at, reason=reason, finished_at=at)
    BOOKING.move(
        booking, BookingStatus.CANCELLED, actor=actor, at=at, reason=reason, ended_at=at, cancel_reason=reason[:200],
        given_back=given_back,
    )  # fmt: skip
    place_give_back(
        booking.place_id, booking_id=booking.pk, free_from=None if actor.is_system else offered_again(booking, at)
    )
    if not was_booked:
        return
    for case in booking.stops.filter(status=StopCaseStatus.OPEN):
        STOP_CASE.move(case, StopCaseStatus.REFUNDED, actor=actor, at=at, ended_at=at)
        messaging.message_withdraw(key=f"booking.stopped:{booking.pk}", at=at)
    began = booking.booked_at or booking.created_at
    organisation.care_relation_open(
        actor=actor, patient_id=booking.patient_id, because="appointments.booking", because_id=booking.pk,
        starts_at=began, ends_at=max(at, began + timedelta(microseconds=1)), staff_id=booking.doctor_id,
        department_id=booking.department_id,
    )  # fmt: skip
    for kind in ("booking.booked", "booking.reminder", "booking.moved"):
        messaging.message_withdraw(key=f"{kind}:{booking.pk}", at=at)
    tell(booking, "booking.cancelled", at=at)
    sweeps.wake(WAITING_SWEEP)
    _notify(booking, "cancelled", at=at)


@within
def booking_seen_within(*, actor: Actor, booking_id: int, at: datetime) -> None:
    """The visit has begun: for apps above whose visits have no check-in and no queue (online)."""
    booking = locked(pk=booking_id)
    if booking is None:
        raise NotFound
    if booking.status != BookingStatus.SEEN:
        BOOKING.move(booking, BookingStatus.SEEN, actor=actor, at=at)


def _told_booked(payload: Mapping[str, Any], at: datetime) -> None:
    kinds.get(payload["kind"]).on_booked(payload["booking_id"], at)


def _told_cancelled(payload: Mapping[str, Any], at: datetime) -> None:
    kinds.get(payload["kind"]).on_cancelled(payload["booking_id"], at)


_HANDLERS: dict[str, notices.Handler] = {"booking.booked": _told_booked, "booking.cancelled": _told_cancelled}


def notices_deliver(*, at: datetime) -> int:
    """The sweep that tells apps above (kinds.BookingKind)."""
    return notices.deliver_due(Notice, _HANDLERS, at=at)
