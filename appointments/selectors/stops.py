"""Stopped clinics, for those who telephone: who is still to be called, and what became of everybody else (AP-08)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from hospital.audit.services import record
from hospital.kit.actor import Actor
from hospital.kit.transactions import entry
from hospital.people.models import FamilyLink, Patient

from .. import parameters, policy
from ..models import Session, StopCase
from ..states import StopCaseStatus

_CALLS_SHOWN = 100
_RECENT = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class StopCall:
    """One patient to telephone, however many of their visits were stopped: one call tells of all."""

    patient: Patient
    cases: list[StopCase]

    @property
    def first(self) -> StopCase:
        return self.cases[0]


@dataclass(frozen=True, slots=True)
class StoppedClinic:
    """A stopped clinic and how far its patients know: each of them stands in exactly one of the first four numbers."""

    session: Session
    read: int  # opened it themselves, or chose
    called: int  # spoken to by telephone
    to_call: int
    told: int  # told a short while ago; there is time to read
    moved: int
    refunded: int

    @property
    def patients(self) -> int:
        return self.read + self.called + self.to_call + self.told


@dataclass(frozen=True, slots=True)
class StopCalls:
    calls: list[StopCall]
    clinics: list[StoppedClinic]
    reached: list[StopCase]  # by telephone, the last first; names are masked where they are shown


def unreached() -> Q:
    """Cases of patients who, for all we know, may still come to a clinic that isn't there: who never opened the news.
    Also whose time to choose is over and whose money went back by itself: that is no sign that they know."""
    by_itself = Q(status=StopCaseStatus.REFUNDED, ended_at__gte=F("decide_until"))
    return Q(reached_at=None) & (Q(status=StopCaseStatus.OPEN) | by_itself)


@entry
def stops_to_phone(actor: Actor, *, at: datetime) -> StopCalls:
    """Whose clinic was stopped and who hasn't read of it though there was time, the soonest visit first; until the hour
    of the visit. Raises NotFound."""
    policy.must_phone(actor)
    had_time = Q(told_at__lte=at - _until_phoned(at)) | Q(has_account=False)
    due = _cases(actor).filter(unreached(), had_time, booking__during__startswith__gt=at)
    calls: dict[int, StopCall] = {}
    for case in due.order_by("booking__during", "pk"):
        if len(calls) == _CALLS_SHOWN and case.booking.patient_id not in calls:
            continue
        calls.setdefault(case.booking.patient_id, StopCall(case.booking.patient, [])).cases.append(case)
    for call in calls.values():  # telephone numbers in full: each look is a line (SEC-09)
        record(actor, "stop.phone", at=at, subject=call.first, patient_id=call.patient.pk)
    reached = _cases(actor).filter(reached_at=F("last_call_at"), reached_at__gt=at - _RECENT)
    live = _cases(actor).filter(session__during__startswith__gt=at).order_by("session__during", "session_id")
    return StopCalls(list(calls.values()), _clinics(live, at=at), list(reached.order_by("-reached_at")[:_CALLS_SHOWN]))


def _cases(actor: Actor) -> QuerySet[StopCase]:
    """Cases of the campuses. Who has no account of their own or of the family was sent nothing and can only be called."""
    links = FamilyLink.objects.filter(patient_id=OuterRef("booking__patient_id"), revoked_at=None)
    rows = StopCase.objects.filter(session__department__campus_id__in=actor.campus_ids)
    known = rows.annotate(has_account=Exists(links), is_unreached=ExpressionWrapper(unreached(), BooleanField()))
    return known.select_related(
        "booking__patient", "booking__doctor", "booking__department", "session__doctor", "session__department",
        "last_call_by",
    )  # fmt: skip


def _clinics(cases: Iterable[StopCase], *, at: datetime) -> list[StoppedClinic]:
    by_session: dict[int, list[StopCase]] = {}
    for case in cases:
        by_session.setdefault(case.session_id, []).append(case)
    return [_clinic(own, at=at) for own in by_session.values()]


def _clinic(cases: list[StopCase], *, at: datetime) -> StoppedClinic:
    called = sum(one.reached_at is not None and one.reached_at == one.last_call_at for one in cases)
    unknown = [one for one in cases if one.is_unreached]  # type: ignore[attr-defined]
    had_time = at - _until_phoned(at)
    to_call = sum(one.told_at <= had_time or not one.has_account for one in unknown)  # type: ignore[attr-defined]
    return StoppedClinic(
        cases[0].session, read=len(cases) - len(unknown) - called, called=called, to_call=to_call,
        told=len(unknown) - to_call, moved=sum(one.status == StopCaseStatus.MOVED for one in cases),
        refunded=sum(one.status == StopCaseStatus.REFUNDED for one in cases),
    )  # fmt: skip


def _until_phoned(at: datetime) -> timedelta:
    return timedelta(minutes=parameters.STOP_CALL_MINUTES.at(at))
