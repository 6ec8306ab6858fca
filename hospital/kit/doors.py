"""The map of all doors: every HTTP route and socket of the house with the rules declared for it (G12).

Read by `manage.py check`, by `manage.py authz_matrix` and by the tests that try each door as each person.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error
from django.urls import URLPattern, URLResolver, get_resolver

from . import access
from .access import Rule, rules_of

VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Route:
    path: str  # "staff/visits/<int:pk>/"
    name: str  # "emr_staff:visit"
    callback: Any
    kwargs: tuple[str, ...]
    is_socket: bool = False

    @property
    def rules(self) -> dict[str, Rule]:
        return rules_of(self.callback)

    @property
    def is_admin(self) -> bool:
        return hasattr(self.callback, "model_admin") or hasattr(self.callback, "admin_site")

    @property
    def implemented(self) -> frozenset[str] | None:
        """The verbs that the view has code for; None where only running it would tell (functions)."""
        actions = getattr(self.callback, "actions", None)
        if actions:
            return frozenset(verb.upper() for verb in actions) & VERBS
        view_class = getattr(self.callback, "view_class", None) or getattr(self.callback, "cls", None)
        if view_class is None:
            return None
        return frozenset(verb for verb in VERBS if hasattr(view_class, verb.lower()))


def http_routes(urlconf: str | None = None) -> list[Route]:
    return list(_walk(get_resolver(urlconf).url_patterns, "", (), ()))


def socket_routes(patterns: Iterable[URLPattern]) -> list[Route]:
    """Sockets, from the list that hospital/sockets.py mounts; the callback is the consumer's class."""
    return [
        Route(
            str(found.pattern),
            f"socket:{found.name or found.pattern}",
            getattr(found.callback, "consumer_class", found.callback),
            _arguments(found),
            is_socket=True,
        )
        for found in patterns
    ]


def _arguments(found: URLPattern | URLResolver) -> tuple[str, ...]:
    regex = getattr(found.pattern, "regex", None)
    names = dict.fromkeys([*getattr(found.pattern, "converters", {}), *(regex.groupindex if regex else {})])
    return tuple(names)


def _walk(patterns: Iterable[Any], prefix: str, spaces: tuple[str, ...], arguments: tuple[str, ...]) -> Iterator[Route]:
    for found in patterns:
        path, names = prefix + str(found.pattern), (*arguments, *_arguments(found))
        if isinstance(found, URLResolver):
            inner = (*spaces, found.namespace) if found.namespace else spaces
            yield from _walk(found.url_patterns, path, inner, names)
        else:
            yield Route(path, ":".join([*spaces, found.name or path]), found.callback, names)


def faults(routes: Iterable[Route], public_names: Iterable[str], declared: Iterable[Rule]) -> list[CheckMessage]:
    """The three red lines: an undeclared route or verb, a declaration without a route, an unlisted public route."""
    listed, seen, public = set(public_names), set(), set()
    messages: list[CheckMessage] = []
    for route in routes:
        rules = route.rules
        if not rules:
            messages.append(
                Error(f"{route.name} ({route.path}) has no access rule: nobody can reach it", id="access.E001")
            )
            continue
        implemented = route.implemented
        if implemented is not None and not route.is_admin:
            for verb in sorted(implemented - rules.keys()):
                messages.append(Error(f"{route.name} answers {verb} without an access rule", id="access.E001"))
            for verb in sorted(rules.keys() - implemented):
                messages.append(Error(f"{route.name} declares {verb}, which it has no code for", id="access.E002"))
        for found in rules.values():
            seen.add(found.name)
            if found.is_public:
                public.add(found.name)
            if route.kwargs and not found.subject and not found.is_public and not route.is_admin:
                messages.append(
                    Error(
                        f"{route.name} has {', '.join(route.kwargs)} in its URL: its rule must name a subject",
                        id="access.E004",
                    )
                )
    stale = sorted({rule.name for rule in declared} - seen)
    messages += [Error(f"the rule {name} belongs to no route", id="access.E002") for name in stale]
    messages += [
        Error(f"{name} is public and isn't listed in hospital/public_routes.py", id="access.E003")
        for name in sorted(public - listed)
    ]
    messages += [
        Error(f"hospital/public_routes.py lists {name}, which isn't public", id="access.E003")
        for name in sorted(listed - public)
    ]
    return messages


def declared_rules() -> list[Rule]:
    """Every rule declared by the product's code (a test's own views don't count)."""
    return [rule for owner, rule in access.declarations if not owner.startswith("tests.")]
