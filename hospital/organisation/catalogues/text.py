"""The bytes of a catalogue file as text: what they are is read from the bytes, never from the file's name."""

import gzip
import zlib

from django.utils.translation import gettext as _


class Unreadable(Exception):
    """The file isn't text in any encoding that we know, or is damaged. The message says where and why."""


_MAX_BYTES = 200 * 1024 * 1024  # of the unpacked file: a small archive must not fill the memory


def unpack(raw: bytes) -> bytes:
    """The content of a gzip file, or the bytes themselves."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    opener = zlib.decompressobj(wbits=31)
    try:
        content = opener.decompress(raw, _MAX_BYTES)
    except zlib.error as error:
        raise Unreadable(_("The compressed file is damaged.")) from error
    if opener.unconsumed_tail:
        raise Unreadable(_("The file is too large."))
    if not opener.eof:
        raise Unreadable(_("The compressed file is cut off."))
    return content


def pack(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=9, mtime=0)


def decode(content: bytes) -> tuple[str, str]:
    """(text, encoding) of UTF-8 with or without BOM, or GB18030. Raises Unreadable."""
    if b"\0" in content:
        raise Unreadable(_("The file isn't a text file."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse_damaged_utf8(content, error)
    else:
        if "\ufffd" in text:
            raise Unreadable(
                _("Line %(line)d contains a character that was lost in an earlier conversion.")
                % {"line": text[: text.index("\ufffd")].count("\n") + 1}
            )
        return text, "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        return content.decode("gb18030"), "gb18030"
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(_("Line %(line)d is neither UTF-8 nor GB18030.") % {"line": line}) from error


def _refuse_damaged_utf8(content: bytes, error: UnicodeDecodeError) -> None:
    """GB18030 accepts nearly any bytes: a UTF-8 file with one bad byte would come in as nonsense, without a word.

    Text in GB18030 read as UTF-8 breaks at nearly every character; damaged UTF-8 breaks here and there.
    """
    read = content.decode("utf-8", errors="replace")
    broken = read.count("\ufffd")
    whole = sum(1 for letter in read if ord(letter) >= 0x3000 and letter != "\ufffd")
    if whole > 5 * broken:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(_("The file is damaged: line %(line)d isn't valid UTF-8.") % {"line": line}) from error
