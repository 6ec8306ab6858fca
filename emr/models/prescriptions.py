"""Prescriptions from the doctor's draft to the drug in the patient's hand (rules section 2)."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly
from hospital.kit.fields import EncryptedTextField
from hospital.organisation.models import Department, Staff
from hospital.people.models import Patient

from .encounters import Encounter


def plain(number: Decimal) -> str:
    """2.500 -> '2.5', 10.000 -> '10' (normalize() alone would say 1E+1)."""
    return f"{number.normalize():f}"


class Drug(models.Model):
    """The hospital's formulary: facts that the rules ask for (rules section 9). Curated by the pharmacy, in admin."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("generic name"), max_length=100)
    pinyin = models.CharField(max_length=200, blank=True)
    initials = models.CharField(max_length=40, blank=True)
    form = models.CharField(_("dosage form"), max_length=40)
    strength = models.CharField(_("strength"), max_length=60)
    dose_unit = models.CharField(_("unit of a dose"), max_length=10)  # mg
    unit_dose = models.DecimalField(_("dose in one unit"), max_digits=10, decimal_places=3)  # 2.5 (mg in a tablet)
    unit = models.CharField(_("unit"), max_length=10)  # tablet
    pack_unit = models.CharField(_("pack"), max_length=10)  # box
    pack_size = models.PositiveIntegerField(_("units in a pack"))
    routes = models.JSONField(_("routes"), default=list)  # DS-04
    ingredient = models.CharField(_("ingredient"), max_length=60)  # DS-01, DS-02
    atc = models.CharField(_("ATC"), max_length=7, blank=True)
    allergy_groups = models.JSONField(_("groups of allergy"), default=list, blank=True)
    max_single = models.DecimalField(_("largest single dose"), max_digits=10, decimal_places=3, null=True, blank=True)
    max_daily = models.DecimalField(_("largest daily dose"), max_digits=10, decimal_places=3, null=True, blank=True)
    special_class = models.CharField(_("special class"), max_length=20, blank=True)  # narcotic, psychotropic1, ...
    no_online = models.BooleanField(_("not online"), default=False)  # IH-07
    herbal = models.BooleanField(_("herbal slice"), default=False)  # RX-04
    sex = models.CharField(_("only for sex"), max_length=1, blank=True)
    price_code = models.CharField(_("price code"), max_length=40)
    leaflet = models.TextField(_("leaflet"), blank=True)
    source = models.CharField(_("source of the facts"), max_length=200)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("drug")
        verbose_name_plural = _("drugs")
        constraints = [
            models.CheckConstraint(condition=models.Q(pack_size__gte=1), name="emr_drug_pack"),
            models.CheckConstraint(condition=models.Q(unit_dose__gt=0), name="emr_drug_unit_dose"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.strength}"


class PrescriptionKind(models.TextChoices):
    """RX-07; each has its colour on screen and on paper."""

    NORMAL = "normal", _("ordinary prescription")
    EMERGENCY = "emergency", _("emergency prescription")
    CHILD = "child", _("paediatric prescription")
    HERBAL = "herbal", _("herbal slices")


class PrescriptionStatus(models.TextChoices):
    DRAFT = "draft", _("being written")
    SIGNED = "signed", _("waits for the pharmacist")
    REVIEWING = "reviewing", _("with the pharmacist")
    RETURNED = "returned", _("returned to the doctor")
    REFUSED = "refused", _("refused")
    APPROVED = "approved", _("approved, to be paid")
    PAID = "paid", _("paid, being prepared")
    DISPENSED = "dispensed", _("dispensed")
    DELIVERED = "delivered", _("in your hands")
    EXPIRED = "expired", _("expired")
    VOID = "void", _("void")


class Prescription(models.Model):
    """RX-11. What was signed never changes; a change is a void and a new one that names it in `replaces`."""

    number = models.CharField(_("number"), max_length=24, unique=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="prescriptions")
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, related_name="prescriptions")
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=PrescriptionKind.choices, default=PrescriptionKind.NORMAL)
    status = models.CharField(max_length=10, choices=PrescriptionStatus.choices, default=PrescriptionStatus.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    long_reason = models.CharField(_("reason for more than a week"), max_length=300, blank=True)  # RX-02
    override_reason = models.CharField(_("reason for going on"), max_length=300, blank=True)  # DS-14
    warnings = models.JSONField(default=list, blank=True)  # what the checks said at signing, for the pharmacist
    created_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)  # RX-01
    extend_reason = models.CharField(max_length=300, blank=True)
    reviewer = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)  # by the reviewer
    reviewed_at = models.DateTimeField(null=True, blank=True)
    charge_id = models.BigIntegerField(null=True, blank=True, unique=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    dispensed_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")

    class Meta:
        verbose_name = _("prescription")
        verbose_name_plural = _("prescriptions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reviewer=None) | ~models.Q(reviewer=models.F("doctor")),
                name="emr_prescriber_is_not_reviewer",
            ),
            models.CheckConstraint(
                condition=models.Q(reviewed_at=None) | models.Q(reviewed_at__gt=models.F("signed_at")),
                name="emr_review_after_signature",
            ),
            models.CheckConstraint(
                condition=models.Q(dispensed_at=None) | models.Q(dispensed_at__gt=models.F("reviewed_at")),
                name="emr_dispense_after_review",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["approved", "paid", "dispensed", "delivered"])
                | models.Q(reviewer__isnull=False, reviewed_at__isnull=False),
                name="emr_nothing_without_pharmacist",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-created_at"], name="emr_prescription_patient"),
            models.Index(
                fields=["signed_at"],
                name="emr_prescription_desk",
                condition=models.Q(status__in=["signed", "reviewing", "paid"]),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class LineSource(models.TextChoices):
    """Where a line comes from; nothing else exists, least of all a generator (IH-09)."""

    TYPED = "typed", _("written by the doctor")
    TEMPLATE = "template", _("from the doctor's own template")
    COPIED = "copied", _("copied from an earlier prescription")


class PrescriptionLine(models.Model):
    """RX-06: name, form, strength, quantity, usage, kept as on the day. `frequency` is doses per day."""

    prescription = models.ForeignKey(Prescription, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    drug = models.ForeignKey(Drug, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    form = models.CharField(max_length=40)
    strength = models.CharField(max_length=60)
    dose = models.DecimalField(_("single dose"), max_digits=10, decimal_places=3)
    dose_unit = models.CharField(max_length=10)
    per_day = models.DecimalField(_("times a day"), max_digits=4, decimal_places=2)
    route = models.CharField(_("route"), max_length=20)
    days = models.PositiveSmallIntegerField(_("days"))
    quantity = models.PositiveIntegerField(_("packs"))
    pack_unit = models.CharField(max_length=10)
    usage_note = models.CharField(_("how to take it"), max_length=100, blank=True)
    source = models.CharField(max_length=10, choices=LineSource.choices)
    copied_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("line of a prescription")
        constraints = [
            models.UniqueConstraint(fields=["prescription", "position"], name="emr_line_position"),
            models.UniqueConstraint(fields=["prescription", "drug"], name="emr_line_drug_once"),
            models.CheckConstraint(
                condition=models.Q(source__in=["typed", "template", "copied"]), name="emr_line_source"
            ),
            models.CheckConstraint(
                condition=models.Q(dose__gt=0, per_day__gt=0, days__gte=1, quantity__gte=1), name="emr_line_amounts"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def usage(self) -> str:
        """'2.5 mg × 1': dose and times a day, without the zeros of the column."""
        return f"{plain(self.dose)} {self.dose_unit} × {plain(self.per_day)}"

    @property
    def dose_words(self) -> str:
        return plain(self.dose)

    @property
    def per_day_words(self) -> str:
        return plain(self.per_day)


class PrescriptionTemplate(models.Model):
    """A doctor's own lines, kept by the doctor."""

    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=60)
    lines = models.JSONField(_("lines"), default=list)

    class Meta:
        verbose_name = _("prescription template")
        verbose_name_plural = _("prescription templates")

    def __str__(self) -> str:
        return self.title


class ReviewOutcome(models.TextChoices):
    PASS = "pass", _("passed")
    RETURN = "return", _("returned to the doctor")
    REFUSE = "refuse", _("refused")


class PrescriptionReview(AppendOnly):
    """One decision of a pharmacist (RX-09)."""

    prescription = models.ForeignKey(Prescription, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=10, choices=ReviewOutcome.choices)
    findings = models.JSONField(default=list)  # codes of RX-09's list that were objected to
    comment = models.CharField(max_length=500, blank=True)
    reviewer = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("review of a prescription")

    def __str__(self) -> str:
        return f"{self.prescription_id} {self.outcome}"


class DispenseCheck(AppendOnly):
    """四查十对: the ten matches, each ticked by the dispenser (RX-10)."""

    prescription = models.OneToOneField(Prescription, on_delete=models.PROTECT, related_name="dispense_check")
    matches = models.JSONField()
    dispenser = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("dispensing check")

    def __str__(self) -> str:
        return str(self.prescription_id)


class DeliveryStatus(models.TextChoices):
    PICKUP = "pickup", _("to be fetched at the window")
    WAITING = "waiting", _("to be sent")
    SENT = "sent", _("on its way")
    ARRIVED = "arrived", _("arrived")


class Delivery(models.Model):
    """How the drugs reach the patient: chosen before paying, pickup or an address (IH-21)."""

    prescription = models.OneToOneField(Prescription, on_delete=models.PROTECT, related_name="delivery")
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices)
    recipient = EncryptedTextField(_("recipient"), purpose="delivery.recipient", blank=True)
    phone = EncryptedTextField(_("phone"), purpose="delivery.phone", blank=True)
    address = EncryptedTextField(_("address"), purpose="delivery.address", blank=True)
    courier = models.CharField(_("courier"), max_length=40, blank=True)
    tracking_no = models.CharField(_("tracking number"), max_length=40, blank=True)
    chosen_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("delivery of drugs")
        verbose_name_plural = _("deliveries of drugs")

    def __str__(self) -> str:
        return str(self.prescription_id)
