"""The administrator's desk: which questionnaires there are, their versions, and how new ones come in."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role

from . import selectors, services
from .engine import conversion, rendering, scoring
from .engine.definition import Definition, DefinitionErrors, Json
from .engine.rendering import Page
from .engine.tree import grow
from .errors import QuestionnaireRefused
from .forms import ImportForm
from .models import Questionnaire, QuestionnaireVersion

DESK = frozenset({Role.ADMIN, Role.RECORDS})


@dataclass
class Candidate:
    """One questionnaire of a file as it would come in."""

    name: str
    content: Json
    title: str = ""
    pages: list[Page] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0


def preview(definition: Definition) -> list[Page]:
    roots = grow(definition, [])
    scoring.settle(definition, roots)
    return rendering.pages(definition, roots)


def candidates(resource: Any, wishes: conversion.Wishes) -> list[Candidate]:
    """Every questionnaire in the file, converted, with its preview or its faults."""
    found: list[Candidate] = []
    try:
        questionnaires = conversion.questionnaires_in(resource)
    except DefinitionErrors as errors:
        return [Candidate("", {}, faults=errors.faults)]
    for raw, value_sets in questionnaires:
        made = Candidate(wishes.name, raw, title=str(raw.get("title") or raw.get("id") or ""))
        try:
            made.content = conversion.to_r4(raw, value_sets, wishes)
            made.name = conversion.slug(str(made.content["name"]))
            definition = Definition.read(made.content)
            made.title, made.pages = definition.title, preview(definition)
            made.count = sum(item.is_question for item in definition.walk())
        except DefinitionErrors as errors:
            made.faults = errors.faults
        found.append(made)
    return found


@rule("forms.questionnaires", DESK)
def questionnaires(request: HttpRequest) -> HttpResponse:
    rows = Questionnaire.objects.prefetch_related("versions").order_by("name")
    return render(request, "forms/desk_list.html", {"questionnaires": rows})


@rule("forms.version", DESK, subject="questionnaire_version")
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """A version as it is asked, whenever that was."""
    row = get_object_or_404(QuestionnaireVersion.objects.select_related("questionnaire"), pk=pk)
    definition = selectors.definition_of_version(row.pk)
    return render(
        request, "forms/desk_version.html", {"version": row, "definition": definition, "pages": preview(definition)}
    )


@rule("forms.import", frozenset({Role.ADMIN}), methods=["GET", "POST"])
def questionnaire_import(request: HttpRequest) -> HttpResponse:
    """Look first (preview and every fault), publish then."""
    form = ImportForm(request.POST or None, request.FILES or None)
    found: list[Candidate] = []
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        wishes = conversion.Wishes(
            name=given["name"], title=given["title"], weights_from_codes=given["weights_from_codes"],
            sum_into=given["sum_into"],
        )  # fmt: skip
        found = candidates(given["resource"], wishes)
        if request.POST.get("action") == "publish" and not any(c.faults for c in found):
            return _publish(request, found, given["note"])
        form = ImportForm(initial={**given, "file": None})
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "forms/desk_import.html", {"form": form, "candidates": found}, status=status)


def _publish(request: HttpRequest, found: list[Candidate], note: str) -> HttpResponse:
    for candidate in found:
        try:
            made = services.questionnaire_publish(
                actor=actor_of(request), name=candidate.name, content=candidate.content, note=note, at=clock.now()
            )
        except QuestionnaireRefused as problem:
            messages.error(request, f"{candidate.name}: {problem.reason}")
        else:
            text = _("Published: %(title)s, version %(n)d") % {"title": candidate.title, "n": made.number}
            messages.success(request, text)
    return HttpResponseRedirect(reverse("forms_staff:questionnaires"))
