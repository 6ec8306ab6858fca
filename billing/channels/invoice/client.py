"""The platform that issues electronic medical receipts: asked over HTTPS with a keyed hash over each request.

Each province runs its own platform; what they have in common is here: issue a receipt, write one back by a red note,
both under a number of ours that makes a repeat answer what the first call answered.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from hospital.kit import clock
from hospital.kit.outside import OutsideError, post_json

from ..base import ChannelRefused, ChannelUnknown


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the platform gave: the receipt's code and number, the check code, and when."""

    code: str
    ticket: str
    check_code: str
    issued_at: datetime


def is_ready() -> bool:
    return bool(settings.INVOICE_BASE_URL and settings.INVOICE_APP_ID and settings.INVOICE_API_KEY)


def signature(key: str, stamp: str, nonce: str, body: str) -> str:
    """HMAC-SHA256 over time, nonce and the body as it is sent."""
    return hmac.new(key.encode(), f"{stamp}\n{nonce}\n{body}\n".encode(), hashlib.sha256).hexdigest()


def issue(number: str, sheet: dict[str, Any], *, at: datetime) -> Ticket:
    """A receipt of this sheet. Raises ChannelRefused (surely not issued) and ChannelUnknown."""
    return _ask("issue", number, {"sheet": sheet}, total=int(sheet["total"]), at=at)


def write_off(number: str, reverses: Ticket, amount: int, *, at: datetime) -> Ticket:
    """The red note that takes a receipt back."""
    body = {"code": reverses.code, "ticket": reverses.ticket, "amount": amount}
    return _ask("write-off", number, body, total=amount, at=at)


def _ask(what: str, number: str, body: dict[str, Any], *, total: int, at: datetime) -> Ticket:
    asked = {"number": number, **body}
    # Serialised as `requests` does it: the platform checks the hash over the bytes that it receives.
    text = json.dumps(asked)
    stamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
    headers = {
        "X-App-Id": settings.INVOICE_APP_ID, "X-Timestamp": stamp, "X-Nonce": nonce,
        "X-Signature": signature(settings.INVOICE_API_KEY, stamp, nonce, text),
    }  # fmt: skip
    try:
        said = post_json(f"{settings.INVOICE_BASE_URL}/{what}", asked, headers=headers)
    except OutsideError as error:
        raise ChannelUnknown(f"{what}: {error}") from error
    if said.get("refused"):
        raise ChannelRefused(str(said["refused"])[:60], str(said.get("message", "")))
    try:
        if said["number"] != number or said["total"] != total:
            raise ChannelUnknown(f"{what}: an answer about another receipt than {number}")
        code, ticket, check = str(said["code"]), str(said["ticket"]), str(said["check_code"])
        issued_at = datetime.fromisoformat(said["issued_at"])
    except (KeyError, ValueError, TypeError) as error:
        raise ChannelUnknown(f"{what}: half an answer") from error
    if not (0 < len(code) <= 12 and 0 < len(ticket) <= 20 and 0 < len(check) <= 10 and issued_at.tzinfo):
        raise ChannelUnknown(f"{what}: no receipt in the answer")
    return Ticket(code, ticket, check, issued_at.astimezone(clock.SHANGHAI))
