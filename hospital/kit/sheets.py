"""Tables for spreadsheets, in which no cell starts a formula (G17)."""

import csv
import io
from collections.abc import Iterable

BOM = "\ufeff"  # for the sake of Excel
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


def line(cells: Iterable[str]) -> str:
    """One line of CSV, safe to open."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow([disarmed_for_sheet(cell) for cell in cells])
    return out.getvalue()
