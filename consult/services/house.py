"""What the apps below tell us, and what time itself decides."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from appointments.models import Booking
from appointments.services import booking_cancel_within
from appointments.states import ACTIVE_BOOKING
from hospital.kit.actor import Actor, system
from hospital.kit.transactions import entry, within
from hospital.messaging.services import message_send, message_withdraw, patient_tell

from .. import errors, parameters
from ..models import EndCode, OnlineVisit
from ..states import VISIT, VisitStatus
from .answering import end
from .applying import must_be_ready
from .talking import locked, notice_add

HOUSE = system("consult")


def may_hold(actor: Actor, patient_id: int, session_id: int, at: datetime) -> None:
    """Asked by appointments before a place of an online session is held: only through a visit that is ready (IH-01).

    Without this anybody could buy a return visit from the page of periods.
    """
    visit = (
        OnlineVisit.objects.select_related("form")
        .filter(patient_id=patient_id, doctor__sessions__pk=session_id, status__in=[VisitStatus.APPLYING, VisitStatus.PAYING])
        .first()
    )  # fmt: skip
    if visit is None:
        raise errors.FirstVisit
    must_be_ready(visit)


def may_cancel(booking_id: int, at: datetime) -> None:
    """Asked by appointments when a patient gives the booking back there: not while the doctor is at it."""
    if OnlineVisit.objects.filter(booking_id=booking_id, status=VisitStatus.TALKING).exists():
        raise errors.UnderWay


@within
def booking_booked(booking_id: int, at: datetime) -> None:
    """Paid: the visit waits for the doctor, and the clock of IH-19 runs. What can't be honoured goes back."""
    found = OnlineVisit.objects.filter(booking_id=booking_id).values_list("pk", flat=True).first()
    visit = locked(found) if found is not None else None
    if visit is not None and visit.status in (VisitStatus.WAITING, VisitStatus.TALKING, VisitStatus.ENDED):
        return  # told before
    booking = Booking.objects.get(pk=booking_id)
    if visit is None or visit.status != VisitStatus.PAYING:
        if booking.status in ACTIVE_BOOKING:
            booking_cancel_within(
                actor=HOUSE, booking_id=booking_id, at=at, reason=gettext_noop("no online visit waits for it")
            )
        return
    until = max(at, booking.starts_at) + timedelta(hours=parameters.ANSWER_HOURS.at(at))
    VISIT.move(visit, VisitStatus.WAITING, actor=HOUSE, at=at, paid_at=at, answer_until=until)
    notice_add(visit, f"已付款,等待{visit.doctor.name}医生接诊。您可以先在这里补充说明。", at=at)
    message_send(
        key=f"consult.waiting:{visit.pk}", account_id=visit.doctor.account_id, kind="consult.waiting", at=at,
        context={"visit_id": visit.pk}, patient_id=visit.patient_id, url=f"/staff/consult/{visit.pk}/",
    )  # fmt: skip


@within
def booking_cancelled(booking_id: int, at: datetime) -> None:
    """The booking is gone (the patient gave it back there, or the clinic was stopped): so is a visit not yet begun."""
    found = OnlineVisit.objects.filter(booking_id=booking_id).values_list("pk", flat=True).first()
    if found is None:
        return
    visit = locked(found)
    if visit.status in (VisitStatus.PAYING, VisitStatus.WAITING):
        VISIT.move(visit, VisitStatus.CANCELLED, actor=HOUSE, at=at, reason="booking cancelled", ended_at=at)
        notice_add(visit, "预约已取消,费用将原路全额退回。", at=at)
        message_withdraw(key=f"consult.waiting:{visit.pk}", at=at)


def form_handed_in(response_id: int, at: datetime) -> None:
    """The questions are answered: nothing to do, the next step shows itself on the visit's page."""


def visits_tidy(*, at: datetime) -> int:
    """The sweep: unanswered visits end with a full refund (IH-19), silent talks end, lost holds let choose again."""
    done = 0
    for work in (_expire_next, _silence_next, _release_next):
        while done < 500 and work(at=at):
            done += 1
    return done


def _next(**which: object) -> OnlineVisit | None:
    rows = OnlineVisit.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return rows.select_related("patient", "doctor", "booking").filter(**which).order_by("pk").first()


@entry
def _expire_next(*, at: datetime) -> bool:
    visit = _next(status=VisitStatus.WAITING, answer_until__lte=at)
    if visit is None:
        return False
    VISIT.move(visit, VisitStatus.EXPIRED, actor=HOUSE, at=at, reason="IH-19", ended_at=at)
    notice_add(visit, "医生没有在规定时间内接诊,费用将原路全额退回。很抱歉。", at=at)
    message_withdraw(key=f"consult.waiting:{visit.pk}", at=at)
    patient_tell(
        key=f"consult.expired:{visit.pk}", patient_id=visit.patient_id, kind="consult.expired", at=at,
        context={"visit_id": visit.pk, "doctor": visit.doctor.name}, url=f"/consult/{visit.pk}/",
    )  # fmt: skip
    if visit.booking is not None and visit.booking.status in ACTIVE_BOOKING:
        booking_cancel_within(
            actor=HOUSE, booking_id=visit.booking.pk, at=at, reason=gettext_noop("not answered in time")
        )
    return True


@entry
def _silence_next(*, at: datetime) -> bool:
    visit = _next(status=VisitStatus.TALKING, started_at__lte=at - timedelta(hours=parameters.TALK_HOURS.at(at)))
    if visit is None:
        return False
    end(visit, EndCode.SILENT, "", actor=HOUSE, at=at)
    return True


@entry
def _release_next(*, at: datetime) -> bool:
    visit = _next(status=VisitStatus.PAYING, booking__status__in=["expired", "cancelled"])
    if visit is None:
        return False
    VISIT.move(visit, VisitStatus.APPLYING, actor=HOUSE, at=at, reason="not paid in time", booking=None)
    return True
