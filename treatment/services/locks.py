"""The rows that verbs of treatment lock: course, session, machines by id; the same order everywhere."""

from django.db.models import QuerySet

from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound

from .. import policy
from ..models import Course, Machine, Session


def course_locked(course_id: int) -> Course:
    """The course, locked: it is what two placements of the same course compete for."""
    rows = Course.objects.select_for_update(no_key=True, of=("self",)).select_related("item", "order", "doctor")
    course = rows.filter(pk=course_id).first()
    if course is None:
        raise NotFound
    return course


def session_locked(actor: Actor, session_id: int) -> tuple[Course, Session]:
    """The course and the session, for whoever works at the machine."""
    found = Session.objects.filter(pk=session_id).first()
    if found is None:
        raise NotFound
    course = course_locked(found.course_id)
    if not policy.works_there(actor, course):
        raise NotFound
    rows = Session.objects.select_for_update(no_key=True, of=("self",)).select_related("machine")
    return course, rows.get(pk=session_id)


def queue_at(machines: QuerySet[Machine]) -> QuerySet[Machine]:
    """The machines, locked: callers stand in line before they take times on them.

    The exclusion constraint alone is safe, but two who insert overlapping times see each other and wait for each other: a
    deadlock, a second of waiting for each pair. And a time that is taken while the machine is declared down would be
    seen by neither.
    """
    return machines.select_for_update(no_key=True, of=("self",)).order_by("pk")
