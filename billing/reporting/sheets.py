"""Tables as CSV and XLSX in which no cell starts a formula: text is text, amounts are numbers (G17)."""

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import IO
from xml.sax.saxutils import escape

from hospital.kit.sheets import BOM, disarmed_for_sheet

Cell = str | int | Decimal | None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else Decimal(fen) / 100


def csv_lines(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """UTF-8 with BOM, line by line. What looks like a formula gets a quote before it."""
    start = BOM
    for row in rows:
        out = io.StringIO(newline="")
        csv.writer(out).writerow(
            [disarmed_for_sheet(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row]
        )
        yield start + out.getvalue()
        start = ""


_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
}
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def xlsx_file(rows: Iterable[Sequence[Cell]]) -> IO[bytes]:
    """A workbook of one sheet, from its beginning; written row by row, on disk when it grows.

    Text cells have the type of text: no program reads a formula in them.
    """
    out = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - the answer closes it when it was sent
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in _PARTS.items():
            archive.writestr(name, _HEAD + body)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f"{_HEAD}{_SHEET}".encode())
            for number, row in enumerate(rows, start=1):
                cells = "".join(_cell(f"{_letters(place)}{number}", cell) for place, cell in enumerate(row))
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
    out.seek(0)
    return out


def _cell(place: str, value: Cell) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, int | Decimal):
        return f'<c r="{place}"><v>{value}</v></c>'
    text = "".join(letter for letter in value if letter >= " " or letter in "\t\n")
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _letters(place: int) -> str:
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text
