"""A catalogue as a table that catalogue_import reads back."""

import json
from collections.abc import Iterable, Iterator

from hospital.kit.sheets import BOM, disarmed, disarmed_for_sheet, line

from ..models import Concept
from .shapes import OWN_COLUMNS

__all__ = ["as_csv", "disarmed", "disarmed_for_sheet"]


def as_csv(concepts: Iterable[Concept]) -> Iterator[str]:
    """The lines of an export, which catalogue_import reads back: UTF-8 with BOM, for the sake of Excel."""
    yield BOM + line(OWN_COLUMNS)
    for concept in concepts:
        properties = json.dumps(concept.properties, ensure_ascii=False, sort_keys=True)
        yield line([concept.code, concept.display, "1" if concept.is_active else "0", properties])
