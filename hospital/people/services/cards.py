"""Visit cards: issued once per patient, read at every desk (H2)."""

import secrets
from datetime import datetime

from hospital.kit.transactions import within

from .. import card
from ..errors import CardNotRead
from ..models import VisitCard


@within
def card_issue(*, patient_id: int, at: datetime) -> VisitCard:
    """The patient's card; made when it is asked for the first time."""
    found = VisitCard.objects.filter(patient_id=patient_id).first()
    if found is not None:
        return found
    number = f"9{secrets.randbelow(10**11):011d}"
    made, _created = VisitCard.objects.get_or_create(
        patient_id=patient_id, defaults={"number": number, "issued_at": at}
    )
    return made


def card_resolve(text: str, *, at: datetime) -> VisitCard:
    """The card of a scanned QR (rotating) or of a typed or bar-coded number. Raises CardNotRead."""
    number = card.number_of(text, at) if "." in text else text.strip()
    found = VisitCard.objects.select_related("patient").filter(number=number or "").first()
    if found is None:
        raise CardNotRead
    return found
