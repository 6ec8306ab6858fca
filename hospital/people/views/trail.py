"""Who opened a record: shown to the patient (H7), and to the auditor over everything (SEC-04)."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from hospital.audit import kinds
from hospital.audit import selectors as trail
from hospital.audit.models import Entry
from hospital.audit.services import record
from hospital.kit import clock, sheets
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Role
from hospital.kit.problems import Invalid, NotFound
from hospital.kit.transactions import entry

from .. import selectors
from ..models import Patient
from ..parameters import EXPORT_ROWS


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


def _actions() -> list[tuple[str, Any]]:
    """Every action by its title, and whole families by their first word."""
    titles = kinds.titles()
    families = sorted({f"{name.partition('.')[0]}." for name in titles if "." in name})
    single = sorted(titles.items(), key=lambda pair: str(pair[1]))
    return [("", "—"), *((name, f"{name}*") for name in families), *single]


class TrailForm(forms.Form):
    record_no = forms.CharField(label=_("Medical record number"), required=False, max_length=20)
    staff = forms.CharField(label=_("Staff number or name"), required=False, max_length=40)
    action = forms.ChoiceField(label=_("Action"), required=False, choices=_actions)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    refused = forms.BooleanField(label=_("Only what was refused"), required=False)

    def found(self) -> QuerySet[Entry]:
        """The lines that are asked for; a record number that nobody has finds none."""
        wanted = {key: value for key, value in self.cleaned_data.items() if value and key in _ASKED}
        if number := self.cleaned_data["record_no"]:
            patient = Patient.objects.filter(record_no=number).values_list("pk", flat=True).first()
            wanted["patient_id"] = patient or -1
        return trail.search(**wanted)


class ExportForm(TrailForm):
    purpose = forms.CharField(label=_("What for?"), min_length=2, max_length=100)


@rule("audit.search", {Role.AUDITOR})
def audit_trail(request: HttpRequest) -> HttpResponse:
    """The auditor's search; each search is a line of the trail itself."""
    form = TrailForm(request.GET or None)
    rows = form.found() if form.is_valid() else trail.search()
    _note(request, "audit.search", _asked(form))
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    shown = {"form": form, "page": page, "lines": list(_numbered(list(page))), "most": EXPORT_ROWS.at(clock.now())}
    return render(request, "audit/trail.html", shown)


@rule("audit.export", {Role.AUDITOR}, methods=["POST"], sign_in_fresh=True)
def audit_export(request: HttpRequest) -> HttpResponse:
    """What was found as a table: with its purpose, its reader and a limit of rows (SEC-09), without live formulas (G17)."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        raise Invalid(fields={name: str(errors[0]) for name, errors in form.errors.items()})
    at, purpose = clock.now(), form.cleaned_data["purpose"]
    most = EXPORT_ROWS.at(at)
    _note(request, "audit.export", f"{purpose}: {_asked(form)}")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-{clock.local(at):%Y%m%d-%H%M%S}.csv"'
    answer.write(sheets.BOM + sheets.line([str(_("Exported")), f"{clock.local(at):%F %T}", str(request.user), purpose]))
    answer.write(sheets.line(map(str, _COLUMNS)))
    for line, number in _numbered(list(form.found()[:most])):
        entry = line.entry
        answer.write(
            sheets.line(
                [f"{clock.local(line.at):%F %T}", line.who, line.roles, line.what, entry.action, entry.subject_type,
                 entry.subject_id, number, line.outcome, line.reason, entry.ip or ""]
            )
        )  # fmt: skip
    return answer


_ASKED = {"staff", "action", "since", "until", "refused"}
_COLUMNS = (
    _("Time"), _("Who"), _("Role"), _("Action"), _("Code"), _("Object"), "id", _("Record"), _("Outcome"), _("Reason"),
    _("Address"),
)  # fmt: skip


def _numbered(rows: list[Entry]) -> Iterator[tuple[trail.Line, str]]:
    """Each line with the record number of its patient, "" where it speaks of none."""
    ids = {row.patient_id for row in rows if row.patient_id}
    numbers: dict[int, str] = dict(Patient.objects.filter(pk__in=ids).values_list("pk", "record_no"))
    for line in trail.lines_of(rows):
        yield line, numbers.get(line.patient_id or 0, "")


def _asked(form: forms.Form) -> str:
    hidden = {"page", "purpose", "csrfmiddlewaretoken"}
    return " ".join(f"{key}={value}" for key, value in form.data.items() if value and key not in hidden)


@entry
def _note(request: HttpRequest, action: str, reason: str) -> None:
    record(actor_of(request), action, at=clock.now(), reason=reason[:500])
