"""Which request the lane understands wholly: everything that it doesn't is None here, and Django's."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.utils.translation import get_language_from_request

from hospital.api import csrf_holds

PATH = "/api/v1/bookings/"
MOST_BYTES = 2000  # of a body: what is asked fits into a tenth of it
_MOST_OF_A_KEY = 80  # characters (hospital.audit.replies)
_JSON = re.compile(r"application/json(; ?charset=utf-8)?", re.IGNORECASE)
_FIELDS = {"patient_id", "period_id"}


@dataclass(slots=True)
class Asked:
    """A plain request for a place, not yet known whose."""

    request: ASGIRequest
    body: bytes
    patient_id: int
    period_id: int
    key: str
    language: str
    delays: int = field(default=0)  # crowds that it had to let pass


def is_asking(scope: Mapping[str, Any]) -> bool:
    return scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST" and not scope["query_string"]


def read(scope: Mapping[str, Any], body: bytes) -> Asked | None:
    """The request, if it comes from a page of ours and says no more than who wants which period."""
    said = _said(body)
    if said is None:
        return None
    request = ASGIRequest(dict(scope), BytesIO(body))
    headers = request.headers
    key = headers.get("Idempotency-Key", "")
    if (
        not 0 < len(key) <= _MOST_OF_A_KEY
        or not _JSON.fullmatch(headers.get("Content-Type", ""))
        or not _takes_json(headers.get("Accept", "*/*"))
        or "Authorization" in headers
        or "Content-Encoding" in headers
        or not request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        or (settings.SECURE_SSL_REDIRECT and not request.is_secure())
    ):
        return None
    try:
        request.get_host()
    except DisallowedHost:
        return None
    if not csrf_holds(request):
        return None
    request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
    return Asked(request, body, said["patient_id"], said["period_id"], key, get_language_from_request(request))


def _said(body: bytes) -> dict[str, int] | None:
    if len(body) > MOST_BYTES:
        return None
    try:
        said = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.keys() != _FIELDS:
        return None
    return said if all(type(value) is int and 0 < value < 2**63 for value in said.values()) else None


def _takes_json(accept: str) -> bool:
    """Plain JSON, without an indentation or version that a program may ask for."""
    kinds = [kind.strip() for kind in accept.split(",")]
    return ("application/json" in kinds or "*/*" in kinds) and not any(
        kind.startswith("application/json;") for kind in kinds
    )
