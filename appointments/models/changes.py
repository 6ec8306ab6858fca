"""What became of a booking after it was made: moved to another place, or its clinic was stopped (AP-05, AP-08)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.states import StopCaseStatus
from hospital.kit.append_only import AppendOnly
from hospital.organisation.models import Staff

from .booking import Booking
from .roster import Period, Session


class BookingMove(AppendOnly):
    """One link of a booking's chain: from which time and doctor to which. The bill goes with the booking."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="chain")
    order = models.PositiveSmallIntegerField()
    old_period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="+")
    old_doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    old_number = models.PositiveSmallIntegerField()
    new_period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="+")
    new_doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    because = models.CharField(max_length=20)  # "patient", "stopped", "substitute"
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("moved booking")
        constraints = [models.UniqueConstraint(fields=["booking", "order"], name="appointments_move_order")]

    def __str__(self) -> str:
        return f"{self.booking_id}#{self.order}"


class StopCase(models.Model):
    """A paid booking whose clinic was stopped: the patient chooses another time or the money; the money when they don't
    (AP-08). Who hasn't read it is phoned."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="stops")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="stop_cases")
    status = models.CharField(_("status"), max_length=10, choices=StopCaseStatus.choices, default=StopCaseStatus.OPEN)
    told_at = models.DateTimeField()
    decide_until = models.DateTimeField()
    reached_at = models.DateTimeField(null=True)  # opened by the patient, or spoken to by telephone
    calls = models.PositiveSmallIntegerField(default=0)
    last_call_at = models.DateTimeField(null=True)
    last_call_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("booking of a stopped clinic")
        verbose_name_plural = _("bookings of stopped clinics")
        constraints = [models.UniqueConstraint(fields=["booking", "session"], name="appointments_stopcase_once")]
        indexes = [
            models.Index(
                fields=["decide_until"], name="appointments_stopcase_open", condition=Q(status=StopCaseStatus.OPEN)
            )
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.status}"
