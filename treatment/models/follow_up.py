"""Follow-up after a course: forms that come by themselves, and alarms when an answer is bad (T9)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.organisation.models import Department, Staff
from hospital.people.models import Patient

from ..states import ALARM_TONES, AlarmStatus, TaskStatus
from .courses import Course, Session


class FollowUpTask(models.Model):
    """One form, asked once, some days after the end of a course."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="follow_ups")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    questionnaire = models.SlugField(max_length=80)
    offset_days = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField(_("due"))
    status = models.CharField(_("status"), max_length=10, choices=TaskStatus.choices, default=TaskStatus.WAITING)
    response_id = models.BigIntegerField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("follow-up task")
        verbose_name_plural = _("follow-up tasks")
        constraints = [
            models.UniqueConstraint(fields=["course", "questionnaire", "offset_days"], name="treatment_task_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="treatment_task_due", condition=models.Q(status="waiting")),
            models.Index(fields=["patient", "due_at"], name="treatment_task_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} +{self.offset_days}"


class Alarm(models.Model):
    """A bad answer, or a grave reaction to a session, that a case manager must see, take and handle."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    response_id = models.BigIntegerField(unique=True, null=True)  # of a bad answer
    session = models.OneToOneField(Session, on_delete=models.PROTECT, null=True, related_name="alarm")  # of a reaction
    words = models.JSONField(default=list)  # what was answered, as the form words it
    status = models.CharField(_("status"), max_length=10, choices=AlarmStatus.choices, default=AlarmStatus.RAISED)
    raised_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)  # calls that nobody answered
    call_again_at = models.DateTimeField(null=True, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    what_was_done = models.CharField(_("what was done"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        indexes = [
            models.Index(
                fields=["department", "raised_at"], name="treatment_alarm_open", condition=~models.Q(status="handled")
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(response_id=None) ^ models.Q(session=None), name="treatment_alarm_of_one_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.patient_id} {self.raised_at:%F}"

    @property
    def tone(self) -> str:
        return ALARM_TONES.get(self.status, "")
