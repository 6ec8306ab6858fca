"""Default deny: each view declares, per verb, who may come in at all; the relation to the object is asked below.

    @rule("booking.cancel", PATIENTS, methods=["POST"], subject="booking")
    def booking_cancel(request, pk): ...

    @public("doctor.list", "what the hospital must publish (IH-14)")
    class DoctorList(View): ...

A view without a rule answers nobody: the middleware refuses it and `manage.py check` and the route walk fail.
Rules of one view for several verbs are stacked. HEAD and OPTIONS follow GET. `subject` names the factory that makes
the objects of the route for the generated matrix (tests/access/). Public routes are listed in
hospital/public_routes.py, a short file that is read at each review.

Outcome for those who may not come in: nobody signed in -> 401 with the sign-in page, wrong role or someone else's
object -> 404, both with the same bodies as for what doesn't exist.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest

from .actor import ANONYMOUS, EVERYONE, Actor, Role
from .problems import NotFound, Problem, SignInNeeded

V = TypeVar("V", bound=Callable[..., Any])

READS = ("GET",)

# Every rule ever declared, with the module of its view: a declaration without a route is a fault (kit/doors.py).
declarations: list[tuple[str, "Rule"]] = []


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    roles: frozenset[Role]
    methods: frozenset[str]
    subject: str = ""
    public_because: str = ""
    sign_in_fresh: bool = False  # asks for the password or code again (SEC-01 step-up, SEC-03 signing)

    @property
    def is_public(self) -> bool:
        return Role.ANONYMOUS in self.roles


class Undeclared(Problem):
    """A route or verb that nobody declared a rule for."""

    code = "undeclared-route"
    status = 403


def _declare(view: V, new: Rule) -> V:
    rules: dict[str, Rule] = dict(getattr(view, "access_rules", {}))
    for method in new.methods:
        if method in rules and "access_rules" in vars(view):
            raise ValueError(f"{new.name}: {method} is declared twice")
        rules[method] = new
    declarations.append((view.__module__, new))
    view.access_rules = rules  # type: ignore[attr-defined]
    return view


def rule(
    name: str, roles: Iterable[Role], *, methods: Iterable[str] = READS, subject: str = "", sign_in_fresh: bool = False
) -> Callable[[V], V]:
    """Declare who may use the given verbs of a view (function or class)."""
    made = Rule(name, frozenset(roles), frozenset(methods), subject, sign_in_fresh=sign_in_fresh)
    return lambda view: _declare(view, made)


def public(name: str, because: str, *, methods: Iterable[str] = READS, subject: str = "") -> Callable[[V], V]:
    """Declare that anybody may use the given verbs, and why."""
    made = Rule(name, EVERYONE, frozenset(methods), subject, public_because=because)
    return lambda view: _declare(view, made)


def rules_of(callback: Any) -> dict[str, Rule]:
    """The rules of a resolved URL callback, by verb; empty when none were declared.

    A class-based view or DRF view declares on the class, a function on itself, the admin on its site.
    """
    model_admin = getattr(callback, "model_admin", None)
    site = getattr(callback, "admin_site", None) or getattr(model_admin, "admin_site", None)
    for holder in (callback, getattr(callback, "view_class", None), getattr(callback, "cls", None), site):
        rules = getattr(holder, "access_rules", None)
        if rules is not None:
            return dict(rules)
    return {}


def require(callback: Any, method: str, actor: Actor) -> Rule:
    """The rule by which `actor` may come in; raises Undeclared, SignInNeeded or NotFound."""
    verb = "GET" if method in {"HEAD", "OPTIONS"} else method
    rules = rules_of(callback)
    if not rules:
        raise Undeclared
    found = rules.get(verb)
    if found is None:
        raise MethodNotAllowed(rules)
    if actor.roles.isdisjoint(found.roles):
        raise SignInNeeded if actor.is_any(Role.ANONYMOUS) else NotFound
    if actor.is_system and not found.is_public and not any(found.name.startswith(scope) for scope in actor.scopes):
        raise NotFound
    return found


class MethodNotAllowed(Problem):
    code = "method-not-allowed"
    status = 405

    def __init__(self, rules: Iterable[str]) -> None:
        self.allowed = sorted(rules)
        super().__init__()


def actor_of(request: HttpRequest) -> Actor:
    """The actor that the middleware put on the request."""
    actor = getattr(request, "actor", ANONYMOUS)
    assert isinstance(actor, Actor)
    return actor
