"""The planner's reasons as people read them."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from .planner import Reason


def words(reason: Reason) -> str:
    """One sentence."""
    facts = {"first": reason.first, "then": reason.then, "why": reason.why}
    texts = {
        "one_trip": _("Everything on one day: you come once."),
        "joins": _("On a day on which you are here anyway (%(first)s)."),
        "order": _("First %(first)s, then %(then)s: %(why)s."),
        "apart": _("Not on one day: after %(first)s, %(then)s has to wait: %(why)s."),
        "no_day": _("Not on one day: on no day are %(first)s and %(then)s both free."),
        "too_much": _("Not on one day: together they don't fit into the free times of any day."),
        "nothing_free": _("%(first)s has no possible time in these days; please ask for later days or call us."),
    }
    return texts[reason.kind] % facts


def sentences(reasons: Iterable[Reason]) -> list[str]:
    return [words(reason) for reason in reasons]
