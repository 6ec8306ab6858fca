"""Proving again who one is before signing (SEC-03): the second factor, unless it was proved a short while ago.

It is asked for on the form that signs, not by a detour over another page, so that nothing typed is lost on the way;
therefore these routes don't declare `sign_in_fresh`, which would send the reader away before the view runs.
"""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from hospital.kit import clock
from hospital.kit.access import actor_of
from hospital.kit.problems import Problem
from hospital.people import sessions
from hospital.people.services import second_factor_prove


class ProveAgain(Problem):
    code = "SEC-03"
    status = 422
    title = _("Please prove again that it is you")
    next_step = _("Enter the six digits of your authenticator, then sign.")


def is_fresh(request: HttpRequest) -> bool:
    return sessions.is_fresh(request, at=clock.now())


def require_fresh(request: HttpRequest) -> None:
    """Pass when identity was proved lately, or by the `code` of this very form.

    Raises ProveAgain without a code; a wrong one is refused and counted by hospital.people.
    """
    if is_fresh(request):
        return
    at, account_id = clock.now(), actor_of(request).account_id
    code = request.POST.get("code", "").strip()
    if not code or account_id is None:
        raise ProveAgain(fields={"code": ProveAgain.next_step})
    second_factor_prove(actor=actor_of(request), account_id=account_id, token=code, at=at)
    sessions.refresh(request, at=at)
