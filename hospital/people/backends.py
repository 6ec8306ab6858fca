"""How Django finds the account of a session. Signing in itself is people.services."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from .models import Account


class AccountBackend(BaseBackend):
    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Account | None:
        return None  # nobody signs in by Django's own form: see people.services.sign_in_*

    def get_user(self, user_id: int) -> Account | None:
        return Account.objects.filter(pk=user_id, is_active=True).first()  # type: ignore[no-any-return]
