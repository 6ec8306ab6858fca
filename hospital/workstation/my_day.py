"""What waits for a member of staff: one number per desk, each a way to its page, and the patients of today.

A desk is shown when its page exists and the actor may open it (hospital.kit.routes); its number is asked only then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.models import Booking
from appointments.states import BookingStatus
from billing.models import Refund
from billing.policy import may_sign_second
from billing.reporting.signatures import unsigned
from billing.states import RefundStatus
from consult.models import OnlineVisit
from consult.states import VisitStatus
from emr.models import CriticalAlert, Note, Prescription, Report
from hospital.kit import clock
from hospital.kit.actor import STAFF, Actor, Role
from hospital.kit.routes import may_open
from hospital.messaging.selectors import unread_count

from . import emergency

Number = Callable[[Actor, datetime], tuple[int, str]]  # how many wait, and a word about the oldest


@dataclass(frozen=True, slots=True)
class Desk:
    title: Promise
    path: str
    number: Number
    roles: frozenset[Role]  # whose work it is; others who may open the page have nothing to do there
    tone: str = "warn"  # of a number above nought


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    url: str
    number: int
    hint: str
    tone: str


def waited(since: datetime | None, at: datetime) -> str:
    """How long the oldest has waited, in the largest fitting unit."""
    if since is None:
        return ""
    minutes = max(0, int((at - since) / timedelta(minutes=1)))
    if minutes < 60:
        return _("oldest: %(count)d min") % {"count": minutes}
    if minutes < 48 * 60:
        return _("oldest: %(count)d h") % {"count": minutes // 60}
    return _("oldest: %(count)d days") % {"count": minutes // (24 * 60)}


def _oldest(rows: QuerySet[CriticalAlert] | QuerySet[Report] | QuerySet[Prescription] | QuerySet[Note], field: str,
            at: datetime) -> tuple[int, str]:  # fmt: skip
    found = rows.aggregate(since=Min(field))
    return rows.count(), waited(found["since"], at)


def _talks(actor: Actor, at: datetime) -> tuple[int, str]:
    rows = OnlineVisit.objects.filter(doctor_id=actor.staff_id, status__in=[VisitStatus.WAITING, VisitStatus.TALKING])
    return rows.count(), waited(rows.filter(status=VisitStatus.WAITING).aggregate(since=Min("paid_at"))["since"], at)


def _criticals(actor: Actor, at: datetime) -> tuple[int, str]:
    return _oldest(CriticalAlert.objects.filter(doctor_id=actor.staff_id, acknowledged_at=None), "raised_at", at)


def _results(actor: Actor, at: datetime) -> tuple[int, str]:
    rows = Report.objects.filter(doctor_id=actor.staff_id, status__in=["received", "reviewed"])
    return _oldest(rows, "received_at", at)


def _notes(actor: Actor, at: datetime) -> tuple[int, str]:
    rows = Note.objects.filter(encounter__doctor_id=actor.staff_id, status="draft", encounter__status="open")
    return _oldest(rows, "created_at", at)


def _reviews(actor: Actor, at: datetime) -> tuple[int, str]:
    return _oldest(Prescription.objects.filter(status__in=["signed", "reviewing"]), "signed_at", at)


def _dispensing(actor: Actor, at: datetime) -> tuple[int, str]:
    return _oldest(Prescription.objects.filter(status="paid"), "paid_at", at)


def _refunds(actor: Actor, at: datetime) -> tuple[int, str]:
    return Refund.objects.filter(status=RefundStatus.REQUESTED).count(), ""


def _days(actor: Actor, at: datetime) -> tuple[int, str]:
    return (unsigned().count() if may_sign_second(actor) else 0), ""


def _messages(actor: Actor, at: datetime) -> tuple[int, str]:
    return unread_count(actor), ""


def _openings(actor: Actor, at: datetime) -> tuple[int, str]:
    rows = emergency.to_judge(actor, at=at)
    return rows.count(), waited(rows.aggregate(since=Min("opened_at"))["since"], at)


_DOCTORS = frozenset({Role.DOCTOR})
_PHARMACISTS = frozenset({Role.PHARMACIST})
_JUDGES = frozenset({Role.HEAD, Role.AUDITOR})
_MONEY = frozenset({Role.FINANCE, Role.CASHIER})

DESKS: tuple[Desk, ...] = (
    Desk(gettext_lazy("Online visits"), "/staff/consult/", _talks, _DOCTORS),
    Desk(gettext_lazy("Critical values"), "/staff/results/", _criticals, _DOCTORS, tone="danger"),
    Desk(gettext_lazy("Results to sign"), "/staff/results/", _results, _DOCTORS),
    Desk(gettext_lazy("Unsigned notes"), "/staff/patients/", _notes, _DOCTORS),
    Desk(gettext_lazy("Prescriptions to review"), "/staff/pharmacy/", _reviews, _PHARMACISTS),
    Desk(gettext_lazy("To dispense"), "/staff/pharmacy/", _dispensing, _PHARMACISTS),
    Desk(gettext_lazy("Refunds to approve"), "/staff/refunds/", _refunds, _MONEY),
    Desk(gettext_lazy("Days to sign"), "/staff/finance/days/", _days, frozenset({Role.AUDITOR})),
    Desk(gettext_lazy("Emergency openings"), "/staff/emergency/reviews/", _openings, _JUDGES),
    Desk(gettext_lazy("Unread messages"), "/staff/messages/", _messages, STAFF, tone="brand"),
)


def tiles_for(actor: Actor, *, at: datetime) -> list[Tile]:
    tiles = []
    for desk in DESKS:
        if actor.is_any(*desk.roles) and may_open(actor, desk.path):
            number, hint = desk.number(actor, at)
            tiles.append(Tile(str(desk.title), desk.path, number, hint, desk.tone if number else "success"))
    return tiles


def bookings_of_today(actor: Actor, *, at: datetime) -> list[Booking]:
    """The patients that a doctor sees today, by time; names are masked on the page (SEC-09)."""
    if actor.staff_id is None:
        return []
    rows = Booking.objects.filter(
        doctor_id=actor.staff_id,
        date=clock.business_day(at),
        status__in=[BookingStatus.BOOKED, BookingStatus.CHECKED_IN, BookingStatus.SEEN],
    )
    return list(rows.select_related("patient", "department").order_by("during", "number"))
