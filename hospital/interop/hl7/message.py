"""Reading a message: encodings, delimiters, escapes, and the liberties that senders take (data traits in README.md)."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

_CHARSETS = {
    "": "", "ASCII": "", "UNICODE": "utf-8", "UNICODEUTF8": "utf-8", "UTF8": "utf-8", "GB180302000": "gb18030",
    "GB18030": "gb18030", "GBK": "gb18030", "GB2312": "gb18030", "GB": "gb18030", "88591": "latin-1", "ISO88591": "latin-1",
    "ISOIR87": "", "BIG5": "big5",
}  # fmt: skip
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}$")
_TYPE = re.compile(r"[A-Z]{3}(?:\W[A-Z][A-Z0-9]{2}|$)")
_HEX = re.compile(r"[0-9A-Fa-f]+")


class Unreadable(Exception):
    """These bytes are no HL7 v2 message. The message says why."""


class TooManySegments(Unreadable):
    pass


@dataclass(frozen=True, slots=True)
class Delimiters:
    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def msh2(self) -> str:
        return self.component + self.repetition + self.escape + self.subcomponent


@dataclass(slots=True)
class Segment:
    """`fields[n]` is field n as sent, escapes and all; field 0 is the name. MSH-1 is the separator itself."""

    fields: list[str]
    delimiters: Delimiters

    @property
    def name(self) -> str:
        return self.fields[0]

    def raw(self, number: int) -> str:
        return self.fields[number] if number < len(self.fields) else ""

    def text(self, number: int) -> str:
        """The whole field, unescaped."""
        return unescape(self.raw(number), self.delimiters).strip()

    def repetitions(self, number: int) -> list[list[str]]:
        """Components of each repetition, unescaped."""
        raw = self.raw(number)
        if not raw:
            return []
        return [
            [unescape(part, self.delimiters).strip() for part in once.split(self.delimiters.component)]
            for once in raw.split(self.delimiters.repetition)
        ]

    def component(self, number: int, which: int = 1) -> str:
        """Component `which` (from 1) of the first repetition."""
        all_of_them = self.repetitions(number)
        parts = all_of_them[0] if all_of_them else []
        return parts[which - 1] if which <= len(parts) else ""


@dataclass(slots=True)
class Message:
    segments: list[Segment]
    delimiters: Delimiters
    encoding: str
    shift: int = field(default=0)  # fields too many in MSH before MSH-9

    def all(self, name: str) -> Iterator[Segment]:
        return (segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        return next(self.all(name), None)

    @property
    def header(self) -> Segment:
        return self.segments[0]


class Header:
    """What an answer needs of a message that may be unreadable otherwise."""

    def __init__(self, content: bytes) -> None:
        self.line = content[:2000].lstrip(b"\xef\xbb\xbf \r\n").split(b"\r")[0].split(b"\n")[0].decode("latin-1")

    @cached_property
    def delimiters(self) -> Delimiters:
        return _delimiters(self.line) or Delimiters()

    @cached_property
    def fields(self) -> list[str]:
        if not self.line.startswith("MSH"):
            return []
        sep = self.delimiters.field
        parts = self.line.split(sep)
        return ["MSH", sep, *parts[1:]]

    @property
    def shift(self) -> int:
        return _shift(self.fields)

    def field(self, number: int) -> str:
        """As sent, one letter a byte."""
        return self.fields[number] if number < len(self.fields) else ""

    def text(self, number: int) -> str:
        content = self.field(number).encode("latin-1")
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content.decode("gb18030", errors="replace")

    @property
    def sender(self) -> str:
        """MSH-3 and MSH-4: who numbers the messages."""
        return f"{self.text(3)}|{self.text(4)}"[:120]

    @property
    def control_id(self) -> str:
        """MSH-10, as it goes back in the answer."""
        return self.text(10 + self.shift)[:199]

    @property
    def type(self) -> str:
        """'ORU^R01', whatever the delimiters are."""
        return "^".join(self.text(9 + self.shift).split(self.delimiters.component)[:2])[:20]


def _delimiters(header: str) -> Delimiters | None:
    """MSH-1 and MSH-2, which a sender may choose; None when they are no delimiters."""
    if len(header) < 5 or not header.startswith("MSH"):
        return None
    sep = header[3]
    if not _may_delimit(sep):
        return None
    chosen = header[4:].split(sep)[0]
    usual = Delimiters(sep)
    defaults = (usual.component, usual.repetition, usual.escape, usual.subcomponent)
    four = [chosen[at] if at < len(chosen) else default for at, default in enumerate(defaults)]
    four = [one if _may_delimit(one) else default for one, default in zip(four, defaults, strict=True)]
    if len({sep, *four}) < 5:
        return Delimiters(sep) if sep not in defaults else None
    return Delimiters(sep, *four)


def _may_delimit(letter: str) -> bool:
    return "!" <= letter <= "~" and not letter.isalnum()


def _shift(fields: list[str]) -> int:
    """Some senders write an empty field too many before the date: the type then stands in MSH-10."""
    nine, ten = (fields[at] if at < len(fields) else "" for at in (9, 10))
    return 1 if not _TYPE.match(nine) and _TYPE.match(ten) else 0


def _decode(content: bytes, declared: str) -> tuple[str, str]:
    """The text and its encoding: as MSH-18 says if that is true, else what the bytes can be."""
    key = re.sub(r"[^A-Z0-9]", "", declared.upper())
    tries = [_CHARSETS.get(key, ""), "utf-8", "gb18030"]
    for encoding in dict.fromkeys(one for one in tries if one):
        try:
            return content.decode(encoding).replace("\0", ""), codecs.lookup(encoding).name
        except UnicodeDecodeError:
            continue
    raise Unreadable("neither UTF-8 nor GB18030")


def parse(content: bytes, *, most_segments: int = 5000) -> Message:
    """Raises Unreadable. Everything that can be understood is."""
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    header = Header(content)
    if not header.fields:
        raise Unreadable("no MSH segment at the beginning")
    delimiters = _delimiters(header.line)
    if delimiters is None:
        raise Unreadable("MSH-1 and MSH-2 are no delimiters")
    text, encoding = _decode(content, header.field(18 + header.shift).split(delimiters.repetition)[0])
    segments = [_segment(line, delimiters) for line in _lines(text, delimiters, most_segments)]
    return Message(segments, delimiters, encoding, _shift(segments[0].fields))


def _lines(text: str, delimiters: Delimiters, most: int) -> list[str]:
    r"""Segments, one a line. A line that begins no segment is the rest of the one before: a raw line break in a
    result. Some senders write the two characters \r where a line should end."""
    if "\r" not in text and "\n" not in text:
        text = re.sub(r"\\[rn](?=[A-Z][A-Z0-9]{2}" + re.escape(delimiters.field) + ")", "\r", text)
    lines: list[str] = []
    for line in text.replace("\r\n", "\r").replace("\n", "\r").split("\r"):
        name, sep, _rest = line.partition(delimiters.field)
        if lines and not (sep and _SEGMENT.match(name)) and not _SEGMENT.match(line):
            lines[-1] += "\n" + line if line.strip() else ""
            continue
        lines.append(line)
        if len(lines) > most:
            raise TooManySegments(f"more than {most} segments")
    return lines


def _segment(line: str, delimiters: Delimiters) -> Segment:
    fields = line.split(delimiters.field)
    if fields[0] == "MSH":
        fields.insert(1, delimiters.field)
    return Segment(fields, delimiters)


def unescape(text: str, delimiters: Delimiters) -> str:
    r"""\S\ and its kin, \.br\ as a line break, \X..\ as bytes; what isn't an escape stays as it is."""
    mark = delimiters.escape
    if mark not in text:
        return text
    meaning = {
        "F": delimiters.field, "S": delimiters.component, "R": delimiters.repetition, "E": mark,
        "T": delimiters.subcomponent, "H": "", "N": "",
    }  # fmt: skip

    def replace(found: re.Match[str]) -> str:
        body = found[1]
        if body in meaning:
            return meaning[body]
        if body.startswith((".br", ".sp")):
            return "\n"
        if body.startswith("X") and len(body) % 2 and _HEX.fullmatch(body[1:]):
            return bytes.fromhex(body[1:]).decode("utf-8", errors="replace")
        return found[0]

    return re.sub(re.escape(mark) + r"(\.?[A-Za-z0-9+-]{1,200})" + re.escape(mark), replace, text)


def escape(text: str, delimiters: Delimiters) -> str:
    """Text for a field of our own."""
    mark = delimiters.escape
    table = {
        mark: "E", delimiters.field: "F", delimiters.component: "S", delimiters.repetition: "R",
        delimiters.subcomponent: "T",
    }  # fmt: skip
    out = "".join(f"{mark}{table[letter]}{mark}" if letter in table else letter for letter in text)
    return re.sub(r"[\r\n\x00-\x1f]+", " ", out)
