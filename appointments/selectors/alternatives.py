"""Other times for a booking, at what was paid for it, so that no money need move (AP-05, AP-08)."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry

from .. import policy
from ..models import Booking, Period, Waiting
from ..states import SessionStatus
from .doctors import fees_at
from .free import is_free

_SHOWN = 60


def _free(at: datetime) -> QuerySet[Period]:
    rows = Period.objects.filter(
        Q(session__releases_at=None) | Q(session__releases_at__lte=at),
        session__status=SessionStatus.OPEN, starts_at__gt=at,
    )  # fmt: skip
    free = Count("places", filter=is_free(at, "places__"))
    return rows.select_related("session__doctor", "session__department__campus").annotate(free=free).filter(free__gt=0)


def other_times(booking: Booking, *, at: datetime) -> list[Period]:
    """Free times with the same doctor, the booking's own left out, first to last."""
    rows = _free(at).filter(session__doctor_id=booking.doctor_id, session__kind=booking.kind)
    return _at_this_price(booking, rows.exclude(pk=booking.period_id), at=at)


def times_instead(booking: Booking, *, at: datetime) -> list[Period]:
    """Free times for a stopped booking: doctors of the department with the same title on that day, then the same doctor
    on other days, then the others of the department."""
    rows = _free(at).filter(session__department_id=booking.department_id, session__kind=booking.kind)
    same_level = Q(session__doctor__title=booking.doctor.title) | Q(session__doctor_id=booking.doctor_id)
    found = _at_this_price(booking, rows.filter(same_level), at=at)
    return sorted(found, key=lambda one: (one.session.date != booking.date, one.session.doctor_id != booking.doctor_id))


def times_for(booking: Booking, *, at: datetime) -> list[Period]:
    """Every time that may be chosen for this booking now, by whoever chooses for the patient; none when it can't move."""
    if not policy.can_be_moved(booking):
        return []
    return times_instead(booking, at=at) if policy.is_stopped(booking) else other_times(booking, at=at)


def _at_this_price(booking: Booking, rows: QuerySet[Period], *, at: datetime) -> list[Period]:
    periods = list(rows.order_by("starts_at", "pk")[: 4 * _SHOWN])
    fee = fees_at(
        {one.session.fee_item for one in periods}, {one.session.department.campus_id for one in periods}, at=at
    )
    paid = booking.charge.amount if booking.charge is not None else 0
    same = [one for one in periods if fee(one.session.fee_item, one.session.department.campus_id) == paid]
    return same[:_SHOWN]


@entry
def waiting_for(actor: Actor, *, at: datetime) -> list[Waiting]:
    """For whom of the family the account waits, and what became of it."""
    rows = Waiting.objects.filter(patient_id__in=actor.patient_ids).select_related(
        "patient", "doctor", "booking__department"
    )
    found = list(rows.order_by("-pk")[:50])
    record(actor, "waiting.list", at=at)
    return found
