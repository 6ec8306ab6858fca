"""Writing sessions down and taking them back: the part that placing, moving and outages share."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.messaging.services import message_withdraw, patient_tell

from .. import errors
from ..models import Course, Session
from ..parameters import REMIND_HOURS
from ..states import SESSION, SessionStatus


def insert(sessions: list[Session], *, actor: Actor, at: datetime) -> None:
    try:
        with transaction.atomic():
            Session.objects.bulk_create(sessions)
    except IntegrityError as error:
        raise errors.HourTaken from error
    for session in sessions:
        SESSION.begin(session, actor=actor, at=at)


def remind(course: Course, session: Session, at: datetime) -> None:
    start = session.starts_at
    patient_tell(
        key=f"treatment.reminder:{session.pk}",
        patient_id=course.patient_id,
        kind="treatment.reminder",
        at=at,
        context={
            "item": course.item.name,
            "number": session.number,
            "of": session.of,
            "room": session.machine.room,
            "when": f"{clock.local(start):%m-%d %H:%M}",
            "session_id": session.pk,
        },
        url=f"/treatment/{course.pk}/",
        not_before=max(at, start - timedelta(hours=REMIND_HOURS.at(at))),
    )


def cancel(session: Session, *, actor: Actor, at: datetime, reason: str) -> None:
    SESSION.move(session, SessionStatus.CANCELLED, actor=actor, at=at, reason=reason, ended_at=at)
    message_withdraw(key=f"treatment.reminder:{session.pk}", at=at)
