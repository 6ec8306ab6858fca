"""The price list: public, and dated (PAY-16, IH-14)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from hospital.kit.money import FenField, format_yuan
from hospital.organisation.models import Campus, CodeSystem


class Category(models.TextChoices):
    """The fixed categories of the national medical fee receipt (PAY-14)."""

    CONSULTATION = "consultation", _("consultation fee")
    EXAM = "exam", _("examination fee")
    LAB = "lab", _("laboratory fee")
    TREATMENT = "treatment", _("treatment fee")
    SURGERY = "surgery", _("surgery fee")
    MATERIAL = "material", _("medical materials")
    WESTERN_DRUG = "western_drug", _("western medicine")
    HERBAL = "herbal", _("herbal pieces")
    PATENT_DRUG = "patent_drug", _("Chinese patent medicine")
    GENERAL = "general", _("general treatment fee")
    REGISTRATION = "registration", _("registration fee")
    OTHER = "other", _("other fees")


class PeriodRange(Func):
    """[from, to) as a range; an open end is for ever."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class PriceItem(models.Model):
    """What one item costs from one instant to another, everywhere or at one campus.

    Two prices of one item at one place never overlap: the database refuses that. A price is never edited once it
    was charged; a new one begins where the old one ends.
    """

    code = models.CharField(_("code"), max_length=40)
    system = models.CharField(_("catalogue"), max_length=20, choices=CodeSystem.choices, blank=True)
    name = models.CharField(_("name"), max_length=300)
    pinyin = models.CharField(max_length=600, blank=True)
    initials = models.CharField(max_length=200, blank=True)
    category = models.CharField(_("category"), max_length=20, choices=Category.choices)
    specification = models.CharField(_("specification"), max_length=200, blank=True)
    unit = models.CharField(_("unit"), max_length=20)
    price = FenField(_("price in fen"))
    campus = models.ForeignKey(
        Campus, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("campus")
    )
    effective_from = models.DateTimeField(_("from"))
    effective_to = models.DateTimeField(_("until"), null=True, blank=True)
    source = models.CharField(_("decision"), max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("price list")
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="billing_price_not_negative"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=F("effective_from")), name="billing_price_period"
            ),
            ExclusionConstraint(
                name="billing_price_overlap",
                expressions=[
                    ("code", RangeOperators.EQUAL),
                    (Coalesce("campus_id", Value(0)), RangeOperators.EQUAL),
                    (PeriodRange("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            GinIndex(OpClass("name", name="gin_trgm_ops"), name="billing_price_name"),
            GinIndex(OpClass("pinyin", name="gin_trgm_ops"), name="billing_price_pinyin"),
            GinIndex(OpClass("initials", name="gin_trgm_ops"), name="billing_price_init"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name} {format_yuan(self.price)}"


class Package(models.Model):
    """Items of the price list that are ordered and charged together, from one instant to another, everywhere or at one campus.

    It has no price of its own: it costs what its items cost at the moment of ordering, each a line of the bill in its
    national category, so that each can be given back by itself (PAY-09, PAY-14, PAY-16). What was charged as a package is
    never edited; a new one begins where the old one ends.
    """

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=300)
    pinyin = models.CharField(max_length=600, blank=True)
    initials = models.CharField(max_length=200, blank=True)
    campus = models.ForeignKey(
        Campus, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("campus")
    )
    effective_from = models.DateTimeField(_("from"))
    effective_to = models.DateTimeField(_("until"), null=True, blank=True)
    source = models.CharField(_("decision"), max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("package of items")
        verbose_name_plural = _("packages of items")
        constraints = [
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=F("effective_from")), name="billing_package_period"
            ),
            ExclusionConstraint(
                name="billing_package_overlap",
                expressions=[
                    ("code", RangeOperators.EQUAL),
                    (Coalesce("campus_id", Value(0)), RangeOperators.EQUAL),
                    (PeriodRange("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class PackageItem(models.Model):
    """So many of one item of the price list in a package."""

    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="items")
    item_code = models.CharField(_("code"), max_length=40)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)

    class Meta:
        verbose_name = _("item of a package")
        verbose_name_plural = _("items of a package")
        constraints = [
            models.UniqueConstraint(fields=["package", "item_code"], name="billing_package_item_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="billing_package_item_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.item_code} x {self.quantity}"

    def clean(self) -> None:
        """A package is made of what has a price: a package of packages, or a code mistyped, could never be charged."""
        if not PriceItem.objects.filter(code=self.item_code).exists():
            raise ValidationError({"item_code": _("No item of the price list has this code.")})
