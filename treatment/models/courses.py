"""Courses and their sessions. A machine's minute and a patient's minute are taken once: the database sees to it."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from emr.models import Order
from hospital.kit.append_only import AppendOnly
from hospital.kit.spans import Spanned
from hospital.organisation.models import Department, Staff
from hospital.people.models import Patient

from ..states import COURSE_TONES, LIVE_SESSION, SESSION_TONES, CourseStatus, SessionStatus
from .catalogue import Machine, TreatmentItem


class Category(models.IntegerChoices):
    """How a pause harms, by the kind of tumour and the aim (TR-08)."""

    FAST = 1, _("1: fast growing, to be cured")
    CURABLE = 2, _("2: other, to be cured")
    PALLIATIVE = 3, _("3: to relieve")


class Course(models.Model):
    """So many sessions of one item, as one doctor ordered them (T2). `planned` is the ordered number."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="courses")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="courses")
    item = models.ForeignKey(TreatmentItem, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    planned = models.PositiveSmallIntegerField(_("ordered sessions"))
    done = models.PositiveSmallIntegerField(_("given sessions"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=CourseStatus.choices, default=CourseStatus.ORDERED)
    machine = models.ForeignKey(Machine, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    hour = models.TimeField(_("time of day"), null=True, blank=True)
    category = models.PositiveSmallIntegerField(
        _("how much a pause harms"), choices=Category.choices, default=Category.FAST
    )  # TR-08; nobody said: the strictest
    planned_end = models.DateField(null=True, blank=True)  # the day of the last session as first placed (TR-08)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("course of treatment")
        verbose_name_plural = _("courses of treatment")
        constraints = [
            models.UniqueConstraint(fields=["order", "item"], name="treatment_course_once"),
            models.CheckConstraint(condition=models.Q(planned__gte=1), name="treatment_course_planned"),
            models.CheckConstraint(condition=models.Q(done__lte=models.F("planned")), name="treatment_course_done"),
        ]
        indexes = [models.Index(fields=["patient", "-created_at"], name="treatment_course_patient")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.planned}"

    @property
    def left(self) -> int:
        return self.planned - self.done

    @property
    def tone(self) -> str:
        """The colour that goes with the word of the status."""
        return COURSE_TONES.get(self.status, "")


class ClearanceKind(models.TextChoices):
    """What must be there before the first session (TR-03, TR-06)."""

    CONSENT = "consent", _("consent of the patient")
    SIMULATION = "simulation", _("CT simulation done")
    PHYSICIAN = "physician", _("plan approved by the doctor")
    PHYSICIST = "physicist", _("plan checked by the physicist")
    QUALITY = "quality", _("plan measured on the machine")
    IMAGE = "image", _("position checked by image")


class Clearance(AppendOnly):
    """One release of a course, by whom and when; the text that was agreed to is kept by its hash."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="clearances")
    kind = models.CharField(max_length=20, choices=ClearanceKind.choices)
    account_id = models.BigIntegerField(null=True)  # the patient's side
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+")
    text_digest = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("release")
        constraints = [models.UniqueConstraint(fields=["course", "kind"], name="treatment_clearance_once")]

    def __str__(self) -> str:
        return f"{self.course_id} {self.kind}"


class Session(Spanned):
    """One session of a course on a machine. `of` repeats the ordered number, so that the database can count along."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    machine = models.ForeignKey(Machine, on_delete=models.PROTECT, related_name="sessions")
    number = models.PositiveSmallIntegerField(_("number"))
    of = models.PositiveSmallIntegerField(_("of"))
    day = models.DateField(_("day"))
    part = models.PositiveSmallIntegerField(default=1)  # 2: a second one on its day, by a signed decision (TR-07)
    status = models.CharField(_("status"), max_length=10, choices=SessionStatus.choices, default=SessionStatus.BOOKED)
    arrived_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            ExclusionConstraint(
                name="treatment_machine_once",
                expressions=[("machine", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=models.Q(status__in=LIVE_SESSION),
            ),
            ExclusionConstraint(
                name="treatment_patient_once",
                expressions=[("patient", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=models.Q(status__in=LIVE_SESSION),
            ),
            models.UniqueConstraint(
                fields=["course", "number"],
                condition=models.Q(status__in=LIVE_SESSION),
                name="treatment_session_number",
            ),
            models.UniqueConstraint(
                fields=["course", "day", "part"],
                condition=models.Q(status__in=LIVE_SESSION),
                name="treatment_session_day",
            ),
            models.CheckConstraint(condition=models.Q(part__in=[1, 2]), name="treatment_session_part"),
            models.CheckConstraint(
                condition=models.Q(number__gte=1) & models.Q(number__lte=models.F("of")), name="treatment_session_of"
            ),
        ]
        indexes = [models.Index(fields=["day", "machine"], name="treatment_session_board")]

    def __str__(self) -> str:
        return f"{self.course_id} {self.number}/{self.of}"

    @property
    def tone(self) -> str:
        return SESSION_TONES.get(self.status, "")


class SessionRecord(AppendOnly):
    """What was given: who, on which machine, how much, with what reaction (T5, Q35)."""

    session = models.OneToOneField(Session, on_delete=models.PROTECT, related_name="record")
    machine = models.ForeignKey(Machine, on_delete=models.PROTECT, related_name="+")
    therapist = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    second_therapist = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+")
    identified_by = models.CharField(max_length=60)  # the two features, e.g. "card,birth_date" (TR-06)
    dose_cgy = models.PositiveIntegerField(null=True)  # centigray, radiotherapy only
    remark = models.CharField(max_length=500, blank=True)
    adverse_event = models.CharField(max_length=500, blank=True)
    adverse_grade = models.PositiveSmallIntegerField(null=True)  # CTCAE, 1 mild to 5 death
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("record of a session")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(adverse_grade=None) | models.Q(adverse_grade__range=(1, 5)),
                name="treatment_record_grade",
            )
        ]

    def __str__(self) -> str:
        return str(self.session_id)


class Assessment(models.Model):
    """A form that is due before session `before` (1: at the start; planned + 1: at the end) (TR-04)."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="assessments")
    before = models.PositiveSmallIntegerField(_("before session"))
    response_id = models.BigIntegerField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("assessment")
        constraints = [models.UniqueConstraint(fields=["course", "before"], name="treatment_assessment_once")]

    def __str__(self) -> str:
        return f"{self.course_id} before {self.before}"
