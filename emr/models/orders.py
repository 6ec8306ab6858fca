"""Orders: what a doctor asks others to do for a patient, and how far it is (E3)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.organisation.models import Department, Staff
from hospital.people.models import Patient

from .encounters import Encounter


class Orderable(models.Model):
    """The hospital's catalogue of what can be ordered (laboratory and imaging); treatment brings its own."""

    kind = models.CharField(_("kind"), max_length=20)  # name of an OrderKind
    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    price_code = models.CharField(_("price code"), max_length=40, blank=True)
    lab_codes = models.JSONField(_("laboratory items"), default=list, blank=True)  # codes of Concept(system=lab)
    specimen = models.CharField(_("specimen"), max_length=40, blank=True)
    preparation = models.CharField(_("how to prepare"), max_length=300, blank=True)
    sex = models.CharField(_("only for sex"), max_length=1, blank=True)  # GB/T 2261.1, empty: everyone (Q14)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("orderable item")
        verbose_name_plural = _("orderable items")

    def __str__(self) -> str:
        return self.name


class OrderSet(models.Model):
    """Items that are ordered together, so that one trip does for all of them."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=60)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("order set")
        verbose_name_plural = _("order sets")

    def __str__(self) -> str:
        return self.title


class OrderSetItem(models.Model):
    order_set = models.ForeignKey(OrderSet, on_delete=models.CASCADE, related_name="items")
    orderable = models.ForeignKey(
        Orderable, on_delete=models.PROTECT, related_name="+", verbose_name=_("orderable item")
    )
    position = models.PositiveSmallIntegerField(_("order in the list"), default=0)

    class Meta:
        verbose_name = _("item of an order set")
        constraints = [models.UniqueConstraint(fields=["order_set", "orderable"], name="emr_ordersetitem_once")]

    def __str__(self) -> str:
        return f"{self.order_set_id} {self.orderable_id}"


class OrderStatus(models.TextChoices):
    PLACED = "placed", _("ordered")
    PAID = "paid", _("paid")
    SCHEDULED = "scheduled", _("booked")
    COLLECTED = "collected", _("under way")
    REPORTED = "reported", _("reported")
    CLOSED = "closed", _("done")
    CANCELLED = "cancelled", _("cancelled")
    STOPPED = "stopped", _("stopped")


class Order(models.Model):
    """One request of one kind. `placer_number` is ORC-2 of HL7 v2 and the barcode on the tube."""

    placer_number = models.CharField(_("order number"), max_length=24, unique=True)
    kind = models.CharField(_("kind"), max_length=20)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="orders")
    encounter = models.ForeignKey(Encounter, on_delete=models.PROTECT, related_name="orders")
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(_("status"), max_length=10, choices=OrderStatus.choices, default=OrderStatus.PLACED)
    indication = models.CharField(_("indication"), max_length=300, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    charge_id = models.BigIntegerField(null=True, blank=True, unique=True)
    placed_at = models.DateTimeField(_("ordered at"))
    paid_at = models.DateTimeField(null=True, blank=True)
    collected_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["patient", "-placed_at"], name="emr_order_patient"),
            models.Index(fields=["encounter"], name="emr_order_encounter"),
        ]

    def __str__(self) -> str:
        return self.placer_number


class OrderItem(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="items")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    quantity = models.PositiveSmallIntegerField(default=1)
    price_code = models.CharField(max_length=40, blank=True)
    preparation = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("item of an order")
        constraints = [
            models.UniqueConstraint(fields=["order", "code"], name="emr_orderitem_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="emr_orderitem_quantity"),
        ]

    def __str__(self) -> str:
        return self.name
