"""Staff pages of hospital.organisation."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import rule
from hospital.kit.actor import STAFF, Role
from hospital.kit.problems import Invalid

from . import selectors
from .forms import ConceptSearchForm


@rule("organisation.concepts", STAFF, subject="organisation.concepts")
def concepts(request: HttpRequest) -> HttpResponse:
    """The options of a concept picker (templates/organisation/concept_picker.html) for what was typed."""
    form = ConceptSearchForm(request.GET)
    if not form.is_valid():
        raise Invalid(fields={name: str(errors[0]) for name, errors in form.errors.items()})
    found = selectors.concept_search(form.cleaned_data["system"], form.cleaned_data["q"], 12)
    return render(request, "organisation/concept_options.html", {"concepts": found, "asked": form.cleaned_data["q"]})


@rule("organisation.parameters", {Role.ADMIN, Role.AUDITOR})
def parameters(request: HttpRequest) -> HttpResponse:
    """Every limit that the rules read: where it comes from, its default and what holds now (G-1)."""
    at = clock.now()
    return render(request, "organisation/parameters.html", {"lines": selectors.parameter_lines(at), "at": at})
