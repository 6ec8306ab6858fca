"""Who wants a place that isn't there yet, and who follows whom."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from appointments.states import LIVE_WAITING, WaitingStatus
from hospital.organisation.models import Staff
from hospital.people.models import Account, Patient

from .booking import Booking
from .roster import HalfDay


class Waiting(models.Model):
    """ "Tell me when": a patient waits for a place with a doctor at the hospital, on some days (候补).

    A place that comes free is held for the first in line: the offer is an ordinary hold (`booking`), so it counts
    against the pool, ends in time and is paid like any other.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", verbose_name=_("patient"))
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name=_("doctor"))
    first = models.DateField(_("from"))
    last = models.DateField(_("until"))
    half_day = models.CharField(_("half-day"), max_length=10, choices=HalfDay.choices, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=WaitingStatus.choices, default=WaitingStatus.WAITING)
    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, null=True, related_name="waiting")
    created_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=60, blank=True)  # code of the refusal that ended it

    class Meta:
        verbose_name = _("place in the waiting list")
        verbose_name_plural = _("waiting list")
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "doctor"],
                condition=Q(status__in=[str(status) for status in LIVE_WAITING]),
                name="appointments_waiting_once",
            ),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="appointments_waiting_days"),
            models.CheckConstraint(
                condition=~Q(status__in=["offered", "filled"]) | Q(booking__isnull=False),
                name="appointments_offer_has_a_hold",
            ),
        ]
        indexes = [
            models.Index(fields=["doctor", "id"], name="appointments_waiting_line", condition=Q(status="waiting")),
            models.Index(fields=["id"], name="appointments_waiting_offered", condition=Q(status="offered")),
        ]

    def __str__(self) -> str:
        return f"{self.doctor_id} {self.first} {self.status}"


class Follow(models.Model):
    """An account wants to find this doctor again."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="follows")
    doctor = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="followers")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("followed doctor")
        constraints = [models.UniqueConstraint(fields=["account", "doctor"], name="appointments_follow_once")]

    def __str__(self) -> str:
        return f"{self.account_id} -> {self.doctor_id}"
