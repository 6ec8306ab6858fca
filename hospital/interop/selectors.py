"""Reads of hospital.interop."""

import base64
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from hospital.audit import services as audit
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound

from .models import InboundMessage, InboundStatus


def inbound_messages(status: str) -> QuerySet[InboundMessage]:
    """Messages of a state, newest first, without what they say."""
    rows = InboundMessage.objects.defer("raw").order_by("-received_at", "-pk")
    return rows.filter(status=status) if status in InboundStatus.values else rows


def inbound_for(actor: Actor, pk: int, *, at: datetime) -> tuple[InboundMessage, str]:
    """One message with its text. It names a patient, so that reading it leaves a line (SEC-04)."""
    row = InboundMessage.objects.filter(pk=pk).first()
    if row is None:
        raise NotFound
    with transaction.atomic():
        audit.record(actor, "inbound.read", at=at, subject=row, patient_id=row.patient_id)
    return row, _text(base64.b64decode(row.raw))


def _text(content: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
