"""Days that aren't what the week roster says: holidays that are worked, weekends that run as a weekday, closures."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from hospital.organisation.models import Campus, Department, Staff

from .roster import HalfDay, Weekday


class RosterDay(models.Model):
    """The hospital's own word on one date, before the State Council's calendar: it runs as that weekday, or not at all.

    Without a row, a public holiday (organisation.SpecialDay) closes what isn't marked to go on, and a weekend day that
    is worked in place of a holiday runs as what its weekday is.
    """

    day = models.DateField(_("day"))
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("campus"))
    runs_as = models.PositiveSmallIntegerField(
        _("runs as"), choices=Weekday.choices, null=True, blank=True, help_text=_("Empty: closed.")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("special roster day")
        verbose_name_plural = _("special roster days")
        constraints = [
            models.UniqueConstraint(fields=["day", "campus"], nulls_distinct=False, name="appointments_rosterday_once"),
            models.CheckConstraint(
                condition=Q(runs_as=None) | Q(runs_as__range=(1, 7)), name="appointments_rosterday_weekday"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.runs_as or 'closed'}"


class Closure(models.Model):
    """A doctor or a department doesn't sit from one day to another: nothing is made for it, what was made is stopped."""

    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("doctor"))
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("department")
    )
    first = models.DateField(_("from"))
    last = models.DateField(_("until"))
    half_day = models.CharField(_("half-day"), max_length=10, choices=HalfDay.choices, blank=True)  # empty: all day
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # taken back: days not yet made are made again

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        constraints = [
            models.CheckConstraint(
                condition=Q(doctor__isnull=False) | Q(department__isnull=False), name="appointments_closure_of_somebody"
            ),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="appointments_closure_days"),
        ]

    def __str__(self) -> str:
        return f"{self.first} {self.last} {self.half_day}"
