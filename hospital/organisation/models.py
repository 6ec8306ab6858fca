"""Campuses, departments, staff and their posts, care relations, catalogues of codes, dated policy parameters."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Coalesce, Upper
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from hospital.kit.actor import Role
from hospital.people.models import Account, Patient


class Campus(models.Model):
    code = models.CharField(_("code"), max_length=10, unique=True)
    name = models.CharField(_("name"), max_length=60)
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("campus")
        verbose_name_plural = _("campuses")

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, verbose_name=_("campus"))
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("parent"))
    code = models.CharField(_("code"), max_length=20, unique=True)
    national_code = models.CharField(_("national code"), max_length=10)  # e.g. A19 oncology
    name = models.CharField(_("name"), max_length=60)
    pinyin = models.CharField(max_length=200, blank=True)
    initials = models.CharField(max_length=40, blank=True)
    about = models.TextField(_("about"), blank=True)
    diseases = models.CharField(_("diseases treated"), max_length=500, blank=True)  # words that patients search by
    licence_scopes = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, verbose_name=_("licensed scopes that may work here")
    )  # IH-05; empty: nobody may work online for this department
    location = models.CharField(_("location"), max_length=100, blank=True)
    is_open = models.BooleanField(_("open to patients"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")

    def __str__(self) -> str:
        return self.name


class Title(models.TextChoices):
    """Professional titles of doctors (GB/T 8561)."""

    CHIEF = "231", _("chief physician")
    ASSOCIATE_CHIEF = "232", _("associate chief physician")
    ATTENDING = "233", _("attending physician")
    RESIDENT = "234", _("resident physician")
    PHARMACIST = "243", _("pharmacist")
    NURSE = "253", _("nurse")
    TECHNICIAN = "263", _("technician")
    OTHER = "", _("none")


class Staff(models.Model):
    """A member of staff: a licensed person, or one who works at a desk."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="staff", verbose_name=_("account"))
    number = models.CharField(_("staff number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=40)
    pinyin = models.CharField(max_length=120, blank=True)
    initials = models.CharField(max_length=20, blank=True)
    title = models.CharField(_("title"), max_length=3, choices=Title.choices, blank=True)
    specialty = models.CharField(_("good at"), max_length=500, blank=True)
    about = models.TextField(_("about"), blank=True)
    licence_no = models.CharField(_("licence number"), max_length=30, blank=True)
    licence_scope = models.CharField(_("licensed scope"), max_length=60, blank=True)
    practising_since = models.DateField(_("practising independently since"), null=True, blank=True)  # IH-05
    online_consent_at = models.DateTimeField(
        _("consent of the hospital to online work"), null=True, blank=True
    )  # IH-05
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True)
    is_listed = models.BooleanField(_("shown to patients"), default=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Post(models.Model):
    """A role that a member of staff has in a department, from one day to another (H6, SEC-05)."""

    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="posts", verbose_name=_("member of staff"))
    department = models.ForeignKey(Department, on_delete=models.PROTECT, verbose_name=_("department"))
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.value) for role in Role])
    effective_from = models.DateField(_("from"))
    effective_to = models.DateField(_("until"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "department", "role", "effective_from"], name="organisation_one_post_from_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.role} {self.department}"


class CareRelation(models.Model):
    """Why a clinician may open a patient's record: a visit, a course, a consultation; with an end (MR-12, SEC-05)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    because = models.CharField(max_length=60)  # "appointments.booking", "break-glass"
    because_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        verbose_name = _("care relation")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(staff__isnull=False) | models.Q(department__isnull=False),
                name="organisation_care_relation_has_carer",
            ),
            models.UniqueConstraint(
                fields=["patient", "staff", "department", "because", "because_id"],
                nulls_distinct=False,
                name="organisation_care_relation_once",
            ),
        ]
        indexes = [models.Index(fields=["patient", "ends_at"], name="organisation_care_patient")]

    def __str__(self) -> str:
        return f"{self.patient_id}: {self.because}"


class CodeSystem(models.TextChoices):
    ICD10 = "icd10", _("diagnoses (ICD-10)")
    ICD9CM3 = "icd9cm3", _("procedures (ICD-9-CM-3)")
    DRUG = "drug", _("drugs")
    LAB = "lab", _("laboratory items")
    SERVICE = "service", _("priced services")
    DEPARTMENT = "department", _("national department codes")
    REGION = "region", _("administrative regions (GB/T 2260)")


class Concept(models.Model):
    """One code of one catalogue (FHIR: a concept of a CodeSystem). `properties` keeps what only that catalogue has.

    folded, grams, pinyin and initials are derived from display and the aliases in properties by names.py, for
    selectors.concept_search; services write them. A code that a newer edition dropped is retired (is_active False),
    never deleted: records quote it for ever.
    """

    system = models.CharField(_("catalogue"), max_length=20, choices=CodeSystem.choices)
    code = models.CharField(_("code"), max_length=40)
    display = models.CharField(_("name"), max_length=300)
    properties = models.JSONField(_("properties"), default=dict, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    source = models.CharField(_("source"), max_length=200)
    folded = models.TextField(editable=False, default="", blank=True)
    grams = ArrayField(models.CharField(max_length=60), editable=False, default=list, blank=True)
    pinyin = models.TextField(editable=False, default="", blank=True)
    initials = models.TextField(editable=False, default="", blank=True)
    history = HistoricalRecords(excluded_fields=["folded", "grams", "pinyin", "initials"])

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [models.UniqueConstraint(fields=["system", "code"], name="organisation_concept_code")]
        indexes = [
            GinIndex(OpClass("folded", name="gin_trgm_ops"), name="organisation_concept_folded"),
            GinIndex(OpClass("pinyin", name="gin_trgm_ops"), name="organisation_concept_pinyin"),
            GinIndex(OpClass("initials", name="gin_trgm_ops"), name="organisation_concept_init"),
            GinIndex(fields=["grams"], name="organisation_concept_grams"),
            models.Index(
                "system", OpClass(Upper("code"), name="varchar_pattern_ops"), name="organisation_concept_prefix"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.display}"


class CatalogueImport(models.Model):
    """One run of an import that was accepted: which file, by whom, and what it changed."""

    system = models.CharField(_("catalogue"), max_length=20, choices=CodeSystem.choices)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("digest"), max_length=64)
    source = models.CharField(_("source"), max_length=200)
    at = models.DateTimeField(_("at"))
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    rows = models.PositiveIntegerField(_("rows"))
    new = models.PositiveIntegerField(_("new"))
    changed = models.PositiveIntegerField(_("changed"))
    same = models.PositiveIntegerField(_("same"))
    retired = models.PositiveIntegerField(_("retired"))

    class Meta:
        verbose_name = _("catalogue import")
        verbose_name_plural = _("catalogue imports")

    def __str__(self) -> str:
        return f"{self.system} {self.file_name}"


class TsTzRange(models.Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


class PolicyParameter(models.Model):
    """The value that the hospital set for a declared parameter, from one day to another (rules G-1)."""

    name = models.CharField(_("parameter"), max_length=100)
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("campus"))
    value = models.JSONField(_("value"))
    source = models.CharField(_("legal source or decision"), max_length=200)
    effective_from = models.DateTimeField(_("from"))
    effective_to = models.DateTimeField(_("until"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("policy parameter")
        verbose_name_plural = _("policy parameters")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "campus", "effective_from"], nulls_distinct=False, name="organisation_parameter_from"
            ),
            # Two values at one instant would make a limit depend on the order of rows (G-1).
            ExclusionConstraint(
                name="organisation_parameter_no_overlap",
                expressions=[
                    ("name", RangeOperators.EQUAL),
                    (Coalesce("campus", 0), RangeOperators.EQUAL),
                    (TsTzRange("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


class DayKind(models.TextChoices):
    HOLIDAY = "holiday", _("public holiday")
    MAKEUP_WORKDAY = "makeup_workday", _("working weekend day")
    IN_LIEU = "in_lieu", _("day off in lieu")


class SpecialDay(models.Model):
    """A day that isn't what its weekday says: holidays and the weekends worked for them (State Council's calendar)."""

    day = models.DateField(_("day"), unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=DayKind.choices)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"
