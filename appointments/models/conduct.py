"""What keeps booking fair: missed visits, bans, and what one account did (AP-06, AP-07)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from appointments.states import AbsenceStatus
from hospital.organisation.models import Staff
from hospital.people.models import Patient

from .booking import Booking


class AbsenceCause(models.TextChoices):
    MISSED = "missed", _("booked and not used")
    GIVEN_BACK = "given_back", _("given back too often")


class Absence(models.Model):
    """One line of the no-show ledger (爽约): a visit that was booked, not used and not cancelled in time, or one more
    that was cancelled after too many in a month."""

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="absence")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", verbose_name=_("patient"))
    department_id = models.BigIntegerField()  # whose head decides about an appeal
    cause = models.CharField(_("cause"), max_length=10, choices=AbsenceCause.choices, db_default=AbsenceCause.MISSED)
    at = models.DateTimeField(_("at"))  # when the visit was to be, or when it was given back
    status = models.CharField(_("status"), max_length=10, choices=AbsenceStatus.choices, default=AbsenceStatus.COUNTED)
    appeal = models.CharField(_("the patient's reason"), max_length=500, blank=True)
    appealed_at = models.DateTimeField(null=True)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    decided_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("missed visit")
        verbose_name_plural = _("missed visits")
        indexes = [
            models.Index(fields=["patient", "at"], name="appointments_absence_patient"),
            models.Index(
                fields=["department_id"], name="appointments_absence_appeal", condition=Q(status=AbsenceStatus.APPEALED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.status}"


class BanCause(models.TextChoices):
    NO_SHOW = "no_show", _("missed visits")
    SCALPING = "scalping", _("trade in places")
    VIOLENCE = "violence", _("violence against staff")


class Ban(models.Model):
    """Until when a patient can't book by phone, web, telephone or kiosk. Never holds at the registration window, for
    emergencies or for online visits (AP-06)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", verbose_name=_("patient"))
    cause = models.CharField(_("cause"), max_length=10, choices=BanCause.choices)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted at"), null=True)
    lifted_because = models.CharField(_("lifted because"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("ban from booking")
        verbose_name_plural = _("bans from booking")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointments_ban_ends"),
            models.UniqueConstraint(fields=["patient", "cause", "starts_at"], name="appointments_ban_once"),
        ]
        indexes = [
            models.Index(fields=["patient", "ends_at"], name="appointments_ban_now", condition=Q(lifted_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.ends_at:%F}"
