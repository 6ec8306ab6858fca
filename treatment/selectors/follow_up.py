"""What patients are asked after a course, and the alarms that their answers raise (T9)."""

from django.db.models import Count, Q, QuerySet

from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound

from ..models import Alarm, FollowUpTask
from ..states import AlarmStatus, TaskStatus


def follow_ups_for(actor: Actor) -> QuerySet[FollowUpTask]:
    """What the patients of this account were or will be asked, the open ones first."""
    rows = FollowUpTask.objects.filter(patient_id__in=actor.patient_ids).exclude(status=TaskStatus.CANCELLED)
    open_first = Count("pk", filter=Q(status=TaskStatus.ASKED))
    return rows.annotate(is_open=open_first).select_related("course__item", "patient").order_by("-is_open", "due_at")


def follow_ups_open(actor: Actor) -> int:
    return FollowUpTask.objects.filter(patient_id__in=actor.patient_ids, status=TaskStatus.ASKED).count()


def alarms_for(actor: Actor, *, handled: bool) -> QuerySet[Alarm]:
    """Alarms for the case manager: the oldest unhandled first, or the last handled."""
    if not actor.is_any(Role.CASE_MANAGER):
        raise NotFound
    rows = Alarm.objects.select_related("patient", "department", "handled_by", "taken_by")
    if handled:
        return rows.filter(status=AlarmStatus.HANDLED).order_by("-handled_at")
    return rows.exclude(status=AlarmStatus.HANDLED).order_by("raised_at")
