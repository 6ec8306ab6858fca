"""Bookings that staff make for patients: whom they serve at the moment, and which rule they set aside and why."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly
from hospital.organisation.models import Staff
from hospital.people.models import Patient

from .booking import Booking, Channel


class DeskTurn(models.Model):
    """A patient whom one member of staff serves at the window or on the telephone, for some minutes.

    It is the whole right of the desk: who wasn't found by a whole number or a card isn't seen, by nobody else, and not
    for longer (SEC-05).
    """

    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        verbose_name = _("patient at the desk")
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=["desk", "phone"]), name="appointments_desk_channel"),
            models.CheckConstraint(condition=Q(ends_at__gte=F("opened_at")), name="appointments_desk_turn_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.channel}"


class Override(AppendOnly):
    """A rule that a member of staff set aside for one booking, with the reason; heads and the auditor read them (AP-07)."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="overrides")
    rule = models.CharField(_("rule"), max_length=40)  # the code of the refusal that was set aside
    reason = models.CharField(_("reason"), max_length=200)
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name=_("staff"))
    department_id = models.BigIntegerField()  # whose head reads it
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("rule set aside")
        verbose_name_plural = _("rules set aside")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="appointments_override_has_reason")]
        indexes = [models.Index(fields=["department_id", "-at"], name="appointments_override_head")]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.rule}"
