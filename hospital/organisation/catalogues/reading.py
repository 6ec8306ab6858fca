"""A catalogue file as concepts and as a list of what is wrong with it, line by line."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from .exporting import disarmed
from .shapes import Line, RowRefused, Shape, shapes_of
from .text import Unreadable, decode, unpack

_LONGEST_CODE, _LONGEST_NAME = 40, 300


@dataclass(frozen=True, slots=True)
class RowError:
    """One refused line. Lines are counted as an editor counts them, the header is line 1."""

    line: int
    reason: str


@dataclass(slots=True)
class Reading:
    """What a file says; `errors` not empty means that it must not come in."""

    encoding: str = ""
    lines: dict[str, Line] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    rows: int = 0
    merged: int = 0


def read(system: str, raw: bytes) -> Reading:
    """Read a file of a catalogue. Never raises for what is in the file: that is in the answer's errors."""
    reading = Reading()
    try:
        text, reading.encoding = decode(unpack(raw))
        _read_rows(system, text, reading)
    except Unreadable as error:
        reading.errors.append(RowError(0, str(error)))
    except csv.Error as error:
        reading.errors.append(RowError(0, _("The file isn't a table: %(error)s") % {"error": error}))
    return reading


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each record; a cell may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    for cells in reader:
        yield before + 1, cells
        before = reader.line_num


def _shape_for(system: str, header: list[str]) -> Shape:
    for shape in shapes_of(system):
        if shape.columns <= set(header):
            return shape
    wanted = " / ".join(",".join(sorted(shape.columns)) for shape in shapes_of(system))
    raise Unreadable(_("The first line doesn't name the columns of this catalogue: %(wanted)s") % {"wanted": wanted})


def _read_rows(system: str, text: str, reading: Reading) -> None:
    records = _records(text)
    header = [name.strip() for name in next(records, (0, []))[1]]
    shape = _shape_for(system, header)
    seen: dict[str, int] = {}
    for number, cells in records:
        if not cells:
            continue
        reading.rows += 1
        try:
            if len(cells) != len(header):
                raise RowRefused(
                    _("This line has %(got)d cells, the header has %(wanted)d.")
                    % {"got": len(cells), "wanted": len(header)}
                )
            line = shape.read(dict(zip(header, map(disarmed, cells), strict=True)))
            _check(line)
            if line.code in seen and not shape.doubles_merge:
                raise RowRefused(
                    _("Code %(code)s is on line %(line)d already.") % {"code": line.code, "line": seen[line.code]}
                )
        except RowRefused as error:
            reading.errors.append(RowError(number, str(error)))
            continue
        reading.merged += line.code in seen
        seen[line.code] = number
        reading.lines[line.code] = line
    if not reading.rows:
        raise Unreadable(_("The file has no rows."))


def _check(line: Line) -> None:
    if len(line.code) > _LONGEST_CODE:
        raise RowRefused(_("The code is longer than %(limit)d characters.") % {"limit": _LONGEST_CODE})
    if len(line.display) > _LONGEST_NAME:
        raise RowRefused(_("The name is longer than %(limit)d characters.") % {"limit": _LONGEST_NAME})
    if any(ord(letter) < 32 for letter in line.code + line.display):
        raise RowRefused(_("The code or the name contains a control character."))
