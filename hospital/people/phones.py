"""Mobile numbers of mainland China, in the one form in which they are stored, compared and counted (G21)."""

import re
import unicodedata

from .errors import PhoneInvalid

_MOBILE = re.compile(r"1[3-9]\d{9}")


def normal(text: str) -> str:
    """11 digits, whatever was typed: +86, 0086, blanks, hyphens, full width. Raises PhoneInvalid."""
    digits = re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(\+86|0086|86(?=1[3-9]\d{9}$))", "", digits)
    if not _MOBILE.fullmatch(digits) or not digits.isascii():
        raise PhoneInvalid(fields={"phone": PhoneInvalid.title})
    return digits
