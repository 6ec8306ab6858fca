"""Accounts, patients, family members and their codes.

An Account signs in; a Patient is who is treated. A patient's account acts for one or more patients through
FamilyLink (oneself included); a member of staff has an account too (hospital.organisation.Staff).
"""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from hospital.kit.fields import BlindIndexField, EncryptedTextField, IdentityQuerySet
from hospital.kit.masking import mask_id, mask_name


class AccountManager(BaseUserManager.from_queryset(IdentityQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "Account":
        account: Account = self.get(login=username)
        return account


class Account(AbstractBaseUser):
    """Someone who signs in: a patient by phone, a member of staff by login name and second factor.

    `epoch` is stored in each session; raising it ends all of them at once (G22).
    """

    login = models.CharField(_("login name"), max_length=64, unique=True)  # staff number; random for patients
    phone = EncryptedTextField(purpose="account.phone", blank=True)
    phone_index = BlindIndexField(source="phone", unique=True)
    wechat_openid = models.CharField(max_length=64, null=True, blank=True, unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("member of staff"), default=False)
    is_superuser = models.BooleanField(_("superuser"), default=False)
    epoch = models.PositiveIntegerField(default=1)
    care_mode = models.BooleanField(_("care mode"), default=False)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[Any] = AccountManager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.login

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session is bound to: password and epoch (see sessions.py)."""
        return salted_hmac(
            "people.session", f"{self.password}:{self.epoch}", secret=secret, algorithm="sha256"
        ).hexdigest()

    # Only administrators reach the admin (hospital.administration_site); there they may do all that admin.py offers.
    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_superuser

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_superuser


class Sex(models.TextChoices):
    """GB/T 2261.1"""

    MALE = "1", _("male")
    FEMALE = "2", _("female")
    UNKNOWN = "0", _("unknown")


class DocumentType(models.TextChoices):
    """Identity documents (WS/T 364 CV02.01.101, AP-01)."""

    ID_CARD = "01", _("resident identity card")
    HOUSEHOLD = "02", _("household register")
    PASSPORT = "03", _("passport")
    OFFICER = "04", _("officer's certificate")
    HK_MACAO_PERMIT = "06", _("Hong Kong or Macao travel permit")
    TAIWAN_PERMIT = "07", _("Taiwan travel permit")
    FOREIGNER = "08", _("foreign permanent resident's card")


class Patient(models.Model):
    """Someone who is treated here. One person, one document, one medical record number (AP-01)."""

    record_no = models.CharField(_("medical record number"), max_length=20, unique=True)
    name = EncryptedTextField(_("name"), purpose="patient.name")
    name_index = BlindIndexField(source="name", db_index=True)
    document_type = models.CharField(_("document type"), max_length=2, choices=DocumentType.choices)
    document_no = EncryptedTextField(_("document number"), purpose="patient.document_no")
    document_index = BlindIndexField(source="document_no", unique=True)
    phone = EncryptedTextField(_("phone"), purpose="patient.phone", blank=True)
    phone_index = BlindIndexField(source="phone", db_index=True)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex.choices)
    birth_date = models.DateField(_("date of birth"))
    region_code = models.CharField(_("region"), max_length=6, blank=True)  # GB/T 2260
    verified_at = models.DateTimeField(_("real name proved at"), null=True, blank=True)  # IH-04
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = IdentityQuerySet.as_manager()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")

    def __str__(self) -> str:
        return self.record_no

    @property
    def masked_name(self) -> str:
        return mask_name(self.name)

    @property
    def masked_document_no(self) -> str:
        return mask_id(self.document_no)


class Relation(models.TextChoices):
    SELF = "self", _("myself")
    PARENT = "parent", _("parent")
    SPOUSE = "spouse", _("spouse")
    CHILD = "child", _("child")
    OTHER = "other", _("other relative")


class FamilyLink(models.Model):
    """An account may act for a patient, with that person's consent, until it is revoked (H1, IH-04, SEC-07)."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="family_links")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="family_links")
    relation = models.CharField(_("relation"), max_length=10, choices=Relation.choices)
    consented_at = models.DateTimeField()
    consent_version = models.CharField(max_length=20)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("family member")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "patient"], condition=models.Q(revoked_at=None), name="people_one_live_link"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(revoked_at=None, relation="self"), name="people_one_self"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} -> {self.patient_id} ({self.relation})"
