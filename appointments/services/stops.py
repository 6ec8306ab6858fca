"""A clinic is stopped (停诊, AP-08): found, offered, told by several channels, phoned, and the money back when nobody chose.

Each step is a row, and each booking has its own transaction: whatever is killed in the middle goes on at the next sweep.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within

from .. import kinds, parameters, policy
from ..models import Booking, StopCase
from ..selectors.stops import unreached
from ..states import STOP_CASE, BookingStatus, SessionStatus, StopCaseStatus
from .booking import booking_cancel_within, locked, tell

_HOUSE = "appointments.stopped"


def _concerned() -> QuerySet[Booking]:
    active = [BookingStatus.HELD, BookingStatus.BOOKED, BookingStatus.CHECKED_IN]
    return Booking.objects.filter(session__status=SessionStatus.STOPPED, status__in=active)


def stopped_bookings_cancel(*, at: datetime) -> int:
    """The sweep. Who has paid for a visit to come is offered another time; every other booking ends and is refunded."""
    done = 0
    rows = _concerned().exclude(stops__status=StopCaseStatus.OPEN).order_by("pk")
    for booking_id in rows.values_list("pk", flat=True)[:500]:
        done += _stopped(booking_id=booking_id, at=at)
    late = StopCase.objects.filter(status=StopCaseStatus.OPEN, decide_until__lte=at).order_by("decide_until", "pk")
    for booking_id in late.values_list("booking_id", flat=True)[:500]:
        done += _refund(booking_id=booking_id, at=at)
    return done


@entry
def _stopped(*, booking_id: int, at: datetime) -> int:
    booking = locked(pk=booking_id)
    if booking is None or not _concerned().filter(pk=booking_id).exists():
        return 0
    return _work_off(booking, at=at)


@within
def _work_off(booking: Booking, *, at: datetime) -> int:
    """What a stopped clinic means for this booking: a choice, or the end. The caller has it locked."""
    may_choose = booking.status == BookingStatus.BOOKED and kinds.get(booking.kind).comes
    if may_choose and booking.starts_at > at:
        return _offer(booking, at=at)
    booking_cancel_within(actor=system(_HOUSE), booking_id=booking.pk, reason=booking.session.stop_reason, at=at)
    return 1


@within
def _offer(booking: Booking, *, at: datetime) -> int:
    if not case_begin(booking, at=at):
        return 0
    tell(booking, "booking.stopped", at=at, url=f"/visits/{booking.pk}/stopped/")
    return 1


@within
def case_begin(booking: Booking, *, at: datetime) -> bool:
    """The row of a stopped visit; False when it is there. The caller has the booking locked."""
    hours = parameters.STOP_CHOICE_HOURS.at(at, booking.department.campus_id)
    until = min(at + timedelta(hours=hours), booking.starts_at)
    case, is_new = StopCase.objects.get_or_create(
        booking=booking, session=booking.session, defaults={"told_at": at, "decide_until": until}
    )
    if is_new:
        STOP_CASE.begin(case, actor=system(_HOUSE), at=at)
    return is_new


@entry
def _refund(*, booking_id: int, at: datetime) -> int:
    """Nobody chose in time: the money goes back by itself."""
    booking = locked(pk=booking_id)
    case = StopCase.objects.filter(booking_id=booking_id, status=StopCaseStatus.OPEN, decide_until__lte=at).first()
    if booking is None or case is None:
        return 0
    booking_cancel_within(actor=system(_HOUSE), booking_id=booking_id, reason=booking.session.stop_reason, at=at)
    return 1


@within
def stop_refund_within(*, actor: Actor, booking_id: int, at: datetime) -> Booking:
    """The patient wants the money back, whatever the hour. Raises NotFound."""
    booking = locked(pk=booking_id)
    if booking is None or not StopCase.objects.filter(booking_id=booking_id, status=StopCaseStatus.OPEN).exists():
        raise NotFound
    policy.must_act_for(actor, booking.patient_id)
    return booking_cancel_within(actor=system(_HOUSE), booking_id=booking_id, reason=booking.session.stop_reason, at=at)


stop_refund = entry(stop_refund_within)


@entry
def stop_seen(*, actor: Actor, booking_id: int, at: datetime) -> None:
    """The patient's page of the visit says that its clinic is stopped: nobody needs to phone them. Raises NotFound."""
    booking = Booking.objects.filter(pk=booking_id).first()
    if booking is None or not actor.acts_for(booking.patient_id):
        raise NotFound
    StopCase.objects.filter(booking=booking, session_id=booking.session_id, reached_at=None).update(reached_at=at)


@entry
def stop_read(*, actor: Actor, booking_id: int, at: datetime, is_shown: bool = True) -> StopCase:
    """The choice after a stopped clinic. Who comes before the sweep did (the visit says at once that its clinic is
    stopped) has it now. `is_shown`: the patient looks at it, so nobody needs to phone them; a program that asks only
    for itself has told nobody. Raises NotFound."""
    rows = Booking.objects.select_related("session").filter(pk=booking_id)
    if (seen := rows.first()) is None or not actor.acts_for(seen.patient_id):
        raise NotFound
    if policy.is_stopped(seen) and not StopCase.objects.filter(booking=seen, session=seen.session).exists():
        booking = locked(pk=booking_id)
        assert booking is not None
        if policy.is_stopped(booking):
            _work_off(booking, at=at)
    case = _case(booking_id)
    if case is None:
        raise NotFound
    if is_shown and case.reached_at is None:
        StopCase.objects.filter(pk=case.pk, reached_at=None).update(reached_at=at)
    return case


def _case(booking_id: int) -> StopCase | None:
    rows = StopCase.objects.select_related("booking__session", "booking__charge").filter(booking_id=booking_id)
    return rows.order_by("-pk").first()


@entry
def stop_called(*, actor: Actor, case_id: int, reached: bool, at: datetime) -> bool:
    """Somebody at the desk telephoned the patient, who answered or not: that holds for all stopped visits of theirs.
    False when the patient has read it or chosen meanwhile. Raises NotFound."""
    policy.must_phone(actor)
    here = StopCase.objects.filter(session__department__campus_id__in=actor.campus_ids)
    asked = here.select_related("booking").filter(pk=case_id).first()
    if asked is None:
        raise NotFound
    rows = StopCase.objects.filter(unreached(), booking__patient_id=asked.booking.patient_id).order_by("pk")
    cases = list(rows.select_for_update(no_key=True))
    for case in cases:
        case.calls += 1
        case.last_call_at, case.last_call_by_id = at, actor.staff_id
        if reached:
            case.reached_at = at
        case.save(update_fields=["calls", "last_call_at", "last_call_by", "reached_at"])
    return any(case.pk == case_id for case in cases)
