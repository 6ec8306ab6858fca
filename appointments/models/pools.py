"""Which channel may sell which places, until when, and from when on anybody may buy (AP-02, AP-03)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from hospital.organisation.models import Department, Staff

from .roster import DayRange, Pool, VisitKind


class Quota(models.Model):
    """So many of a hundred places of a session are kept for one pool, until so long before the visit.

    The most exact line holds: that of the doctor, else of the department, else of the house. With hours of the day it
    concerns only the periods that begin in them. It is read when a session is made and when a quota is put into
    force for sessions that exist (services.pools); what was sold meanwhile stays sold.
    """

    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    doctor = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("doctor")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=VisitKind.choices, default=VisitKind.CLINIC)
    pool = models.CharField(
        _("kept for"),
        max_length=10,
        choices=[choice for choice in Pool.choices if choice[0] not in {"common", "extra"}],
    )
    percent = models.PositiveSmallIntegerField(_("of a hundred places"), validators=[MaxValueValidator(100)])
    from_time = models.TimeField(_("periods from"), null=True, blank=True)
    to_time = models.TimeField(_("periods until"), null=True, blank=True)
    back_hours = models.PositiveSmallIntegerField(
        _("hours before the visit"),
        default=24,
        help_text=_("What is unsold so many hours before falls back to everybody."),
    )
    effective_from = models.DateField(_("from"))
    effective_to = models.DateField(_("until"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        constraints = [
            models.CheckConstraint(
                condition=Q(pool__in=["phone", "kiosk", "room", "partner"]), name="appointments_quota_pool"
            ),
            models.CheckConstraint(condition=Q(percent__lte=100), name="appointments_quota_percent"),
            models.CheckConstraint(
                condition=Q(from_time=None, to_time=None) | Q(to_time__gt=F("from_time")),
                name="appointments_quota_hours",
            ),
            ExclusionConstraint(
                name="appointments_quota_once",
                expressions=[
                    (Coalesce("department", 0), RangeOperators.EQUAL),
                    (Coalesce("doctor", 0), RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    ("pool", RangeOperators.EQUAL),
                    (DayRange("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("There is a quota for this pool in these days already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool} {self.percent}%"


class ReleaseRule(models.Model):
    """From when on the places of a day can be booked: so many days before, at an hour (AP-03). Without a line: at once.

    The line of the department holds before that of the house.
    """

    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=VisitKind.choices, default=VisitKind.CLINIC)
    days_ahead = models.PositiveSmallIntegerField(
        _("days before"), default=14, validators=[MinValueValidator(0), MaxValueValidator(90)]
    )
    opens = models.TimeField(_("at"))
    effective_from = models.DateField(_("from"))
    effective_to = models.DateField(_("until"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("release of places")
        verbose_name_plural = _("releases of places")
        constraints = [
            models.CheckConstraint(condition=Q(days_ahead__lte=90), name="appointments_release_days"),
            ExclusionConstraint(
                name="appointments_release_once",
                expressions=[
                    (Coalesce("department", 0), RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (DayRange("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("There is a release for these days already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days_ahead}d {self.opens:%H:%M}"
