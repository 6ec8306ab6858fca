"""Exams: what they need, what stands between two of them, and which machine, staff and time each order has (A6)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.states import ACTIVE_EXAM, ExamStatus
from emr.models import Order, Orderable
from hospital.kit.spans import Spanned
from hospital.organisation.models import Campus, Staff
from hospital.people.models import Patient

_ACTIVE = [str(status) for status in ACTIVE_EXAM]


class ExamMachine(models.Model):
    """A CT, an ultrasound room, a chair where blood is drawn: one patient at a time."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, related_name="+", verbose_name=_("campus"))
    room = models.CharField(_("room"), max_length=60)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("exam machine")
        verbose_name_plural = _("exam machines")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ExamItem(models.Model):
    """What is booked: a way of examining. Several items of the catalogue of orders may need the same one, e.g. all
    that is read from one drawing of blood.

    traits: words that the table of intervals speaks of (ExamRule), e.g. "contrast.iodine", "barium".
    """

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    orderables = models.ManyToManyField(Orderable, related_name="exam_items", verbose_name=_("items of orders"))
    machines = models.ManyToManyField(ExamMachine, related_name="items", verbose_name=_("machines"))
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), validators=[MinValueValidator(5), MaxValueValidator(240)], default=15
    )
    traits = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("traits"))
    fasting_hours = models.PositiveSmallIntegerField(_("hours of fasting"), default=0)
    advice = models.CharField(_("what to mind"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("exam")
        verbose_name_plural = _("exams")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class PrepQuestion(models.Model):
    """Asked before an exam is booked; an answer may refuse it (AP-12). No answer, no booking."""

    item = models.ForeignKey(ExamItem, on_delete=models.CASCADE, related_name="questions", verbose_name=_("exam"))
    text = models.CharField(_("question"), max_length=200)
    refuse_when = models.CharField(
        _("refuse when"), max_length=3, blank=True, choices=[("yes", _("yes")), ("no", _("no"))]
    )
    why = models.CharField(_("why it is refused, and what to do"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("order in the list"), default=0)

    class Meta:
        verbose_name = _("question before an exam")
        verbose_name_plural = _("questions before exams")
        ordering = ["item", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(refuse_when="") | ~Q(why=""), name="appointments_refusing_question_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class ExamRule(models.Model):
    """A line of the table of conflicts and intervals (AP-13): after something with the trait `first`, at least so many
    minutes until something with the trait `then`. The other way round is free unless another line forbids it."""

    first = models.CharField(_("after an exam with"), max_length=40)
    then = models.CharField(_("before one with"), max_length=40)
    minutes = models.PositiveIntegerField(_("at least, minutes"))
    why = models.CharField(_("why"), max_length=200)
    source = models.CharField(_("source"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("interval between exams")
        verbose_name_plural = _("intervals between exams")
        constraints = [
            models.UniqueConstraint(fields=["first", "then"], name="appointments_exam_rule_once"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="appointments_exam_rule_minutes"),
        ]

    def __str__(self) -> str:
        return f"{self.first} -> {self.then}"


class ExamShift(Spanned):
    """Who works at which machine when. What lies after `normal_until` is the fixed reserve of urgent exams (AP-14)."""

    machine = models.ForeignKey(
        ExamMachine, on_delete=models.PROTECT, related_name="shifts", verbose_name=_("exam machine")
    )
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name=_("staff"))
    during = DateTimeRangeField(_("hours"))
    normal_until = models.DateTimeField(_("for everybody until"))

    class Meta:
        verbose_name = _("shift at a machine")
        verbose_name_plural = _("shifts at machines")
        constraints = [
            ExclusionConstraint(
                name="appointments_exam_shift_machine",
                expressions=[("machine", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
            ExclusionConstraint(
                name="appointments_exam_shift_staff",
                expressions=[("staff", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False, during__upper_inf=False),
                name="appointments_exam_shift_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.machine_id} {self.staff_id}"


class ExamBooking(Spanned):
    """One order's machine, staff and time; or, without an order, a time in which the machine is blocked (AP-14): both
    are rows of one table, so that the database itself keeps them apart.

    answers: the preparation questions as they were asked, with what was answered.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="exam_bookings")
    item = models.ForeignKey(ExamItem, on_delete=models.PROTECT, null=True, blank=True, related_name="bookings")
    patient = models.ForeignKey(
        Patient,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="exam_bookings",
        verbose_name=_("patient"),
    )
    machine = models.ForeignKey(ExamMachine, on_delete=models.PROTECT, related_name="bookings")
    shift = models.ForeignKey(ExamShift, on_delete=models.PROTECT, null=True, blank=True, related_name="bookings")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    normal_until = models.DateTimeField(null=True, blank=True)  # of the shift
    is_urgent = models.BooleanField(_("urgent"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=ExamStatus.choices, default=ExamStatus.BOOKED)
    answers = models.JSONField(default=list, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))
    arrived_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("exam booking")
        verbose_name_plural = _("exam bookings")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "item"], condition=Q(status__in=_ACTIVE), name="appointments_one_exam_per_order"
            ),
            ExclusionConstraint(
                name="appointments_exam_machine_once",
                expressions=[("machine", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(status__in=_ACTIVE),
            ),
            ExclusionConstraint(
                name="appointments_exam_staff_once",
                expressions=[("staff", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(status__in=_ACTIVE),
            ),
            ExclusionConstraint(
                name="appointments_exam_patient_once",
                expressions=[("patient", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(status__in=_ACTIVE),
            ),
            models.CheckConstraint(
                condition=(
                    Q(order=None, item=None, patient=None, shift=None, staff=None)
                    | Q(order__isnull=False, item__isnull=False, patient__isnull=False, shift__isnull=False)
                    & Q(staff__isnull=False, normal_until__isnull=False)
                ),
                name="appointments_exam_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(order=None) | Q(is_urgent=True) | Q(during__endswith__lte=models.F("normal_until")),
                name="appointments_exam_keeps_the_reserve",
            ),
        ]
        indexes = [models.Index(fields=["patient"], name="appointments_exam_patient")]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"
