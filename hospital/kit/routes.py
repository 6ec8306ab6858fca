"""What can be reached: a page links only to what exists and what its reader may open (H6).

The answer comes from the rule that the view itself declares, so a menu can't drift away from the door.
"""

from functools import cache

from django.urls import Resolver404, resolve

from . import access
from .actor import Actor, Role


@cache
def _rules(path: str) -> dict[str, frozenset[Role]]:
    """Who may use the page at this path, by verb; empty when there is none. The map of URLs never changes."""
    try:
        match = resolve(path)
    except Resolver404:
        return {}
    return {method: rule.roles for method, rule in access.rules_of(match.func).items()}


def page_exists(path: str, method: str = "GET") -> bool:
    """Is there such a page? A door that only takes a form (signing out) is asked for with method="POST"."""
    return method in _rules(path)


def may_open(actor: Actor, path: str) -> bool:
    """Does the page exist, and does its rule let this actor in? The relation to an object is asked by the page."""
    return not actor.roles.isdisjoint(_rules(path).get("GET", frozenset()))
