"""The planner's reasons as people read them."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .planner import Reason


def words(reason: Reason) -> str:
    """One sentence."""
    day = date_format(reason.day, pgettext("date", "j M")) if reason.day is not None else ""
    facts = {
        "first": reason.first, "then": reason.then, "why": reason.why, "day": day, "phone": settings.HOSPITAL_PHONE,
    }  # fmt: skip
    texts = {
        "one_trip": _("Everything on one day: you come once."),
        "joins": _("On %(day)s, when you are here anyway (%(first)s)."),
        "order": _("First %(first)s, then %(then)s: %(why)s."),
        "apart": _("Not on one day: after %(first)s, %(then)s has to wait: %(why)s."),
        "no_day": _("Not on one day: on no day are %(first)s and %(then)s both free."),
        "too_much": _("Not on one day: together they don't fit into the free times of any day."),
        "nothing_free": _("%(first)s has no possible time in these days; please ask for later days or call %(phone)s."),
        "no_room": _(
            "%(first)s finds no time beside the others in these days; please ask for later days or call %(phone)s."
        ),
        "unproved": _(
            "There are very many ways to arrange this; this is the best one found. If it doesn't suit, call %(phone)s."
        ),
    }
    return texts[reason.kind] % facts


def sentences(reasons: Iterable[Reason]) -> list[str]:
    return [words(reason) for reason in reasons]
