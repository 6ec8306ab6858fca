"""Reads of consult. `*_for(actor)` is the door to patient data and writes the audit line."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, DateTimeField, F, Func, Min, Q, QuerySet

from appointments.models import Period, Session
from appointments.states import SessionStatus
from billing.selectors import price_at
from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.organisation.models import Department, Post, Staff

from . import policy
from .errors import ConsentNeeded
from .models import ConsentText, OnlineVisit, Sender, TalkMessage
from .states import VisitStatus

MOST_LINES = 500


def consent_current() -> ConsentText:
    """The version to be signed now. Raises ConsentNeeded when the hospital has published none."""
    text = ConsentText.objects.order_by("-version").first()
    if text is None:
        raise ConsentNeeded
    return text


def _upcoming(at: datetime) -> QuerySet[Session]:
    rows = Session.objects.filter(kind="online", status=SessionStatus.OPEN, during__endswith__gt=at)
    return rows.order_by("during")


def online_department(doctor: Staff, *, at: datetime) -> Department:
    """Where the doctor works online: the department of the next online session, else of today's post."""
    session = _upcoming(at).filter(doctor=doctor).select_related("department").first()
    if session is not None:
        return session.department
    day = clock.business_day(at)
    posts = Post.objects.filter(
        Q(effective_to=None) | Q(effective_to__gte=day), staff=doctor, role="doctor", effective_from__lte=day
    )
    post = posts.select_related("department").order_by("pk").first()
    if post is None:
        raise NotFound
    return post.department


@dataclass(frozen=True, slots=True)
class Offer:
    """A time that can be booked online, with its price in fen."""

    period_id: int
    starts_at: datetime
    ends_at: datetime
    left: int
    price: int


def offers_of(doctor_id: int, *, at: datetime) -> list[Offer]:
    """The free periods of a doctor's online sessions, soonest first."""
    rows = (
        Period.objects.filter(
            session__doctor_id=doctor_id, session__kind="online", session__status=SessionStatus.OPEN, starts_at__gt=at
        )
        .annotate(left=Count("places", filter=Q(places__booking=None)))
        .filter(left__gt=0)
        .select_related("session__department")
        .order_by("starts_at")[:120]
    )  # fmt: skip
    prices: dict[tuple[str, int], int] = {}
    offers: list[Offer] = []
    for row in rows:
        key = (row.session.fee_item, row.session.department.campus_id)
        if key not in prices:
            prices[key] = price_at(key[0], at=at, campus_id=key[1]).price
        offers.append(Offer(row.pk, row.starts_at, row.ends_at, row.left, prices[key]))
    return offers


def online_doctors(*, at: datetime) -> list[Staff]:
    """Doctors with open online sessions to come, soonest first; public words only (IH-14)."""
    begins = Func("sessions__during", function="lower", output_field=DateTimeField())
    rows = Staff.objects.filter(is_listed=True, suspended_at=None, sessions__in=_upcoming(at).order_by())
    return list(rows.annotate(next_online=Min(begins)).order_by("next_online", "pk")[:50])


def visit_for(actor: Actor, visit_id: int, *, at: datetime, action: str = "consult.read") -> OnlineVisit:
    """A visit for its patient's side or its doctor; leaves an audit line. Raises NotFound."""
    rows = OnlineVisit.objects.select_related("patient", "doctor", "department", "booking__charge", "form", "encounter")
    with transaction.atomic():
        visit = rows.filter(pk=visit_id).first()
        if visit is None:
            raise NotFound
        policy.must_be_member(actor, visit)
        record(actor, action, at=at, subject=visit, patient_id=visit.patient_id)
    return visit


def visits_of(actor: Actor) -> QuerySet[OnlineVisit]:
    """The visits of those whom this account acts for, newest first."""
    rows = OnlineVisit.objects.filter(patient_id__in=actor.patient_ids)
    return rows.select_related("patient", "doctor", "department", "booking").order_by("-created_at")


def queue_of(actor: Actor, *, at: datetime) -> QuerySet[OnlineVisit]:
    """The doctor's own visits that wait or are under way: those with the least time left first."""
    rows = OnlineVisit.objects.filter(
        doctor_id=actor.own_staff_id, status__in=[VisitStatus.WAITING, VisitStatus.TALKING]
    )
    new = Q(messages__sender=Sender.PATIENT, messages__seq__gt=F("doctor_read_seq"))
    rows = rows.annotate(unread=Count("messages", filter=new))
    return rows.select_related("patient", "department", "booking", "form").order_by("answer_until", "pk")


def ended_of(actor: Actor) -> QuerySet[OnlineVisit]:
    rows = OnlineVisit.objects.filter(doctor_id=actor.own_staff_id, status=VisitStatus.ENDED)
    return rows.select_related("patient").order_by("-ended_at")


def lines_after(visit_id: int, seq: int) -> list[TalkMessage]:
    """The lines of a talk after the one that the reader has; the caller has asked who may read."""
    return list(TalkMessage.objects.filter(visit_id=visit_id, seq__gt=seq).order_by("seq")[:MOST_LINES])


def member_visit(actor: Actor, visit_id: int) -> OnlineVisit:
    """The visit if the actor is in it, without an audit line: for the socket, which asks every few seconds."""
    visit = OnlineVisit.objects.filter(pk=visit_id).first()
    if visit is None:
        raise NotFound
    policy.must_be_member(actor, visit)
    return visit
