"""Notes: a draft that is saved as one types, and signed versions that never change again (MR-02..MR-04)."""

import json
import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.forms.models import QuestionnaireVersion
from hospital.kit.append_only import AppendOnly
from hospital.organisation.models import Department, Staff
from hospital.people.models import Patient

from .encounters import Encounter


class NoteStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    SIGNED = "signed", _("signed")
    ARCHIVED = "archived", _("archived")


class Note(models.Model):
    """The note of an encounter. `draft` is what was typed last: {"fields": {...}, "diagnoses": [...]}.

    `revision` rises with each save; a save names the revision it started from, so that nobody overwrites what
    somebody else has saved in the meantime (G11).
    """

    encounter = models.OneToOneField(Encounter, on_delete=models.PROTECT, related_name="note")
    form = models.CharField(max_length=100, default="return-note")  # canonical name of the questionnaire
    form_version = models.ForeignKey(
        QuestionnaireVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # null: the form that the product ships (emr/note_form.py)
    status = models.CharField(max_length=10, choices=NoteStatus.choices, default=NoteStatus.DRAFT)
    draft = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True, blank=True)
    saved_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return f"{self.encounter_id} {self.form}"


class NoteTemplate(models.Model):
    """Words that a doctor or a department uses often; inserted by hand, never by itself."""

    doctor = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("doctor")
    )
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    title = models.CharField(_("title"), max_length=60)
    fields = models.JSONField(_("fields"), default=dict)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("note template")
        verbose_name_plural = _("note templates")

    def __str__(self) -> str:
        return self.title


class DocumentKind(models.TextChoices):
    """What the chain of signed versions holds."""

    NOTE = "note", _("note")
    PRESCRIPTION = "prescription", _("prescription")
    REVIEW = "review", _("review of a prescription")
    REPORT = "report", _("report")


class SignedVersion(AppendOnly):
    """One link of the hospital's chain of signed records (MR-04, G10).

    `content` is the canonical JSON that was signed, byte for byte. `digest` is its SHA-256. `seal` is an HMAC under
    settings.SIGNING_KEY over every other column, `previous` (the seal before) included, so that a changed column, a
    removed, added or swapped row breaks the chain. The end of the chain is anchored in ChainHead and outside of the
    database (emr/chain.py), so that a cut tail is found too.
    """

    sequence = models.BigIntegerField(unique=True)
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    document_id = models.BigIntegerField()
    version = models.PositiveIntegerField()
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, null=True, related_name="signed_versions")
    content = models.TextField()
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64, unique=True)
    signer = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)  # why a signed record was amended
    late = models.BooleanField(default=False)  # written after the limit (Q45, Q50)

    class Meta:
        verbose_name = _("signed version")
        verbose_name_plural = _("signed versions")
        constraints = [
            models.UniqueConstraint(fields=["kind", "document_id", "version"], name="emr_signedversion_once")
        ]
        indexes = [models.Index(fields=["encounter", "kind"], name="emr_signedversion_encounter")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind} {self.document_id}/{self.version}"

    @property
    def data(self) -> dict[str, Any]:
        """The signed content, read back."""
        data: dict[str, Any] = json.loads(self.content)
        return data


class NoteVersions(models.Manager[SignedVersion]):
    def get_queryset(self) -> models.QuerySet[SignedVersion]:
        return super().get_queryset().filter(kind=DocumentKind.NOTE)


class NoteVersion(SignedVersion):
    """The signed versions of notes only."""

    objects: ClassVar[Any] = NoteVersions()

    class Meta:
        proxy = True
        verbose_name = _("signed version of a note")


class ChainHead(models.Model):
    """The end of the chain: one row, locked by whoever signs, so that links are made one after the other."""

    chain = models.UUIDField(default=uuid.uuid4)  # a restored or emptied database must not pass for another chain
    sequence = models.BigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)
    proof = models.CharField(max_length=64, blank=True)  # HMAC over the three

    class Meta:
        verbose_name = _("end of the chain of signed records")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="emr_one_chain")]

    def __str__(self) -> str:
        return str(self.sequence)


class AmendmentStatus(models.TextChoices):
    ASKED = "asked", _("asked for")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    USED = "used", _("used")


class AmendmentRequest(models.Model):
    """Leave to amend an archived note: asked by its author, given by the records office, used once (MR-03)."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="amendment_requests")
    status = models.CharField(max_length=10, choices=AmendmentStatus.choices, default=AmendmentStatus.ASKED)
    reason = models.CharField(_("reason"), max_length=500)
    asked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("request to amend")
        constraints = [
            models.UniqueConstraint(
                fields=["note"], condition=models.Q(status__in=["asked", "approved"]), name="emr_one_open_amendment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.note_id} {self.status}"
