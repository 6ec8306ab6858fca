"""The hospital's catalogue of laboratory and imaging items, as the order kinds ask for it."""

from collections.abc import Callable
from datetime import datetime

from .kinds import ItemFacts
from .models import Orderable


def item_of(kind: str) -> Callable[[str, datetime], ItemFacts | None]:
    """The `item_of` of a kind whose items live in Orderable."""

    def facts(code: str, at: datetime) -> ItemFacts | None:
        row = Orderable.objects.filter(kind=kind, code=code, is_active=True).first()
        return ItemFacts(row.code, row.name, row.price_code, row.preparation, row.sex) if row else None

    return facts
