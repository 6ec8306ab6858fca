"""The consent to online visits that comes with the house (IH-10)."""

import hashlib
from datetime import datetime
from pathlib import Path

from hospital.kit.transactions import entry

from .models import ConsentText

FILE = Path(__file__).parent / "data" / "consent.txt"


@entry
def consent_publish(*, text: str, at: datetime) -> ConsentText:
    """Publish the words as the next version; the same words again change nothing."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    newest = ConsentText.objects.order_by("-version").first()
    if newest is not None and newest.digest == digest:
        return newest
    return ConsentText.objects.create(
        version=newest.version + 1 if newest else 1, text=text, digest=digest, published_at=at
    )


def load(*, at: datetime) -> ConsentText:
    return consent_publish(text=FILE.read_text(encoding="utf-8").strip(), at=at)
