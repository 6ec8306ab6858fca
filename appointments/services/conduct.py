"""The no-show ledger, bans from booking, and the way out of both (AP-06, AP-07)."""

from datetime import datetime, timedelta

from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, Role, system
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging import services as messaging
from hospital.people.models import Patient

from .. import errors, parameters, policy
from ..models import Absence, AbsenceCause, Ban, BanCause, Booking, Channel
from ..states import ABSENCE, COUNTED_ABSENCE, AbsenceStatus

_HOUSE = "appointments.absences"
# A ban never holds where somebody of the house looks at the person (window, doctor, partner), nor for what was
# promised already (waiting list); emergencies don't book (AP-06).
_BANNED = frozenset({Channel.APP, Channel.API, Channel.PHONE, Channel.KIOSK, Channel.WAITING})


@within
def absence_count(booking: Booking, *, at: datetime) -> None:
    """Enter a missed visit into the ledger, and ban when the limits are reached. The caller holds the booking."""
    _enter(booking, AbsenceCause.MISSED, when=booking.starts_at, at=at)


@within
def cancel_count(booking: Booking, *, at: datetime) -> None:
    """Enter a visit that the patient just gave back, when it is one too many in its month. The caller holds the booking."""
    if cancels_in_month(booking.patient_id, at=at) > parameters.CANCELS_MONTH.at(at):
        _enter(booking, AbsenceCause.GIVEN_BACK, when=at, at=at)


def cancels_in_month(patient_id: int, *, at: datetime) -> int:
    """How many visits the patient gave back in this month. Two at the same instant don't see each other: the next counts."""
    begun = clock.day_bounds(clock.business_day(at).replace(day=1))[0]
    return Booking.objects.filter(patient_id=patient_id, given_back=True, ended_at__gte=begun).count()


def next_cancel_counts(booking: Booking, *, at: datetime) -> bool:
    """Would giving this one back count as a missed visit? The patient is told before."""
    return policy.counts_when_given_back(booking) and cancels_in_month(
        booking.patient_id, at=at
    ) >= parameters.CANCELS_MONTH.at(at)


def _enter(booking: Booking, cause: AbsenceCause, *, when: datetime, at: datetime) -> None:
    made = Absence.objects.create(
        booking=booking, patient_id=booking.patient_id, department_id=booking.department_id, cause=cause, at=when
    )
    ABSENCE.begin(made, actor=system(_HOUSE), at=at)
    ends_at = banned_until(booking.patient_id, at=at)
    if ends_at is not None and ends_at > at:
        Ban.objects.get_or_create(
            patient_id=booking.patient_id, cause=BanCause.NO_SHOW, starts_at=at, defaults={"ends_at": ends_at}
        )


def banned_until(patient_id: int, *, at: datetime) -> datetime | None:
    """Until when the ledger bans this patient: so many in a month until its end, so many in half a year for half a year."""
    missed = list(
        Absence.objects.filter(
            patient_id=patient_id, status__in=COUNTED_ABSENCE, at__gt=at - policy.HALF_YEAR, at__lte=at
        )
        .order_by("at")
        .values_list("at", flat=True)
    )
    month = clock.business_day(at).replace(day=1)
    found: list[datetime] = []
    if sum(clock.business_day(moment) >= month for moment in missed) >= parameters.ABSENCES_MONTH.at(at):
        following = (month + timedelta(days=32)).replace(day=1)
        found.append(clock.day_bounds(following)[0])
    if len(missed) >= parameters.ABSENCES_HALF_YEAR.at(at):
        found.append(missed[-1] + policy.HALF_YEAR)
    return max(found, default=None)


def must_not_be_banned(until: datetime | None, channel: Channel, *, comes: bool) -> None:
    """Raise Banned when a ban holds for this way of booking; online visits are never banned (AP-06)."""
    if until is not None and channel in _BANNED and comes:
        raise errors.Banned(until=f"{clock.local(until):%F}")


@entry
def absence_appeal(*, actor: Actor, booking_id: int, reason: str, at: datetime) -> Absence:
    """The patient says why the visit was missed. Raises NotFound, ReasonNeeded, StaleMove (appealed already)."""
    row = Absence.objects.filter(booking_id=booking_id).first()
    if row is None:
        raise NotFound
    policy.must_act_for(actor, row.patient_id)
    if not reason.strip():
        raise errors.AppealReasonNeeded
    ABSENCE.move(row, AbsenceStatus.APPEALED, actor=actor, at=at, appeal=reason.strip()[:500], appealed_at=at)
    return row


@entry
def appeal_decide(*, actor: Actor, absence_id: int, excuse: bool, answer: str, at: datetime) -> Absence:
    """The head of the department excuses the patient or not; who is excused is no longer banned for it.

    Raises NotFound, AppealReasonNeeded, StaleMove.
    """
    row = Absence.objects.filter(pk=absence_id).first()
    if row is None or not actor.is_any(Role.HEAD) or row.department_id not in actor.department_ids:
        raise NotFound
    if not answer.strip():
        raise errors.AppealReasonNeeded
    Patient.objects.select_for_update(no_key=True).filter(pk=row.patient_id).values_list("pk", flat=True).get()
    status = AbsenceStatus.EXCUSED if excuse else AbsenceStatus.UPHELD
    ABSENCE.move(
        row, status, actor=actor, at=at, answer=answer.strip()[:500], decided_by_id=actor.staff_id, decided_at=at
    )
    record(actor, "absence.decide", at=at, subject=row, patient_id=row.patient_id, reason=answer[:200])
    if excuse:
        _lift(row.patient_id, at=at)
    messaging.patient_tell(
        key=f"absence.decided:{row.pk}", patient_id=row.patient_id, kind="absence.decided", at=at,
        context={"date": f"{clock.local(row.at):%F}"}, url=f"/visits/{row.booking_id}/appeal/",
    )  # fmt: skip
    return row


@within
def _lift(patient_id: int, *, at: datetime) -> None:
    """Take back the ban that the ledger no longer bears out."""
    if banned_until(patient_id, at=at) is None:
        live = Ban.objects.filter(patient_id=patient_id, cause=BanCause.NO_SHOW, lifted_at=None, ends_at__gt=at)
        live.update(lifted_at=at, lifted_because="excused")
