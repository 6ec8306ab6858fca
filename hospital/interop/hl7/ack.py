"""The answer to a message: AA filed, AE wrong in content, AR not for us or unreadable; always with its MSH-10."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hospital.kit import clock

from .message import Header, escape


class Code(StrEnum):
    ACCEPTED = "AA"
    ERROR = "AE"  # correct it and send it again
    REJECTED = "AR"  # never send it again like this


@dataclass(frozen=True, slots=True)
class Verdict:
    code: Code
    text: str = ""
    problem: str = ""  # stable code of the refusal


def ack(content: bytes, verdict: Verdict, *, at: datetime, number: str) -> bytes:
    """The acknowledgement of `content`, in its delimiters; its MSH-10 comes back as it was sent, byte for byte."""
    header = Header(content)
    delimiters = header.delimiters
    sep, shift = delimiters.field, header.shift
    charset, encoding = _language_of(content)
    event = header.field(9 + shift).split(delimiters.component)[1:2]
    msh = [
        "MSH", delimiters.msh2, header.field(5), header.field(6), header.field(3), header.field(4),
        f"{clock.local(at):%Y%m%d%H%M%S}", "", delimiters.component.join(["ACK", *event]), number,
        header.field(11 + shift) or "P", header.field(12 + shift) or "2.5", "", "", "", "", "", charset,
    ]  # fmt: skip
    said = escape(verdict.text, delimiters).encode(encoding, errors="replace")
    control = header.field(10 + shift).encode("latin-1")
    lines = [
        # What came is repeated as bytes: it may be in any encoding.
        sep.join(msh).encode("latin-1"),
        sep.encode().join([b"MSA", verdict.code.encode(), control, said]),
    ]
    if verdict.problem:
        lines.append(sep.join(["ERR", "", "", "207", "E", escape(verdict.problem, delimiters)]).encode())
    return b"\r".join(lines) + b"\r"


def _language_of(content: bytes) -> tuple[str, str]:
    """(MSH-18, codec) in which this sender reads what we say."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return "GB 18030-2000", "gb18030"
    return "UNICODE UTF-8", "utf-8"
