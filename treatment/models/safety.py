"""What stops a course or holds it up, and who let it go on: questions, holds, reviews, interruptions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly
from hospital.organisation.models import Staff

from ..states import HoldStatus, InterruptionStatus
from .courses import Course, Session


class Screening(AppendOnly):
    """The questions asked before one session, as they were asked, and the answers (TR-05)."""

    session = models.OneToOneField(Session, on_delete=models.PROTECT, related_name="screening")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField()  # [[question, true or false], ...]
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("questions before a session")

    def __str__(self) -> str:
        return str(self.session_id)


class HoldReason(models.TextChoices):
    ASSESSMENT = "assessment", _("the assessment is worse")
    ADVERSE = "adverse", _("grave reaction")
    CONTRAINDICATION = "contraindication", _("a question was answered with yes")


class Hold(models.Model):
    """A course stands still until its doctor lets it go on (TR-04, TR-05)."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(_("reason"), max_length=20, choices=HoldReason.choices)
    source = models.CharField(max_length=40)  # what it is about, e.g. "screening:12"; the same thing holds once
    words = models.CharField(max_length=500)
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus.choices, default=HoldStatus.OPEN)
    raised_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    released_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [models.UniqueConstraint(fields=["course", "source"], name="treatment_hold_once")]

    def __str__(self) -> str:
        return f"{self.course_id} {self.reason}"


class Review(AppendOnly):
    """The doctor saw the patient during the course (TR-09)."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="reviews")
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    finding = models.CharField(_("finding"), max_length=500)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("review by the doctor")

    def __str__(self) -> str:
        return f"{self.course_id} {self.at:%F}"


class Way(models.TextChoices):
    """How lost days are made up for (TR-08)."""

    WEEKEND = "weekend", _("sessions at the weekend")
    TWICE_DAILY = "twice_daily", _("two sessions on some days")
    NEW_PLAN = "new_plan", _("another dose by a new plan")
    ACCEPT = "accept", _("accept the later end")


class Interruption(models.Model):
    """A course ends later than its category bears: the doctor decides, the physicist checks (TR-08)."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="interruptions")
    days = models.PositiveSmallIntegerField(_("days later"))  # working days past the planned end, when it was opened
    limit = models.PositiveSmallIntegerField(_("days borne"))
    status = models.CharField(
        _("status"), max_length=10, choices=InterruptionStatus.choices, default=InterruptionStatus.OPEN
    )
    opened_at = models.DateTimeField()
    way = models.CharField(_("made up for by"), max_length=20, choices=Way.choices, blank=True)
    words = models.CharField(_("why"), max_length=500, blank=True)
    decided_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("interruption")
        verbose_name_plural = _("interruptions")
        constraints = [
            models.UniqueConstraint(
                fields=["course"], condition=~models.Q(status="signed"), name="treatment_interruption_once"
            ),
            models.CheckConstraint(
                condition=models.Q(checked_by=None) | ~models.Q(checked_by=models.F("decided_by")),
                name="treatment_interruption_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} +{self.days}"
