"""Why something ended, as people read it.

A reason is kept as it was given: a person's own words, or the house's in English, marked by `gettext_noop` where they
are given. `in_words` says the house's in the reader's language and leaves a person's as they are
(tests/house/test_reasons.py).
"""

from django.utils.translation import gettext


def in_words(reason: str) -> str:
    return gettext(reason) if reason else ""  # the translation of "" is the head of the catalogue
