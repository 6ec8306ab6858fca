"""Who opened a record: shown to the patient (H7), and to the auditor over everything (SEC-04)."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from hospital.audit import selectors as trail
from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Role
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from .. import selectors
from ..models import Patient


@rule("people.record_access", SIGNED_IN_PATIENTS, subject="people.own_profile_query")
def record_access(request: HttpRequest) -> HttpResponse:
    """The patient's own view of the audit trail: which staff, when, what, why."""
    actor = actor_of(request)
    links = selectors.family_links_for(actor)
    wanted = request.GET.get("patient", "")
    link = next((link for link in links if not wanted or str(link.patient_id) == wanted), None)
    if link is None and (wanted or not links):
        if wanted:
            raise NotFound
        return render(request, "people/record_access.html", {"links": links})
    assert link is not None
    lines = trail.openings_of(link.patient_id)
    return render(request, "people/record_access.html", {"links": links, "link": link, "lines": lines})


class TrailForm(forms.Form):
    staff = forms.CharField(label=_("Staff number or name"), required=False, max_length=40)
    record_no = forms.CharField(label=_("Medical record number"), required=False, max_length=20)
    action = forms.CharField(label=_("Action begins with"), required=False, max_length=60)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    refused = forms.BooleanField(label=_("Only what was refused"), required=False)


@rule("audit.search", {Role.AUDITOR})
def audit_trail(request: HttpRequest) -> HttpResponse:
    """The auditor's search; each search is a line of the trail itself."""
    form = TrailForm(request.GET or None)
    wanted: dict[str, Any] = {}
    if form.is_valid():
        wanted = {key: value for key, value in form.cleaned_data.items() if value and key != "record_no"}
        if form.cleaned_data["record_no"]:
            found = (
                Patient.objects.filter(record_no=form.cleaned_data["record_no"]).values_list("pk", flat=True).first()
            )
            wanted["patient_id"] = found or -1
    _search_noted(request, form)
    page = Paginator(trail.search(**wanted), 50).get_page(request.GET.get("page"))
    numbers = dict(
        Patient.objects.filter(pk__in={row.patient_id for row in page if row.patient_id}).values_list("pk", "record_no")
    )
    lines = [(line, numbers.get(line.patient_id, "")) for line in trail.lines_of(list(page))]
    return render(request, "audit/trail.html", {"form": form, "page": page, "lines": lines})


@entry
def _note(request: HttpRequest, reason: str) -> None:
    record(actor_of(request), "audit.search", at=clock.now(), reason=reason)


def _search_noted(request: HttpRequest, form: TrailForm) -> None:
    asked = " ".join(f"{key}={value}" for key, value in form.data.items() if value and key != "page")
    _note(request, asked[:500])
