"""How Django finds the account of a session. Signing in itself is people.services."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from hospital.kit.kept import Given, Kept

from .models import Account

# Asked by every request of a signed-in person. The phone number is left where it is until somebody reads it: most
# requests don't, and decrypting costs more than all the rest of the row.
_ACTIVE = Kept(lambda: Account.objects.filter(pk=Given("account_id"), is_active=True).defer("phone"))


class AccountBackend(BaseBackend):
    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Account | None:
        return None  # nobody signs in by Django's own form: see people.services.sign_in_*

    def get_user(self, user_id: int) -> Account | None:
        found: Account | None = _ACTIVE.first(account_id=user_id)
        return found
