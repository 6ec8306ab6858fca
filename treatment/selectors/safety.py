"""What holds a course up, and which machines are down."""

from datetime import datetime

from django.db import transaction

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound

from .. import policy
from ..models import Course, Displaced, Hold, Interruption, Machine, Outage, Review, Screening, Session
from ..states import HoldStatus, InterruptionStatus, SessionStatus


def holds_of(course: Course) -> list[Hold]:
    return list(course.holds.filter(status=HoldStatus.OPEN).order_by("pk"))


def screening_of(session: Session) -> Screening | None:
    return Screening.objects.filter(session=session).first()


def reviews_of(course: Course) -> list[Review]:
    return list(course.reviews.select_related("doctor").order_by("-at")[:10])


def began_at(course: Course) -> datetime | None:
    """When the first session was given."""
    given = course.sessions.filter(status=SessionStatus.DONE).order_by("ended_at")
    return given.values_list("ended_at", flat=True).first()


def review_due(course: Course, *, at: datetime) -> bool:
    """The next session waits for the doctor to have seen the patient (TR-09)."""
    return policy.review_is_due(course, course.reviews.order_by("-at").first(), began_at(course), at)


def interruption_of(course: Course) -> Interruption | None:
    """The case that is open, else the last decision."""
    rows = course.interruptions.select_related("decided_by", "checked_by").order_by("-pk")
    return rows.exclude(status=InterruptionStatus.SIGNED).first() or rows.first()


def machine_for(actor: Actor, machine_id: int) -> Machine:
    machine = Machine.objects.filter(pk=machine_id).first()
    if machine is None or not policy.runs(actor, machine):
        raise NotFound
    return machine


def outages_of(machine: Machine) -> list[Outage]:
    return list(machine.outages.select_related("declared_by").order_by("-pk")[:10])


def outage_for(actor: Actor, outage_id: int, *, at: datetime) -> tuple[Outage, list[Displaced]]:
    """The outage and whom to call; each patient's record gets its audit line."""
    outage = Outage.objects.select_related("machine", "declared_by").filter(pk=outage_id).first()
    if outage is None or not policy.runs(actor, outage.machine):
        raise NotFound
    rows = outage.displaced.select_related(
        "session__patient", "session__course__item", "moved_to__machine", "told_by", "session__machine"
    )
    lines = list(rows.order_by("session__course__category", "session__during", "pk"))
    with transaction.atomic():
        for patient_id in sorted({line.session.patient_id for line in lines}):
            record(actor, "treatment.phone_list", at=at, subject=outage, patient_id=patient_id)
    return outage, lines
