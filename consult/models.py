"""Online visits: eligibility, consent, the talk (rules section 1)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models import Booking
from emr.models import Encounter
from hospital.forms.models import Response
from hospital.kit.append_only import AppendOnly
from hospital.organisation.models import Department, Staff
from hospital.people.models import Account, Patient

from .states import LIVE, VisitStatus


class Service(models.TextChoices):
    """IH-03: two services that never mix; advice knows no diagnosis, order or prescription."""

    RETURN = "return", _("online return visit")
    ADVICE = "advice", _("health advice")


class EndCode(models.TextChoices):
    """Why a doctor ended or declined a visit (IH-11)."""

    DONE = "done", _("finished")
    CHANGED = "changed", _("the condition has changed; an examination in person is needed")
    FIRST_VISIT = "first_visit", _("this would be a first visit")
    UNSUITABLE = "unsuitable", _("not suitable for an online visit")
    EMERGENCY = "emergency", _("an emergency: go to the nearest hospital or call 120")
    IDENTITY = "identity", _("doubts about identity")
    SILENT = "silent", _("no answer for a long time")


REFUNDED_ENDS = frozenset(
    {EndCode.FIRST_VISIT, EndCode.UNSUITABLE, EndCode.IDENTITY, EndCode.CHANGED, EndCode.EMERGENCY}
)


class OnlineVisit(models.Model):
    """One patient with one doctor, online. `last_seq` is the number of the newest line of the talk."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="online_visits")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")  # who applied
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="online_visits")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    service = models.CharField(_("service"), max_length=10, choices=Service.choices, default=Service.RETURN)
    status = models.CharField(_("status"), max_length=10, choices=VisitStatus.choices, default=VisitStatus.APPLYING)
    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    encounter = models.OneToOneField(Encounter, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    form = models.OneToOneField(Response, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    qualification = models.JSONField(default=dict, blank=True)  # of the doctor when the visit began (Q40)
    guardian_name = models.CharField(_("guardian present"), max_length=40, blank=True)  # IH-06
    guardian_at = models.DateTimeField(null=True, blank=True)
    last_seq = models.PositiveIntegerField(default=0)
    patient_read_seq = models.PositiveIntegerField(default=0)
    doctor_read_seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    answer_until = models.DateTimeField(_("to be answered until"), null=True, blank=True)  # IH-19
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_code = models.CharField(_("why it ended"), max_length=12, choices=EndCode.choices, blank=True)
    end_note = models.CharField(_("what the patient should do now"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("online visit")
        verbose_name_plural = _("online visits")
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "doctor"],
                condition=models.Q(status__in=[str(status) for status in LIVE]),
                name="consult_one_live_visit",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="waiting") | models.Q(booking__isnull=False, answer_until__isnull=False),
                name="consult_waiting_is_booked",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="talking") | models.Q(encounter__isnull=False, started_at__isnull=False),
                name="consult_talking_has_encounter",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="ended") | (~models.Q(end_code="") & models.Q(ended_at__isnull=False)),
                name="consult_ended_has_code",
            ),
        ]
        indexes = [
            models.Index(
                fields=["doctor", "answer_until"], name="consult_visit_queue", condition=models.Q(status="waiting")
            ),
            models.Index(fields=["patient", "-created_at"], name="consult_visit_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"

    @property
    def talk_is_open(self) -> bool:
        return self.status in (VisitStatus.WAITING, VisitStatus.TALKING)


class EvidenceKind(models.TextChoices):
    """What proves an offline diagnosis (IH-01)."""

    OWN = "own", _("record of this hospital")
    OUTPATIENT = "outpatient", _("outpatient record of another hospital")
    INPATIENT = "inpatient", _("inpatient record of another hospital")
    DISCHARGE = "discharge", _("discharge summary of another hospital")
    CERTIFICATE = "certificate", _("diagnosis certificate of another hospital")


class Evidence(models.Model):
    """An offline diagnosis on which a return visit rests. Own records prove themselves; others the doctor confirms."""

    visit = models.ForeignKey(OnlineVisit, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(_("kind"), max_length=12, choices=EvidenceKind.choices)
    diagnosis_id = models.BigIntegerField(null=True, blank=True)  # emr.Diagnosis of our own record
    code = models.CharField(max_length=40, blank=True)  # ICD-10; of uploaded evidence the doctor gives it
    display = models.CharField(_("diagnosis"), max_length=300)
    hospital = models.CharField(_("hospital"), max_length=100, blank=True)
    diagnosed_on = models.DateField(_("date of the diagnosis"))
    file = models.FileField(_("picture"), upload_to="consult/evidence/%Y/%m/", blank=True)
    confirmed_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("evidence of an offline diagnosis")
        constraints = [
            models.UniqueConstraint(fields=["visit", "diagnosis_id"], name="consult_evidence_once"),
            models.CheckConstraint(
                condition=~models.Q(kind="own") | (models.Q(diagnosis_id__isnull=False) & ~models.Q(code="")),
                name="consult_own_evidence_is_coded",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at=None) | (models.Q(confirmed_by__isnull=False) & ~models.Q(code="")),
                name="consult_confirmed_evidence_is_coded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.display}"

    @property
    def is_own(self) -> bool:
        return self.kind == EvidenceKind.OWN

    @property
    def category(self) -> str:
        """Three characters, by which diagnoses are matched (OP-02)."""
        return self.code[:3].upper()


class ConsentText(AppendOnly):
    """A version of the informed consent to online visits (IH-10); the newest one is to be signed."""

    version = models.PositiveIntegerField(_("version"), unique=True)
    text = models.TextField(_("text"))
    digest = models.CharField(_("digest"), max_length=64)  # SHA-256 of the text
    published_at = models.DateTimeField(_("published at"))

    class Meta:
        verbose_name = _("consent to online visits")
        verbose_name_plural = _("consents to online visits")

    def __str__(self) -> str:
        return f"v{self.version}"


class ConsentSignature(AppendOnly):
    """Who agreed to which words, when, from where (IH-10)."""

    visit = models.OneToOneField(OnlineVisit, on_delete=models.PROTECT, related_name="consent")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    account_id = models.BigIntegerField()
    at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("signed consent")

    def __str__(self) -> str:
        return f"{self.visit_id} {self.digest[:12]}"


class Sender(models.TextChoices):
    PATIENT = "patient", _("patient")
    DOCTOR = "doctor", _("doctor")
    HOUSE = "house", _("hospital")


class MessageKind(models.TextChoices):
    TEXT = "text", _("text")
    CARD = "card", _("card")
    PICTURE = "picture", _("picture")
    SYSTEM = "system", _("notice")


class TalkMessage(AppendOnly):
    """One line of a talk. `seq` counts 1, 2, 3… within the visit without gaps, so that a client knows what it lacks.

    `client_key` is made by the writer's page: the same key again is the same line (G35). Kept with the record: the
    table only grows (IH-12).
    """

    visit = models.ForeignKey(OnlineVisit, on_delete=models.PROTECT, related_name="messages")
    seq = models.PositiveIntegerField()
    sender = models.CharField(max_length=10, choices=Sender.choices)
    kind = models.CharField(max_length=10, choices=MessageKind.choices, default=MessageKind.TEXT)
    text = models.TextField(blank=True)
    card = models.JSONField(default=dict, blank=True)  # what a card shows: {"what": "prescription", "id": 7, …}
    account_id = models.BigIntegerField(null=True)
    client_key = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("line of a talk")
        constraints = [
            models.UniqueConstraint(fields=["visit", "seq"], name="consult_talk_seq"),
            models.UniqueConstraint(
                fields=["visit", "account_id", "client_key"],
                condition=~models.Q(client_key=""),
                name="consult_talk_once",
            ),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="consult_talk_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id}#{self.seq}"


class TalkPicture(AppendOnly):
    """A picture sent in a talk, made anew by kit.pictures; kept outside what the web server shows (G16, IH-12).

    The file's name is made by chance: who learns one learns no other, and nothing of the sender's name is in it.
    """

    visit = models.ForeignKey(OnlineVisit, on_delete=models.PROTECT, related_name="pictures")
    file = models.FileField(_("picture"), upload_to="consult/talk/%Y/%m/")
    digest = models.CharField(max_length=64)  # SHA-256 of the file
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    account_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("picture of a talk")
        constraints = [models.UniqueConstraint(fields=["file"], name="consult_picture_file_once")]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.digest[:12]}"
