"""What can be reached: a page links only to what exists and what its reader may open (H6).

The answer comes from the rule that the view itself declares, so a menu can't drift away from the door.
"""

from functools import cache

from django.urls import Resolver404, resolve

from . import access
from .actor import Actor, Role


@cache
def _roles(path: str) -> frozenset[Role] | None:
    """Who may GET the page at this path; None when there is no such page. The map of URLs never changes at run time."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    rule = access.rules_of(match.func).get("GET")
    return None if rule is None else rule.roles


def page_exists(path: str) -> bool:
    return _roles(path) is not None


def may_open(actor: Actor, path: str) -> bool:
    """Does the page exist, and does its rule let this actor in? The relation to an object is asked by the page."""
    roles = _roles(path)
    return roles is not None and not actor.roles.isdisjoint(roles)
