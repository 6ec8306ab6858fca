"""Accounts of staff: close, open again, forget a lost second factor (SEC-01, SEC-05, G22)."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import Invalid
from hospital.people import services as people

from . import accounts

ADMINS = frozenset({Role.ADMIN})
_VERBS = {"close": people.account_close, "reopen": people.account_reopen, "reset": people.reset_ask}


class ChangeForm(forms.Form):
    change = forms.ChoiceField(choices=[(name, name) for name in _VERBS])
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, min_length=2)


@rule("organisation.accounts", ADMINS)
def staff_accounts(request: HttpRequest) -> HttpResponse:
    """Everybody who works here, and what waits for a second administrator."""
    text = request.GET.get("q", "").strip()[:40]
    page = Paginator(accounts.staff_accounts(text), 30).get_page(request.GET.get("page"))
    shown = {"page": page, "q": text, "resets": accounts.resets_waiting(actor_of(request))}
    return render(request, "organisation/accounts.html", shown)


@rule("organisation.account_change", ADMINS, methods=["POST"], subject="organisation.account", sign_in_fresh=True)
def account_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Close, open again, or ask to forget the second factor of the account; always with a reason."""
    form = ChangeForm(request.POST)
    if not form.is_valid():
        raise Invalid(fields={name: str(errors[0]) for name, errors in form.errors.items()})
    asked = form.cleaned_data
    _VERBS[asked["change"]](actor=actor_of(request), account_id=pk, reason=asked["reason"], at=clock.now())
    done = {
        "close": _("Closed: whoever was signed in is out."),
        "reopen": _("The account is open again."),
        "reset": _("Asked. Another administrator decides."),
    }
    messages.success(request, done[asked["change"]])
    return redirect("organisation_staff:accounts")


@rule("organisation.reset_decide", ADMINS, methods=["POST"], subject="organisation.reset", sign_in_fresh=True)
def reset_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The second pair of eyes."""
    approve = request.POST.get("decision") == "approve"
    people.reset_decide(actor=actor_of(request), reset_id=pk, approve=approve, at=clock.now())
    messages.success(request, _("Done. The next sign-in asks for a new authenticator.") if approve else _("Refused."))
    return redirect("organisation_staff:accounts")
