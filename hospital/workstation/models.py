"""Records opened without a care relation, each with its reason and the judgement of somebody else (SEC-10)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.organisation.models import CareRelation, Department, Staff
from hospital.people.models import Patient

from .states import ReviewStatus


class EmergencyReason(models.TextChoices):
    LIFE = "life", _("Life is in danger, or the patient can't speak")
    REACTION = "reaction", _("A reaction or a critical value that can't wait")
    COVER = "cover", _("I stand in for a colleague (on call, handover)")
    ADVICE = "advice", _("The treating doctor asked for my advice")
    OTHER = "other", _("Another reason")


class EmergencyAccess(models.Model):
    """One opening of one record by a doctor who doesn't treat the patient; its care relation ends by itself."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", verbose_name=_("patient"))
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", verbose_name=_("member of staff"))
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="+", verbose_name=_("department")
    )  # of the doctor: its head reviews
    reason = models.CharField(_("reason"), max_length=10, choices=EmergencyReason.choices)
    words = models.CharField(_("in own words"), max_length=300)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    relation = models.OneToOneField(CareRelation, on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=12, choices=ReviewStatus.choices, default=ReviewStatus.WAITING)
    review_due_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_words = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("emergency opening")
        indexes = [
            models.Index(
                fields=["review_due_at"], name="workstation_emergency_wait", condition=models.Q(status="waiting")
            ),
            models.Index(fields=["staff", "-opened_at"], name="workstation_emergency_staff"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("opened_at")), name="workstation_emergency_ends"
            ),
            models.CheckConstraint(
                condition=~models.Q(reviewed_by=models.F("staff")), name="workstation_emergency_four_eyes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opened_at:%F %T} {self.staff_id} -> {self.patient_id}"
