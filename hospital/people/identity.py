"""Identity documents: is the number well formed, and what does it say of its holder (IH-04, AP-01)?

Resident identity numbers follow GB 11643-1999 (18 characters; check character by ISO 7064 MOD 11-2), older ones
GB 11643-1989 (15 digits, people born 19yy). Permits of residents from Hong Kong, Macao and Taiwan use the same form
with regions 81, 82, 83; the foreign permanent resident's card of 2023 uses it with a leading 9. A well formed number
isn't a proof: that needs the name checked against it (real_name.py), or staff who saw the document.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from .errors import DocumentInvalid, NameInvalid
from .models import DocumentType, Sex

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_OLDEST = 130  # years; nobody alive is older
_PERMIT_REGIONS = frozenset({"810000", "820000", "830000"})

# Other documents carry no check character: only their form can be asked.
_FORMS = {
    DocumentType.PASSPORT: re.compile(r"[A-Z0-9]{5,17}"),
    DocumentType.OFFICER: re.compile(r"[\u4e00-\u9fff]{0,6}[A-Z0-9]{4,14}号?"),
    DocumentType.HK_MACAO_PERMIT: re.compile(r"[HM](\d{8}|\d{10})"),
    DocumentType.TAIWAN_PERMIT: re.compile(r"\d{8}|\d{10}[A-Z]?"),
    DocumentType.FOREIGNER: re.compile(r"[A-Z]{3}\d{12}"),
}
_DOTS = str.maketrans(dict.fromkeys("•‧・．⋅∙", "·") | dict.fromkeys("’‘＇`", "'"))


@dataclass(frozen=True, slots=True)
class Said:
    """What a document number says; None and "" where it says nothing and the person must be asked."""

    number: str
    birth_date: date | None = None
    sex: str | None = None
    region: str = ""


def check_character(first_17: str) -> str:
    """The 18th character of a resident identity number (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def compose(region: str, birth: date, sequence: int) -> str:
    """The 18-character number of a region, a day and an order number 0-999 (odd: male, even: female)."""
    first_17 = f"{region}{birth:%Y%m%d}{sequence:03d}"
    return first_17 + check_character(first_17)


def normal_number(text: str) -> str:
    """Half-width capitals without blanks and hyphens: how a number is stored and compared."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


def normal_name(text: str) -> str:
    """The name as it is stored: one kind of dot and apostrophe, no blanks at its ends. Raises NameInvalid."""
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip().translate(_DOTS).rstrip("·")
    letters = [sign for sign in name if sign not in "· '-"]
    if not 2 <= len(name) <= 50 or not letters or not all(unicodedata.category(sign)[0] in "LM" for sign in letters):
        raise NameInvalid(fields={"name": NameInvalid.next_step})
    return name


def read(document_type: str, number: str, *, today: date) -> Said:
    """What the number says. Raises DocumentInvalid."""
    normal = normal_number(number)
    if document_type in (DocumentType.ID_CARD, DocumentType.HOUSEHOLD):
        return _read_resident(normal, today)
    if document_type == DocumentType.FOREIGNER and len(normal) == 18:
        return _read_foreigner(normal, today)
    form = _FORMS.get(DocumentType(document_type))
    if form is None or not form.fullmatch(normal):
        raise _invalid()
    return Said(normal)


def age_on(birth: date, day: date) -> int:
    """Completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _invalid() -> DocumentInvalid:
    return DocumentInvalid(fields={"document_no": DocumentInvalid.title})


def _read_resident(number: str, today: date) -> Said:
    if re.fullmatch(r"\d{15}", number):
        first_17 = f"{number[:6]}19{number[6:]}"
        number = first_17 + check_character(first_17)
    if not re.fullmatch(r"\d{17}[\dX]", number) or check_character(number[:17]) != number[17]:
        raise _invalid()
    if number[0] == "9":
        return _read_foreigner(number, today)
    region = number[:6]
    if region not in _PERMIT_REGIONS and region not in regions():
        raise _invalid()
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return Said(number, _day(number[6:14], today), sex, region)


def _read_foreigner(number: str, today: date) -> Said:
    """9, two digits of the province, three of the nationality, day of birth, order number, check character."""
    if not re.fullmatch(r"9\d{16}[\dX]", number) or check_character(number[:17]) != number[17]:
        raise _invalid()
    if f"{number[1:3]}0000" not in regions():
        raise _invalid()
    return Said(number, _day(number[6:14], today))


def _day(digits: str, today: date) -> date:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise _invalid() from error
    if day > today or age_on(day, today) > _OLDEST:
        raise _invalid()
    return day


@cache
def regions() -> frozenset[str]:
    """Codes of GB/T 2260, of today and of former days (data/README.md)."""
    lines = Path(__file__).with_name("data").joinpath("region_codes.txt").read_text("ascii").split()
    return frozenset(lines)
