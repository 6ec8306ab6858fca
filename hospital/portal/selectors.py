"""What a patient's home page knows about the patient: the next things to do, of all apps below.

These are pointers ("a new report", "two bills"), shown to the account that acts for the patients; opening one is a read
of the record and leaves its audit line in the app that it belongs to.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from appointments.models import Booking
from appointments.policy import is_stopped
from appointments.states import BookingStatus
from billing.selectors import open_charges_for
from consult.models import OnlineVisit
from consult.states import VisitStatus
from emr.models import Report
from emr.selectors import visible_reports
from hospital.audit import services as audit
from hospital.forms.models import Response
from hospital.forms.states import ResponseStatus
from hospital.kit import clock, money
from hospital.kit.actor import Actor
from hospital.kit.routes import page_exists
from hospital.people.models import FamilyLink, Patient, Relation
from treatment.models import Session
from treatment.states import SessionStatus

MOST = 4  # of each kind; the rest is one touch away on its own page


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits for the patient. `until`: when it is too late; `today`: it belongs on top."""

    title: str
    url: str
    icon: str
    action: str
    text: str = ""
    whom: str = ""
    tone: str = ""
    at: datetime | None = None
    until: datetime | None = None


def own_patients(actor: Actor) -> dict[int, Patient]:
    """The patients that this account acts for, by id."""
    return {patient.pk: patient for patient in Patient.objects.filter(pk__in=actor.patient_ids)}


def myself(actor: Actor) -> Patient | None:
    """The person whose account it is; None before the first profile."""
    link = FamilyLink.objects.filter(account_id=actor.own_account_id, relation=Relation.SELF, revoked_at=None)
    found = link.select_related("patient").first()
    return found.patient if found else None


def names_of(actor: Actor) -> dict[int, str]:
    """Whose a thing is, when the account acts for more than one; empty when there is nobody to tell apart."""
    patients = own_patients(actor)
    return {pk: patient.name for pk, patient in patients.items()} if len(patients) > 1 else {}


def responses_for(actor: Actor, *, at: datetime) -> QuerySet[Response]:
    """The forms that the patients were asked to fill in: open ones first, then newest first."""
    with transaction.atomic():
        audit.record(actor, "portal.forms", at=at)
    rows = Response.objects.filter(patient_id__in=actor.patient_ids, author_staff_id=None)
    rows = rows.exclude(status=ResponseStatus.STOPPED).select_related("questionnaire")
    return rows.order_by(F("completed_at").desc(nulls_first=True), "-started_at", "-pk")


def todos_for(actor: Actor, *, at: datetime) -> list[Todo]:
    """What to do next, most pressing first: what expires, a stopped clinic, today's visits, what is owed, what is new, what comes."""
    if not actor.patient_ids:
        return []
    names = names_of(actor)
    visits = sorted([*_visits(actor, at, names), *_sessions(actor, at, names)], key=lambda todo: todo.at or at)
    tonight = clock.day_bounds(clock.business_day(at))[1]
    stopped = [visit for visit in visits if visit.url.endswith("/stopped/")]
    today = [visit for visit in visits if visit.at is not None and visit.at < tonight and visit not in stopped]
    later = [visit for visit in visits if visit not in today and visit not in stopped]
    found = [
        *_talks(actor, names),
        *stopped,
        *today,
        *_bills(actor, at),
        *_forms(actor, names),
        *_reports(actor, names),
        *later,
    ]
    return [todo for todo in found if page_exists(todo.url)]


def _visits(actor: Actor, at: datetime, names: dict[int, str]) -> list[Todo]:
    coming = Booking.objects.filter(
        patient_id__in=actor.patient_ids,
        status__in=[BookingStatus.BOOKED, BookingStatus.CHECKED_IN],
        during__endswith__gt=at - timedelta(hours=4),
    ).exclude(kind="online")  # shown as the talk that it opens
    rows = coming.select_related("doctor", "department", "session").order_by("during", "pk")[:MOST]
    return [
        _stopped(row, names)
        if is_stopped(row)
        else Todo(
            title=f"{row.department.name} · {row.doctor.name}",
            url=f"/visits/{row.pk}/",
            icon="stethoscope",
            action=_("See your place in the queue") if row.status == BookingStatus.CHECKED_IN else _("Open the visit"),
            text=row.department.location,
            whom=names.get(row.patient_id, ""),
            tone="brand",
            at=row.starts_at,
        )
        for row in rows
    ]


def _stopped(row: Booking, names: dict[int, str]) -> Todo:
    """Nobody should set out for a clinic that was stopped: the choice stands on top (AP-08)."""
    return Todo(
        title=f"{row.department.name} · {row.doctor.name}",
        url=f"/visits/{row.pk}/stopped/",
        icon="bell",
        action=_("Choose another time or the money back"),
        text=_("The clinic was stopped"),
        whom=names.get(row.patient_id, ""),
        tone="accent",
        at=row.starts_at,
    )


def _bills(actor: Actor, at: datetime) -> list[Todo]:
    charges = list(open_charges_for(actor, at=at))
    if not charges:
        return []
    owed = money.format_yuan(money.total(charge.amount for charge in charges))
    count = len(charges)
    return [
        Todo(
            title=_("¥%(amount)s to pay") % {"amount": owed},
            url="/pay/",
            icon="pay",
            action=_("Pay"),
            text=ngettext("%(count)d bill is open", "%(count)d bills are open", count) % {"count": count},
            tone="accent",
            until=charges[0].expires_at,
        )
    ]


def _forms(actor: Actor, names: dict[int, str]) -> list[Todo]:
    waiting: QuerySet[Response] = Response.objects.filter(
        patient_id__in=actor.patient_ids, status=ResponseStatus.IN_PROGRESS, author_staff_id=None
    )
    return [
        Todo(
            title=row.questionnaire.title,
            url=f"/forms/{row.pk}/",
            icon="form",
            action=_("Go on") if row.revision else _("Answer"),
            text=_("Begun, not handed in yet") if row.revision else _("Please answer before the visit"),
            whom=names.get(row.patient_id, ""),
        )
        for row in waiting.select_related("questionnaire").order_by("-started_at")[:MOST]
    ]


def _reports(actor: Actor, names: dict[int, str]) -> list[Todo]:
    fresh = Report.objects.filter(visible_reports(actor.patient_ids), first_read_at=None).order_by("-released_at")
    newest = list(fresh[:1])
    if not newest:
        return []
    row, count = newest[0], fresh.count()
    more = ngettext("%(count)d new report", "%(count)d new reports", count) % {"count": count}
    return [
        Todo(
            title=row.title if count == 1 else more,
            url=f"/reports/{row.pk}/" if count == 1 else "/reports/",
            icon="report",
            action=_("Read"),
            text=_("New report") if count == 1 else row.title,
            whom=names.get(row.patient_id, "") if count == 1 else "",
            tone="info",
            at=row.released_at,
        )
    ]


_TALK = {
    VisitStatus.APPLYING: (gettext_lazy("Go on"), gettext_lazy("Your application isn't complete yet")),
    VisitStatus.WAITING: (gettext_lazy("Open"), gettext_lazy("The doctor has been told and will answer")),
    VisitStatus.TALKING: (gettext_lazy("Open"), gettext_lazy("The doctor is with you")),
}


def _talks(actor: Actor, names: dict[int, str]) -> list[Todo]:
    rows = OnlineVisit.objects.filter(patient_id__in=actor.patient_ids, status__in=list(_TALK))
    found = []
    for row in rows.select_related("doctor", "department").order_by("-created_at")[:MOST]:
        action, text = _TALK[VisitStatus(row.status)]
        answered = row.status == VisitStatus.TALKING and row.last_seq > row.patient_read_seq
        found.append(
            Todo(
                title=_("Online visit with %(name)s") % {"name": row.doctor.name},
                url=f"/consult/{row.pk}/talk/" if row.status == VisitStatus.TALKING else f"/consult/{row.pk}/",
                icon="talk",
                action=_("Read the answer") if answered else str(action),
                text=_("The doctor has answered") if answered else str(text),
                whom=names.get(row.patient_id, ""),
                tone="accent" if answered else "brand",
            )
        )
    return found


def _sessions(actor: Actor, at: datetime, names: dict[int, str]) -> list[Todo]:
    """The next session of each course under way."""
    rows = Session.objects.filter(
        patient_id__in=actor.patient_ids,
        status__in=[SessionStatus.BOOKED, SessionStatus.ARRIVED],
        during__endswith__gt=at,
    )
    nearest: dict[int, Session] = {}
    for row in rows.select_related("course__item", "machine").order_by("during", "pk")[: MOST * 10]:
        nearest.setdefault(row.course_id, row)
    return [
        Todo(
            title=row.course.item.name,
            url=f"/treatment/{row.course_id}/",
            icon="treatment",
            action=_("Open"),
            text=row.machine.name,
            whom=names.get(row.patient_id, ""),
            tone="brand",
            at=row.starts_at,
        )
        for row in list(nearest.values())[:MOST]
    ]
