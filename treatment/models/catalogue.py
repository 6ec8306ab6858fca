"""What each department can give, by configuration (T12): items, machines, follow-up plans."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from hospital.kit.spans import Spanned
from hospital.organisation.models import Department


class FollowUpPlan(models.Model):
    """Which form is asked how many days after the end of a course (T9)."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=100)
    questionnaire = models.SlugField(_("form"), max_length=80)
    offsets = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("days after the end"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("follow-up plan")
        verbose_name_plural = _("follow-up plans")

    def __str__(self) -> str:
        return self.title


class TreatmentItem(models.Model):
    """One kind of treatment: its length, rhythm, forms and releases. New kinds need no code."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+", verbose_name=_("department"))
    price_code = models.CharField(_("price code"), max_length=40)
    minutes = models.PositiveSmallIntegerField(
        _("minutes a session"), validators=[MinValueValidator(5), MaxValueValidator(480)]
    )
    per_week = models.PositiveSmallIntegerField(_("sessions a week"), default=5)
    validity_days = models.PositiveSmallIntegerField(_("to be given within days"), default=90)  # TR-02
    preparation = models.TextField(_("what to mind"), blank=True)
    consent_text = models.TextField(_("text of the consent"), blank=True)  # empty: none is needed (TR-03)
    releases = ArrayField(models.CharField(max_length=20), verbose_name=_("releases needed"), default=list, blank=True)
    two_therapists = models.BooleanField(_("two people identify the patient"), default=False)  # TR-06
    assessment_form = models.SlugField(_("assessment form"), max_length=80, blank=True)
    assess_every = models.PositiveSmallIntegerField(_("assess every so many sessions"), default=0)  # TR-04
    review_days = models.PositiveSmallIntegerField(
        _("the doctor sees the patient every so many days"), default=0
    )  # TR-09
    contraindications = models.TextField(_("asked before each session, one question a line"), blank=True)  # TR-05
    min_gap_hours = models.PositiveSmallIntegerField(_("hours between two sessions of one day"), default=6)  # TR-07
    follow_up = models.ForeignKey(
        FollowUpPlan, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("follow-up plan")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("treatment item")
        verbose_name_plural = _("treatment items")
        constraints = [
            models.CheckConstraint(condition=models.Q(minutes__range=(5, 480)), name="treatment_item_minutes"),
            models.CheckConstraint(condition=models.Q(per_week__range=(1, 7)), name="treatment_item_per_week"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def questions(self) -> list[str]:
        """What is asked before each session; a yes stops it (TR-05)."""
        return [line.strip() for line in self.contraindications.splitlines() if line.strip()]


class Machine(models.Model):
    """A machine, couch or room that one patient uses at a time."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+", verbose_name=_("department"))
    room = models.CharField(_("room"), max_length=60)
    items = models.ManyToManyField(TreatmentItem, related_name="machines", verbose_name=_("what it can give"))
    opens_at = models.TimeField(_("opens at"))
    closes_at = models.TimeField(_("closes at"))
    beam_match = models.SlugField(
        _("matched with"), max_length=20, blank=True, help_text=_("Machines of one word may stand in for each other.")
    )  # TR-07; empty: none
    is_active = models.BooleanField(_("in use"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("machine")
        verbose_name_plural = _("machines")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens_at__lt=models.F("closes_at")), name="treatment_machine_hours"
            )
        ]

    def __str__(self) -> str:
        return self.name


class MachineBlock(Spanned):
    """Maintenance, quality assurance: nobody is placed there (AP-14)."""

    machine = models.ForeignKey(Machine, on_delete=models.PROTECT, related_name="blocks", verbose_name=_("machine"))
    during = DateTimeRangeField(_("during"))
    reason = models.CharField(_("reason"), max_length=100)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("blocked time")
        verbose_name_plural = _("blocked times")
        constraints = [
            ExclusionConstraint(
                name="treatment_block_once",
                expressions=[("machine", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            )
        ]

    def __str__(self) -> str:
        return f"{self.machine_id}: {self.reason}"
