"""Questionnaires, their immutable versions, and what was answered (FHIR R4 Questionnaire, QuestionnaireResponse)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from hospital.kit.append_only import AppendOnly
from hospital.kit.notices import Notice
from hospital.people.models import Patient

from .states import ResponseStatus


class Questionnaire(models.Model):
    """A form by its canonical name, e.g. `preconsult-oncology`; what it asks is in its versions."""

    name = models.SlugField(_("canonical name"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=200)
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created at"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("questionnaire")
        verbose_name_plural = _("questionnaires")

    def __str__(self) -> str:
        return self.title


class QuestionnaireVersion(AppendOnly):
    """What a questionnaire asked from one day on: a FHIR R4 Questionnaire resource that never changes again."""

    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    digest = models.CharField(max_length=64)  # SHA-256 of the canonical JSON
    note = models.CharField(_("what changed"), max_length=200, blank=True)
    published_at = models.DateTimeField(_("published at"))
    published_by = models.BigIntegerField(null=True)  # staff id; null when the house itself loaded it

    class Meta:
        verbose_name = _("version of a questionnaire")
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "number"], name="forms_version_number"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="forms_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire_id} v{self.number}"


class Response(models.Model):
    """One form filled in for one patient, because of one row of an app above (`because`, `because_id`).

    `answers` is the `item` list of a FHIR QuestionnaireResponse. It belongs to `version` for ever. `unread` keeps what
    was typed into a draft and could not be read as an answer ("abc" for a number), by field of the page, so that a
    draft loses nothing. `revision` counts saves; a save that speaks of an older one is refused (G11).
    """

    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="responses")
    version = models.ForeignKey(QuestionnaireVersion, on_delete=models.PROTECT, related_name="responses")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    because = models.CharField(max_length=60)
    because_id = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=ResponseStatus.choices, default=ResponseStatus.IN_PROGRESS)
    answers = models.JSONField(default=list)
    unread = models.JSONField(default=dict)
    scores = models.JSONField(default=dict)  # linkId -> number or text of each calculated item
    alarms = models.JSONField(default=list)  # answers that must reach the team, see engine.scoring.Alarm
    revision = models.PositiveIntegerField(default=0)
    author_account_id = models.BigIntegerField(null=True)
    author_staff_id = models.BigIntegerField(null=True)
    started_at = models.DateTimeField()
    saved_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("filled-in form")
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "because", "because_id"], name="forms_response_once"),
            models.CheckConstraint(
                condition=~models.Q(status__in=["completed", "amended"]) | models.Q(completed_at__isnull=False),
                name="forms_response_completed_at",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-started_at"], name="forms_response_patient"),
            models.Index(fields=["because", "because_id"], name="forms_response_because"),
        ]

    def __str__(self) -> str:
        return f"{self.because} {self.because_id}"

    @property
    def is_open(self) -> bool:
        return self.status == ResponseStatus.IN_PROGRESS


class ResponseCopy(AppendOnly):
    """What was handed in: one row per completion or correction, kept beside the response for ever."""

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="copies")
    revision = models.PositiveIntegerField()
    answers: Any = models.JSONField()
    scores = models.JSONField(default=dict)
    alarms = models.JSONField(default=list)
    at = models.DateTimeField()
    account_id = models.BigIntegerField(null=True)
    staff_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200, blank=True)  # of a correction

    class Meta:
        verbose_name = _("handed-in copy of a form")
        constraints = [models.UniqueConstraint(fields=["response", "revision"], name="forms_copy_revision")]

    def __str__(self) -> str:
        return f"{self.response_id} r{self.revision}"


class FormNotice(Notice):
    """Tells the app above that a form was handed in (hospital/kit/notices.py)."""
