"""The board of the day: machines as columns, their sessions by time."""

from dataclasses import dataclass, field
from datetime import date, datetime

from hospital.kit import clock
from hospital.kit.actor import Actor

from ..models import Machine, Session
from ..states import SessionStatus


@dataclass(slots=True)
class Column:
    """One machine of the board with its sessions of the day, by time."""

    machine: Machine
    sessions: list[Session] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(session.status == SessionStatus.DONE for session in self.sessions)


def board_for(actor: Actor, day: date) -> list[Column]:
    """The machines of the actor's departments with the day's sessions; names are masked by the page (SEC-09)."""
    machines = Machine.objects.filter(department_id__in=actor.department_ids, is_active=True).order_by("code")
    columns = {machine.pk: Column(machine) for machine in machines}
    rows = Session.objects.filter(day=day, machine_id__in=columns).exclude(status=SessionStatus.CANCELLED)
    for session in rows.select_related("patient", "course__item").order_by("during", "pk"):
        columns[session.machine_id].sessions.append(session)
    return list(columns.values())


def session_of_card(actor: Actor, patient_id: int, *, at: datetime) -> Session | None:
    """The patient's booked session of today in the actor's departments: what the scanned card is for."""
    rows = Session.objects.filter(
        patient_id=patient_id,
        day=clock.business_day(at),
        status=SessionStatus.BOOKED,
        course__department_id__in=actor.department_ids,
    )
    return rows.order_by("during").first()
