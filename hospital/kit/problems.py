"""Refusals that a user can meet: a stable code, the reason, the next step (rules G-2).

Each app lists its own in errors.py as subclasses. Pages and API answer from the same object; what the person typed
is kept by the view, never by the problem.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.forms import BaseForm
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class Problem(Exception):
    """A refusal. Subclass it per refusal; raise it from services and policy.

    code: stable, quoted by programs and by people on the phone; starts with the rule id where there is one.
    status: HTTP status of the answer.
    hard: no override exists; a soft one may be overridden with reason, role and second signature.
    audited: a refusal by rule, which leaves an audit line that the rollback doesn't take away (G-2). Not so what
    means nothing more than "type it again" or "later": such lines would bury the others.
    """

    code: ClassVar[str] = "problem"
    status: ClassVar[int] = 409
    title: ClassVar[Text] = _("This can't be done")
    next_step: ClassVar[Text] = _("Please try again, or call the hospital's service desk.")
    hard: ClassVar[bool] = True
    audited: ClassVar[bool] = True

    def __init__(self, *, fields: Mapping[str, Text] | None = None, **context: Any) -> None:
        self.fields = dict(fields or {})
        self.context = context
        self.is_told = False  # its audit line was written
        super().__init__(self.code)

    @property
    def reason(self) -> str:
        """The title with its context filled in: `_("Only %(left)d left")`."""
        return str(self.title) % self.context if self.context else str(self.title)

    def as_dict(self) -> dict[str, Any]:
        """The body of an RFC 9457 answer (application/problem+json)."""
        body: dict[str, Any] = {
            "type": f"about:blank#{self.code}",
            "code": self.code,
            "title": self.reason,
            "status": self.status,
            "next_step": str(self.next_step),
        }
        if self.fields:
            body["errors"] = {name: str(text) for name, text in self.fields.items()}
        return body


class NotFound(Problem):
    """Absent, or none of this person's business: a stranger can't tell which."""

    code = "not-found"
    status = 404
    audited = False
    title = _("We can't find this page")
    next_step = _("Go back to the home page, or sign in with the account that it belongs to.")


class Forbidden(Problem):
    code = "forbidden"
    status = 403
    title = _("You may not do this")
    next_step = _("Ask your department's administrator if you need this right.")


class SignInNeeded(Problem):
    code = "sign-in-needed"
    status = 401
    audited = False
    title = _("Please sign in first")
    next_step = _("Sign in, and you will come back to this page.")


class Invalid(Problem):
    """Input that can't be read; `fields` says which and why."""

    code = "invalid"
    status = 422
    audited = False
    title = _("Please check what you entered")
    next_step = _("Correct the marked fields; the rest is kept.")


class StaleMove(Problem):
    """Someone else moved the same thing first, or it isn't in a state from which this move exists."""

    code = "stale"
    status = 409
    audited = False
    title = _("This has changed in the meantime")
    next_step = _("Reload the page to see its present state.")


class Busy(Problem):
    code = "busy"
    status = 503
    audited = False
    title = _("The hospital's system is very busy")
    next_step = _("Nothing was lost. Please try again in a moment.")


class TooMany(Problem):
    code = "too-many"
    retry_after = 600  # seconds, as the answer says it
    status = 429
    audited = False
    title = _("Too many attempts")
    next_step = _("Please wait a while before you try again.")


def add_to_form(form: BaseForm, problem: Problem) -> None:
    """Show a refusal on the form that caused it, so that nothing typed is lost."""
    for name, text in problem.fields.items():
        form.add_error(name if name in form.fields else None, str(text))
    if not problem.fields:
        form.add_error(None, f"{problem.reason} {problem.next_step}")
