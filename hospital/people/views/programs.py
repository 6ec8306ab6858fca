"""Keys of other programs: made once, shown once, ended at once (SEC-01)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hospital.kit import access, clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import Problem, add_to_form

from .. import services
from ..models import ServiceToken
from ..parameters import TOKEN_DAYS

ADMINS = frozenset({Role.ADMIN})


def scopes() -> list[tuple[str, str]]:
    """The rules that programs may use at all, by name; a key is good for those that it names."""
    return [(name, name) for name in sorted({rule.name for _owner, rule in access.declarations if _offered(rule)})]


def _offered(rule: access.Rule) -> bool:
    return Role.SERVICE in rule.roles and not rule.is_public


class ProgramForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the program"), max_length=60)
    days = forms.IntegerField(label=gettext_lazy("Good for how many days?"), min_value=1, initial=90)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=scopes, widget=forms.CheckboxSelectMultiple
    )

    def clean_days(self) -> int:
        most, days = TOKEN_DAYS.at(clock.now()), int(self.cleaned_data["days"])
        if days > most:
            raise forms.ValidationError(_("At most %(days)d days.") % {"days": most})
        return days


def _page(request: HttpRequest, status: int = 200, **shown: Any) -> HttpResponse:
    rows = ServiceToken.objects.order_by("revoked_at", "name")
    return render(request, "people/programs.html", {"rows": rows, "at": clock.now()} | shown, status=status)


@rule("people.programs", ADMINS, methods=["GET"])
@rule("people.program_create", ADMINS, methods=["POST"], sign_in_fresh=True)
def programs(request: HttpRequest) -> HttpResponse:
    """All programs that come in; POST makes a key, which this answer alone shows."""
    form = ProgramForm(request.POST or None)
    if request.method == "GET":
        return _page(request, form=form)
    if not form.is_valid():
        return _page(request, 422, form=form)
    asked = form.cleaned_data
    try:
        token = services.service_token_create(
            actor=actor_of(request), name=asked["name"], scopes=asked["scopes"], days=asked["days"], at=clock.now()
        )
    except Problem as problem:
        add_to_form(form, problem)
        return _page(request, problem.status, form=form)
    return _page(request, form=ProgramForm(), token=token, name=asked["name"])


@rule("people.program_end", ADMINS, methods=["POST"], subject="people.program")
def program_end(request: HttpRequest, pk: int) -> HttpResponse:
    services.service_token_revoke(actor=actor_of(request), token_id=pk, at=clock.now())
    messages.success(request, _("The key has ended."))
    return redirect("people_staff:programs")
