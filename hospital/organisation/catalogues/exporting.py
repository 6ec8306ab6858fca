"""Tables for spreadsheets, in which no cell starts a formula (G17)."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from ..models import Concept
from .shapes import OWN_COLUMNS

_LIVE = "=+-@\t\r\n＝＋－＠"
_GUARD = "'"


def disarmed_for_sheet(text: str) -> str:
    """A spreadsheet runs a cell that starts like a formula: a quote before it makes it text (G17)."""
    return _GUARD + text if _is_live(text.lstrip(_GUARD)) else text


def _is_live(text: str) -> bool:
    return text[:1] in set(_LIVE) or text.lstrip(' "')[:1] in set(_LIVE)


def disarmed(cell: str) -> str:
    """The cell without the quote that our export put before it."""
    return cell[1:] if cell[:1] == _GUARD and disarmed_for_sheet(cell[1:]) == cell else cell


def as_csv(concepts: Iterable[Concept]) -> Iterator[str]:
    """The lines of an export, which catalogue_import reads back: UTF-8 with BOM, for the sake of Excel."""
    yield "\ufeff" + _line(OWN_COLUMNS)
    for concept in concepts:
        properties = json.dumps(concept.properties, ensure_ascii=False, sort_keys=True)
        yield _line([concept.code, concept.display, "1" if concept.is_active else "0", properties])


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([disarmed_for_sheet(cell) for cell in cells])
    return out.getvalue()
