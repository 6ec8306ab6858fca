"""Rules that staff set aside for one booking, each with its reason and its line (AP-07)."""

from dataclasses import dataclass, field
from datetime import datetime

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.problems import Problem
from hospital.kit.transactions import within

from .. import errors
from ..models import Booking, Override


@dataclass(slots=True)
class Aside:
    """The word of a member of staff that soft rules needn't hold this time; `rules` are those that didn't."""

    reason: str
    rules: list[str] = field(default_factory=list)


def aside_for(reason: str) -> Aside | None:
    """None while nobody gave a reason: then every rule holds."""
    return Aside(reason.strip()[:200]) if reason.strip() else None


def let_pass(aside: Aside | None, problem: Problem) -> None:
    """Raise the refusal, unless it is a soft one that staff set aside."""
    if aside is None or problem.hard:
        raise problem
    aside.rules.append(problem.code)


@within
def aside_keep(aside: Aside | None, booking: Booking, *, actor: Actor, at: datetime) -> None:
    """Write down which rules were set aside. Raises OverrideReasonNeeded."""
    if aside is None or not aside.rules:
        return
    if not aside.reason:
        raise errors.OverrideReasonNeeded
    for rule in aside.rules:
        Override.objects.create(
            booking=booking, rule=rule, reason=aside.reason, staff_id=actor.own_staff_id,
            department_id=booking.department_id, at=at,
        )  # fmt: skip
        record(
            actor, "booking.override", at=at, subject=booking, patient_id=booking.patient_id,
            reason=f"{rule}: {aside.reason}",
        )  # fmt: skip
