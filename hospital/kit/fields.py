"""Model fields that keep identity data encrypted and findable.

    phone = EncryptedTextField(purpose="account.phone")
    phone_index = BlindIndexField(source="phone", unique=True, null=True)

`Account.objects.filter(phone_index=blind("13800138000", purpose="account.phone"))` finds; filtering the encrypted
column itself raises FieldError, because it would match nothing without a word.
"""

from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from . import crypto
from .crypto import blind_index as blind

__all__ = ["BlindIndexField", "EncryptedTextField", "blind"]


class EncryptedTextField(models.TextField[str, str]):
    """Text that is ciphertext in the database (kit/crypto.py). `purpose` names the column and binds the value to it."""

    def __init__(self, *args: Any, purpose: str, **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose}

    def get_prep_value(self, value: Any) -> Any:
        if value is None or value == "":
            return value
        return crypto.encrypt(str(value), purpose=self.purpose)

    def from_db_value(self, value: str | None, expression: Any, connection: BaseDatabaseWrapper) -> str | None:
        return crypto.decrypt(value, purpose=self.purpose) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(f"{self.name} is encrypted: look it up by its blind index")


class BlindIndexField(models.CharField[str | None, str | None]):
    """HMAC of an EncryptedTextField of the same row, kept in step on save() and bulk_create().

    `QuerySet.update()` of the source must set the index too; models with these fields forbid it in their manager
    (IdentityQuerySet).
    """

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        kwargs.setdefault("max_length", 32)
        kwargs.setdefault("null", True)
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        source = type(model_instance)._meta.get_field(self.source)
        plain = getattr(model_instance, self.source)
        value = blind(plain, purpose=getattr(source, "purpose", self.source)) if plain else None
        setattr(model_instance, self.attname, value)
        return value


class IdentityQuerySet(models.QuerySet[Any]):
    """Forbids update() of an encrypted column, which would leave its blind index behind."""

    def update(self, **kwargs: Any) -> int:
        sources = {field.source for field in self.model._meta.get_fields() if isinstance(field, BlindIndexField)}
        if stale := sources & kwargs.keys():
            raise FieldError(f"update() of {', '.join(sorted(stale))} would leave the blind index behind: use save()")
        return super().update(**kwargs)
