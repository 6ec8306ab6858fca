"""Identity documents: is the number well formed, and what does it say of its holder (IH-04, AP-01)?

Resident identity numbers follow GB 11643-1999 (18 characters; check character by ISO 7064 MOD 11-2), older ones
GB 11643-1989 (15 digits, people born 19yy). A well formed number isn't a proof: that needs the person's name checked
against it by the verification channel, or by staff who saw the document.
"""

from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def check_character(first_17: str) -> str:
    """The 18th character of a resident identity number (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def compose(region: str, birth: date, sequence: int) -> str:
    """The 18-character number of a region, a day and an order number 0-999 (odd: male, even: female)."""
    first_17 = f"{region}{birth:%Y%m%d}{sequence:03d}"
    return first_17 + check_character(first_17)
