"""Accounts, patients, family members and their codes.

An Account signs in; a Patient is who is treated. A patient's account acts for one or more patients through
FamilyLink (oneself included); a member of staff has an account too (hospital.organisation.Staff).
"""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hospital.kit.fields import BlindIndexField, EncryptedTextField, IdentityQuerySet
from hospital.kit.masking import mask_id, mask_name, mask_phone

from .states import ResetStatus


def session_hash(password: str, epoch: int, *, secret: str | None = None) -> str:
    """What a session is bound to (sessions.py)."""
    return salted_hmac("people.session", f"{password}:{epoch}", secret=secret, algorithm="sha256").hexdigest()


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
        constraints = [
            # A member of staff who is also a patient has a second account for that: no phone code opens a staff account.
            models.CheckConstraint(
                condition=models.Q(is_staff=False) | models.Q(phone_index=None), name="people_staff_without_phone"
            ),
        ]

    def __str__(self) -> str:
        return self.login

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session is bound to: password and epoch (see sessions.py)."""
        return session_hash(self.password, self.epoch, secret=secret)

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

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.phone)


class Relation(models.TextChoices):
    SELF = "self", pgettext_lazy("relation", "myself")
    PARENT = "parent", pgettext_lazy("relation", "parent")
    SPOUSE = "spouse", pgettext_lazy("relation", "spouse")
    CHILD = "child", pgettext_lazy("relation", "child")
    OTHER = "other", pgettext_lazy("relation", "other relative")


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


class VisitCard(models.Model):
    """The electronic visit card of a patient (H2): one number for check-in, queue, pharmacy, treatment, kiosk.

    The number (Code 128) says who; the rotating QR token (card.py) also says that the phone shows it just now.
    """

    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, related_name="visit_card")
    number = models.CharField(_("card number"), max_length=20, unique=True)
    issued_at = models.DateTimeField()

    class Meta:
        verbose_name = _("visit card")
        verbose_name_plural = _("visit cards")

    def __str__(self) -> str:
        return self.number


class CodePurpose(models.TextChoices):
    SIGN_IN = "sign-in", _("sign in")
    STEP_UP = "step-up", _("confirm that it is you")
    FAMILY = "family", _("consent of a family member")


class LoginCode(models.Model):
    """A code that was sent to a phone; only its hash is kept, and only the browser that asked can use it (G20).

    `binding` is a digest of a secret of that browser's session. `tries` goes on when a code is sent again.
    """

    purpose = models.CharField(max_length=10, choices=CodePurpose.choices)
    phone_index = models.CharField(max_length=32)
    binding = models.CharField(max_length=64)
    code_hash = models.CharField(max_length=32)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sign-in code")
        indexes = [models.Index(fields=["phone_index", "purpose", "-created_at"], name="people_logincode_phone")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at:%F %T}"


class OutgoingCode(models.Model):
    """A code on its way to the text message provider. What is secret in it is wiped once sent or expired (G27)."""

    login_code = models.OneToOneField(LoginCode, on_delete=models.CASCADE, related_name="outgoing")
    provider_key = models.UUIDField(default=uuid.uuid4, unique=True)
    phone = EncryptedTextField(purpose="outgoing_code.phone", blank=True)
    code = EncryptedTextField(purpose="outgoing_code.code", blank=True)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("code to send")
        indexes = [
            models.Index(
                fields=["due_at"], name="people_outgoingcode_due", condition=models.Q(sent_at=None, dropped_at=None)
            )
        ]

    def __str__(self) -> str:
        return str(self.provider_key)


class Attempt(models.Model):
    """One thing that is counted against a limit: a code sent, a guess, a failed password (G20, G21, G23).

    `subject` is a blind index (of a phone, an address, a login name), so that the table names nobody.
    """

    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("attempt")
        indexes = [models.Index(fields=["kind", "subject", "at"], name="people_attempt_count")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%F %T}"


class ServiceToken(models.Model):
    """The key of another program; only its hash is kept, it is shown once when it is made (SEC-01)."""

    name = models.CharField(_("name of the program"), max_length=60, unique=True)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=60), verbose_name=_("rules it may use"))  # "interop.", "me.show"
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")

    def __str__(self) -> str:
        return self.name


class SecondFactorReset(models.Model):
    """Somebody lost the authenticator: one administrator asks, another decides (four eyes, SEC-01)."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.CharField(_("reason"), max_length=200)
    status = models.CharField(max_length=10, choices=ResetStatus.choices, default=ResetStatus.WAITING)
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("reset of a second factor")
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(status="waiting"), name="people_one_reset_waiting"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | ~models.Q(decided_by=models.F("asked_by")) & ~models.Q(decided_by=models.F("account")),
                name="people_reset_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.status}"
