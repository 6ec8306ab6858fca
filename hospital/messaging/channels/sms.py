"""Text messages."""

from hospital.kit import sms
from hospital.people.models import Account


def reaches(account: Account) -> bool:
    return bool(account.phone)


def send(account: Account, *, kind: str, title: str, text: str, url: str, provider_key: str) -> str:
    return sms.send(to=account.phone, template=kind, text=text, idempotency_key=provider_key)
